#include "scanner/rates.h"

#include "scanner/options_row.h"
#include "scanner/text_file.h"

#include <string.h>

static const enum option_id options[RATES_N] = {
    [RATE_DNS] = OPT_dns_rate,
    [RATE_CONNECT] = OPT_connect_rate,
    [RATE_CONNECTIONS] = OPT_max_connections,
};

const char *rates_name(enum rate_id id)
{
    return option_row(options[id])->name;
}

static enum rate_id find(const char *name, size_t len)
{
    enum rate_id id = 0;

    while (id < RATES_N && (strlen(rates_name(id)) != len || memcmp(rates_name(id), name, len) != 0))
        id++;
    return id;
}

static int add_line(void *arg, const char *line, size_t len, struct sts_err *err)
{
    struct rates *rates = arg;
    size_t name_len = strcspn(line, " \t=");
    const char *value = line + name_len + strspn(line + name_len, " \t=");
    enum rate_id id = find(line, name_len);
    struct options scratch = {0};

    (void)len;
    if (id == RATES_N)
        return sts_fail(err, STS_EINVAL, "\"%.*s\" is none of %s, %s, %s", name_len < 64 ? (int)name_len : 64,
                        line, rates_name(RATE_DNS), rates_name(RATE_CONNECT), rates_name(RATE_CONNECTIONS));
    if (rates->v[id].given)
        return sts_fail(err, STS_EINVAL, "%s stands there a second time", rates_name(id));
    if (option_set(&scratch, options[id], value, err) != STS_OK)
        return err->code;
    rates->v[id].given = true;
    memcpy(&rates->v[id].value, (const char *)&scratch + option_row(options[id])->offset,
           sizeof(rates->v[id].value));
    return STS_OK;
}

int rates_read(const char *path, struct rates *out, struct sts_err *err)
{
    memset(out, 0, sizeof(*out));
    return text_file_read(path, add_line, out, err);
}
