/* The values of options: one function a kind. */
#include "scanner/name.h"
#include "scanner/options_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_TEXT_BYTES  32
#define CONTACT_MOST_BYTES 256

/* A suffix and what it multiplies by; the largest first. */
struct unit {
    const char *suffix;
    uint64_t factor;
};
static const struct unit time_units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit size_units[] = {
    {"G", UINT64_C(1) << 30}, {"M", UINT64_C(1) << 20}, {"K", UINT64_C(1) << 10}, {"", 1}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* What a kind of number is called in a message, and its units; `plain` is the factor of a bare number. */
struct number_kind {
    const char *what;
    const struct unit *units;
    uint64_t plain;
};
static const struct number_kind counts = {"number", no_units, 1};
static const struct number_kind durations = {"duration, such as 500ms, 5s, 2m, 1h", time_units, 1000};
static const struct number_kind sizes = {"size, such as 64K, 500M, 1G", size_units, 1};

/* In the largest unit that leaves no fraction. */
static const char *format_number(const struct number_kind *kind, uint64_t n, char out[NUMBER_TEXT_BYTES])
{
    const struct unit *unit = kind->units;

    if (n == 0 || n == UINT64_MAX)
        unit = no_units;
    while (n % unit->factor != 0)
        unit++;
    snprintf(out, NUMBER_TEXT_BYTES, "%" PRIu64 "%s", n / unit->factor, unit->suffix);
    return out;
}

/* Digits and a suffix. `*big`: it is a number, but larger than 64 bits hold. */
static bool read_number(const struct number_kind *kind, const char *text, size_t len, uint64_t *out,
                        bool *big)
{
    uint64_t n = 0, factor = kind->plain;
    const struct unit *unit;
    size_t i;

    *big = false;
    for (i = 0; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
        unsigned digit = (unsigned)(text[i] - '0');

        *big |= n > (UINT64_MAX - digit) / 10;
        n = n * 10 + digit;
    }
    if (i == 0)
        return false;
    for (unit = kind->units; i < len && unit->suffix != NULL; unit++) {
        if (strlen(unit->suffix) == len - i && memcmp(unit->suffix, text + i, len - i) == 0) {
            factor = unit->factor;
            i = len;
        }
    }
    *big |= n > UINT64_MAX / factor;
    *out = n * factor;
    return i == len;
}

static int set_number(const struct number_kind *kind, const struct option_row *row, const char *text,
                      size_t len, uint64_t *out, struct sts_err *err)
{
    char least[NUMBER_TEXT_BYTES], most[NUMBER_TEXT_BYTES];
    int shown = len < 64 ? (int)len : 64;
    bool big;

    format_number(kind, row->least, least);
    format_number(kind, row->most, most);
    if (!read_number(kind, text, len, out, &big))
        return sts_fail(err, STS_EINVAL, "--%s: \"%.*s\" is no %s (%s to %s)", row->name, shown, text,
                        kind->what, least, most);
    if (big || *out < row->least || *out > row->most)
        return sts_fail(err, STS_EINVAL, "--%s: %.*s is out of range (%s to %s)", row->name, shown, text,
                        least, most);
    return STS_OK;
}

static int set_flag(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    (void)row, (void)text, (void)err;
    *(bool *)value = true;
    return STS_OK;
}

static int set_count(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    return set_number(&counts, row, text, strlen(text), value, err);
}

static int set_duration(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    return set_number(&durations, row, text, strlen(text), value, err);
}

static int set_size(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    return set_number(&sizes, row, text, strlen(text), value, err);
}

/* The index of the word text[0..len) in a list of words with `mark` between them; -1: none of them. */
static int word_index(const char *words, char mark, const char *text, size_t len)
{
    int index;

    for (index = 0; words != NULL; index++) {
        const char *end = strchr(words, mark);
        size_t word_len = end != NULL ? (size_t)(end - words) : strlen(words);

        if (word_len == len && memcmp(words, text, len) == 0)
            return index;
        words = end != NULL ? end + 1 : NULL;
    }
    return -1;
}

static int set_choice(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    int index = word_index(row->arg, '|', text, strlen(text));

    if (index < 0)
        return sts_fail(err, STS_EINVAL, "--%s: \"%.64s\" is none of %s", row->name, text, row->arg);
    *(unsigned *)value = (unsigned)index;
    return STS_OK;
}

static int set_text(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    if (text[0] == '\0')
        return sts_fail(err, STS_EINVAL, "--%s: its value is empty (%s)", row->name, row->arg);
    *(const char **)value = text;
    return STS_OK;
}

static int set_name(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    char normal[NAME_BUF_BYTES];
    struct result why;
    size_t len;

    if (name_normalise(text, strlen(text), normal, &len, &why) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (why.oc != OC_OK)
        return sts_fail(err, STS_EINVAL, "--%s: \"%.64s\": %s", row->name, text, outcome_text(why.oc));
    if (strcasecmp(text, normal) != 0) /* it goes onto the wire as it is given */
        return sts_fail(err, STS_EINVAL, "--%s: \"%.64s\" is to be written %s", row->name, text, normal);
    *(const char **)value = text;
    return STS_OK;
}

static bool starts_with(const char *text, const char *start)
{
    size_t len = strlen(start);

    return strncasecmp(text, start, len) == 0 && text[len] != '\0';
}

/* It goes into a comment of the User-Agent field (RFC 9110 sections 5.6.5 and 10.1.5). */
static int set_contact(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    const char *at = strchr(text, '@'), *p;

    for (p = text; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr("()<>\"\\", *p) != NULL || p - text >= CONTACT_MOST_BYTES)
            return sts_fail(
                err, STS_EINVAL,
                "--%s: \"%.64s\" has blanks or characters that a URL or mail address has not, or is too long",
                row->name, text);
    }
    if (!starts_with(text, "https://") && !starts_with(text, "http://") && !starts_with(text, "mailto:") &&
        (at == NULL || at == text || at[1] == '\0'))
        return sts_fail(err, STS_EINVAL, "--%s: \"%.64s\" is neither a URL (https://...) nor a mail address",
                        row->name, text);
    *(const char **)value = text;
    return STS_OK;
}

/* Put the option's name before what a list had to say. */
static int with_name(const struct option_row *row, const struct sts_err *inner, struct sts_err *err)
{
    return inner->code == STS_OK ? STS_OK : sts_fail(err, inner->code, "--%s: %s", row->name, inner->msg);
}

static int set_servers(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    struct sts_err inner = {0};
    int rc = servers_parse(value, text, &inner);

    return rc == STS_OK ? STS_OK : with_name(row, &inner, err);
}

static int set_prefixes(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    struct sts_err inner = {0};
    int rc = prefix_set_add_list(value, text, &inner);

    prefix_set_build(value);
    return rc == STS_OK ? STS_OK : with_name(row, &inner, err);
}

static int set_blocklist(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    struct sts_err inner = {0};
    int rc = blocklist_read(text, value, &inner);

    return rc == STS_OK ? STS_OK : with_name(row, &inner, err);
}

/* The next item of a list with commas; NULL behind the last. */
static const char *next_item(const char **list, size_t *len)
{
    const char *item = *list;

    if (item == NULL)
        return NULL;
    *len = strcspn(item, ",");
    *list = item[*len] == ',' ? item + *len + 1 : NULL;
    return item;
}

static int set_durations(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    struct option_durations *list = value;
    const char *item;
    size_t len;

    list->n = 0;
    while ((item = next_item(&text, &len)) != NULL) {
        if (list->n == OPTIONS_MOST_DURATIONS)
            return sts_fail(err, STS_EINVAL, "--%s: more than %d durations", row->name,
                            OPTIONS_MOST_DURATIONS);
        if (set_number(&durations, row, item, len, &list->ms[list->n], err) != STS_OK)
            return err->code;
        list->n++;
    }
    return STS_OK;
}

static int set_records(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    const char *item;
    unsigned set = 0;
    size_t len;

    while ((item = next_item(&text, &len)) != NULL) {
        int index = word_index(row->preset, ',', item, len);

        if (index < 0)
            return sts_fail(err, STS_EINVAL, "--%s: \"%.*s\" is none of %s", row->name,
                            len < 64 ? (int)len : 64, item, row->preset);
        set |= 1U << index;
    }
    *(unsigned *)value = set;
    return STS_OK;
}

static int set_sources(const struct option_row *row, void *value, const char *text, struct sts_err *err)
{
    struct option_sources *sources = value;
    const char *item;
    size_t len;

    *sources = (struct option_sources){0};
    while ((item = next_item(&text, &len)) != NULL) {
        struct address address;
        bool v4, *has;

        if (address_parse_part(item, len, &address) != STS_OK)
            return sts_fail(err, STS_EINVAL, "--%s: \"%.*s\" is no IP address", row->name,
                            len < 64 ? (int)len : 64, item);
        v4 = address_is_v4(&address);
        has = v4 ? &sources->has_v4 : &sources->has_v6;
        if (*has)
            return sts_fail(err, STS_EINVAL, "--%s: two addresses of the same family", row->name);
        *has = true;
        *(v4 ? &sources->v4 : &sources->v6) = address;
    }
    return STS_OK;
}

int option_set(struct options *o, enum option_id id, const char *text, struct sts_err *err)
{
    static int (*const set[KINDS_N])(const struct option_row *row, void *value, const char *text,
                                     struct sts_err *err) = {
        [KIND_FLAG] = set_flag,           [KIND_COUNT] = set_count,       [KIND_SEED] = set_count,
        [KIND_DURATION] = set_duration,   [KIND_SIZE] = set_size,         [KIND_CHOICE] = set_choice,
        [KIND_TEXT] = set_text,           [KIND_NAME] = set_name,         [KIND_CONTACT] = set_contact,
        [KIND_SERVERS] = set_servers,     [KIND_PREFIXES] = set_prefixes, [KIND_BLOCKLIST] = set_blocklist,
        [KIND_DURATIONS] = set_durations, [KIND_RECORDS] = set_records,   [KIND_SOURCES] = set_sources,
    };
    const struct option_row *row = option_row(id);

    o->text[id] = text != NULL ? text : "yes";
    return set[row->kind](row, (char *)o + row->offset, text, err);
}
