/* cmd_names.c - stsim names: the input of a scan. */
#include "bench/sim/commands.h"
#include "bench/sim/names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BUFFER_BYTES (1u << 18)
#define MOST_ENTRY   (4 * NAME_BYTES) /* what is printed of one name */

static size_t put(char *to, const char *text, size_t len)
{
    memcpy(to, text, len);
    return len;
}

static size_t put_number(char *to, uint64_t n)
{
    char digits[20];
    size_t len = 0;

    do
        digits[sizeof(digits) - ++len] = (char)('0' + n % 10);
    while ((n /= 10) > 0);
    return put(to, digits + sizeof(digits) - len, len);
}

/* A delegation, as zones of TLDs have it (RFC 1035 section 5.1). */
static size_t put_delegation(char *to, const char *name, size_t len)
{
    static const char NS[][48] = {". 86400 IN NS ns1.name-host.net.\n", ". 86400 IN NS ns2.name-host.net.\n"};
    size_t at = 0;

    for (unsigned n = 0; n < 2; n++) {
        at += put(to + at, name, len);
        at += put(to + at, NS[n], strlen(NS[n]));
    }
    return at;
}

static size_t put_entry(const struct options *o, uint64_t i, char *to)
{
    char name[NAME_BYTES];
    size_t at = 0, len = name_of(&o->world, i, name);

    if (o->format == NAMES_ZONE)
        return put_delegation(to, name, len);
    if (o->format == NAMES_RANKED) {
        at = put_number(to, i + 1);
        to[at++] = ',';
    }
    at += put(to + at, name, len);
    to[at++] = '\n';
    return at;
}

int cmd_names(const struct options *o)
{
    static const char HEAD[] =
        ". 86400 IN SOA ns1.name-host.net. hostmaster.name-host.net. 1 1800 900 604800 86400\n";
    const uint64_t n_names = o->world.n_names;
    uint64_t end = o->count == 0 || o->first + o->count > n_names ? n_names : o->first + o->count;
    char buffer[BUFFER_BYTES];
    size_t len = o->format == NAMES_ZONE ? put(buffer, HEAD, strlen(HEAD)) : 0;
    bool good = true;

    for (uint64_t i = o->first; i < end && good; i++) {
        len += put_entry(o, i, buffer + len);
        if (len > BUFFER_BYTES - MOST_ENTRY) {
            good = fwrite(buffer, 1, len, stdout) == len;
            len = 0;
        }
    }
    good = good && fwrite(buffer, 1, len, stdout) == len && fflush(stdout) == 0;
    if (!good)
        fprintf(stderr, "stsim: standard output: %s\n", strerror(errno));
    return good ? 0 : 1;
}
