/* fuzz_blocklist.c - any file as a blocklist: it is taken or refused as its lines one by one are, and holds
 * what a look at every line finds. Asked for: each entry, what lies beside, below and above it, and the
 * bytes of the file as names and addresses.
 * Source: scanner/blocklist.c, scanner/prefix.c, scanner/prefix_set.c, scanner/text_file.c. */
#include "scanner/blocklist.h"
#include "scanner/name.h"
#include "scanner/text_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_BYTES   1200
#define MOST_ENTRIES (MOST_BYTES / 2 + 1)
#define MOST_ASKED   512 /* bytes of a name that is asked for */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* The list, kept as it is written. */
struct naive {
    struct prefix prefixes[MOST_ENTRIES];
    char names[MOST_ENTRIES][NAME_BUF_BYTES];
    unsigned n_prefixes, n_names;
};

static void check(bool right)
{
    if (!right)
        abort();
}

static bool has_name(const struct naive *n, const char *name)
{
    for (unsigned i = 0; i < n->n_names; i++) {
        if (strcmp(n->names[i], name) == 0)
            return true;
    }
    return false;
}

static bool bit(const struct address *a, unsigned i)
{
    return a->b[i / 8] >> (7 - i % 8) & 1;
}

static bool covers(const struct prefix *p, const struct address *a)
{
    unsigned i = 0;

    while (i < p->bits && bit(&p->address, i) == bit(a, i))
        i++;
    return i == p->bits && (!address_is_v4(a) || p->bits >= 96);
}

static bool has_address(const struct naive *n, const struct address *a)
{
    struct address v4[ADDRESS_MOST_EMBEDDED];
    unsigned n_v4 = address_embedded_v4(a, v4);

    check(n_v4 <= ADDRESS_MOST_EMBEDDED);
    for (unsigned i = 0; i < n->n_prefixes; i++) {
        if (covers(&n->prefixes[i], a))
            return true;
        for (unsigned k = 0; k < n_v4; k++) {
            if (covers(&n->prefixes[i], &v4[k]))
                return true;
        }
    }
    return false;
}

static bool add_entry(struct naive *n, const char *p, size_t len)
{
    struct sts_err err = {0};
    struct address ignored;
    struct result why;
    size_t name_len, digits;
    char *name = n->names[n->n_names];

    if (memchr(p, '/', len) != NULL || memchr(p, ':', len) != NULL ||
        address_parse_part(p, len, &ignored) == STS_OK)
        return prefix_parse(p, len, &n->prefixes[n->n_prefixes], &err) == STS_OK && ++n->n_prefixes;
    if (name_normalise(p, len, name, &name_len, &why) != STS_OK || why.oc != OC_OK)
        return false;
    for (digits = name_len; digits > 0 && name[digits - 1] >= '0' && name[digits - 1] <= '9'; digits--)
        ;
    if (digits == 0 || name[digits - 1] == '.')
        return false;
    n->n_names += !has_name(n, name);
    return true;
}

static bool add_line(struct naive *n, const char *p, size_t len)
{
    const char *comment = memchr(p, '#', len);

    if (memchr(p, '\0', len) != NULL || len > TEXT_FILE_LINE_BYTES)
        return false;
    len = comment != NULL ? (size_t)(comment - p) : len;
    while (len > 0 && strchr(" \t\r\n", p[len - 1]) != NULL)
        len--;
    while (len > 0 && strchr(" \t\r\n", *p) != NULL) {
        p++;
        len--;
    }
    return len == 0 || add_entry(n, p, len);
}

static bool read_naive(struct naive *n, const char *p, size_t len)
{
    while (len > 0) {
        const char *end = memchr(p, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - p) + 1 : len;

        if (!add_line(n, p, line_len))
            return false;
        p += line_len;
        len -= line_len;
    }
    return true;
}

/* The name or one above it: labels end at dots that are not escaped (RFC 1035 section 5.1). */
static void ask_name(const struct blocklist *b, const struct naive *n, const char *name)
{
    bool found = has_name(n, name);

    for (const char *p = name; *p != '\0' && !found; p++) {
        if (p[0] == '\\' && p[1] != '\0')
            p++;
        else if (p[0] == '.' && p[1] != '\0')
            found = has_name(n, p + 1);
    }
    check(blocklist_has_name(b, name) == found);
}

static void ask_around_name(const struct blocklist *b, const struct naive *n, const char *name)
{
    char asked[MOST_ASKED];
    const char *dot = strchr(name, '.');

    check(blocklist_has_name(b, name));
    ask_name(b, n, dot != NULL ? dot + 1 : "");
    snprintf(asked, sizeof(asked), "a.%s", name);
    check(blocklist_has_name(b, asked));
    snprintf(asked, sizeof(asked), "a\\.%s", name);
    ask_name(b, n, asked);
    snprintf(asked, sizeof(asked), "a%s", name);
    ask_name(b, n, asked);
}

static void ask_address(const struct blocklist *b, const struct naive *n, const struct address *a)
{
    check(blocklist_has_address(b, a) == has_address(n, a));
}

/* Its first address, those that differ in one bit before and behind its end, an IPv4 address within IPv6. */
static void ask_around_prefix(const struct blocklist *b, const struct naive *n, const struct prefix *p)
{
    const unsigned bits[] = {p->bits, p->bits + 1U, p->bits + 7U, p->bits - 1U, 95, 96, 127};
    struct address a = p->address;

    check(blocklist_has_address(b, &a));
    for (unsigned i = 0; i < STS_LEN(bits); i++) {
        if (bits[i] > 127)
            continue;
        a.b[bits[i] / 8] ^= (uint8_t)(0x80 >> bits[i] % 8);
        ask_address(b, n, &a);
        a.b[bits[i] / 8] ^= (uint8_t)(0x80 >> bits[i] % 8);
    }
    memcpy(a.b, (const uint8_t[]){0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0}, 12);
    ask_address(b, n, &a);
}

static void ask(const struct blocklist *b, const struct naive *n, const uint8_t *data, size_t len)
{
    char name[MOST_ASKED] = {0};
    struct address a;

    for (unsigned i = 0; i < n->n_names; i++)
        ask_around_name(b, n, n->names[i]);
    for (unsigned i = 0; i < n->n_prefixes; i++)
        ask_around_prefix(b, n, &n->prefixes[i]);
    for (size_t at = 0; at + 16 <= len && at < MOST_ASKED; at += 16) {
        a = address_from_v6(data + at);
        ask_address(b, n, &a);
        a = address_from_v4(data + at);
        ask_address(b, n, &a);
    }
    memcpy(name, data, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
    ask_name(b, n, name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct naive n;
    int fd = len <= MOST_BYTES ? memfd_create("blocklist", MFD_CLOEXEC) : -1;
    struct blocklist *b = NULL;
    struct sts_err err = {0};
    char path[32];
    bool taken;

    if (fd < 0)
        return 0;
    n.n_prefixes = n.n_names = 0;
    if (write(fd, data, len) != (ssize_t)len)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    taken = blocklist_read(path, &b, &err) == STS_OK;
    check(taken == read_naive(&n, (const char *)data, len));
    check(taken == (err.msg[0] == '\0'));
    if (taken) {
        check(blocklist_n_names(b) == n.n_names && blocklist_n_prefixes(b) <= n.n_prefixes);
        ask(b, &n, data, len);
    }
    blocklist_unref(b);
    close(fd);
    return 0;
}
