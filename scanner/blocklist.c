#include "scanner/blocklist.h"

#include "scanner/keyset.h"
#include "scanner/name.h"
#include "scanner/text_file.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHOWN_BYTES 64

struct blocklist {
    struct prefix_set prefixes;
    struct keyset names; /* hashes: 32 bytes a name, however long */
    uint64_t secret;     /* of the hashes */
    _Atomic uint32_t n_refs;
};

static struct key128 key_of(const struct blocklist *b, const char *name, size_t len)
{
    return key128_of(name, len, b->secret);
}

/* No name ends so (RFC 1123 section 2.1): it is a mistyped address, or a range. */
static bool ends_in_number(const char *name)
{
    const char *last = strrchr(name, '.');

    last = last != NULL ? last + 1 : name;
    return last[strspn(last, "0123456789")] == '\0';
}

static int add_name(struct blocklist *b, const char *text, size_t len, struct sts_err *err)
{
    char name[NAME_BUF_BYTES];
    struct result why;
    size_t name_len;

    if (name_normalise(text, len, name, &name_len, &why) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (why.oc != OC_OK)
        return sts_fail(err, STS_EFORMAT, "\"%.*s\" is no address, prefix or domain name: %s",
                        len < SHOWN_BYTES ? (int)len : SHOWN_BYTES, text, outcome_text(why.oc));
    if (ends_in_number(name))
        return sts_fail(err, STS_EFORMAT,
                        "\"%.*s\" is no address, prefix or domain name: a range of addresses is written as "
                        "prefixes",
                        len < SHOWN_BYTES ? (int)len : SHOWN_BYTES, text);
    if (keyset_add(&b->names, key_of(b, name, name_len)) < 0)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

static int add_prefix(struct blocklist *b, const char *text, size_t len, struct sts_err *err)
{
    struct prefix p;

    if (prefix_parse(text, len, &p, err) != STS_OK)
        return err->code;
    if (prefix_set_add(&b->prefixes, &p) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

/* An address has a colon or is one as it stands, a prefix has a slash; no name has either. */
static int add_line(void *arg, const char *line, size_t len, struct sts_err *err)
{
    struct address a;

    if (line[strcspn(line, "/:")] != '\0' || address_parse_part(line, len, &a) == STS_OK)
        return add_prefix(arg, line, len, err);
    return add_name(arg, line, len, err);
}

int blocklist_read(const char *path, struct blocklist **out, struct sts_err *err)
{
    struct blocklist *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    atomic_init(&b->n_refs, 1);
    prefix_set_init(&b->prefixes);
    if (getrandom(&b->secret, sizeof(b->secret), 0) != sizeof(b->secret))
        (void)sts_fail(err, STS_ESYS, "no random numbers from the system");
    else
        (void)!text_file_read(path, add_line, b, err);
    if (err->code != STS_OK) {
        blocklist_unref(b);
        return err->code;
    }
    prefix_set_build(&b->prefixes);
    *out = b;
    return STS_OK;
}

struct blocklist *blocklist_ref(struct blocklist *b)
{
    if (b != NULL)
        atomic_fetch_add_explicit(&b->n_refs, 1, memory_order_relaxed);
    return b;
}

void blocklist_unref(struct blocklist *b)
{
    if (b == NULL || atomic_fetch_sub_explicit(&b->n_refs, 1, memory_order_acq_rel) > 1)
        return;
    prefix_set_fini(&b->prefixes);
    keyset_fini(&b->names);
    free(b);
}

bool blocklist_has_address(const struct blocklist *b, const struct address *a)
{
    struct address v4[ADDRESS_MOST_EMBEDDED];
    unsigned n;

    if (b == NULL || b->prefixes.n_entries == 0)
        return false;
    if (prefix_set_holds(&b->prefixes, a))
        return true;
    n = address_embedded_v4(a, v4);
    for (unsigned i = 0; i < n; i++) {
        if (prefix_set_holds(&b->prefixes, &v4[i]))
            return true;
    }
    return false;
}

/* Behind the first label and its dot; NULL: it was the last. An escaped dot is none. */
static const char *parent_of(const char *name)
{
    for (; *name != '\0' && *name != '.'; name++) {
        if (name[0] == '\\' && name[1] != '\0')
            name++;
    }
    return *name == '.' && name[1] != '\0' ? name + 1 : NULL;
}

bool blocklist_has_name(const struct blocklist *b, const char *name)
{
    if (b == NULL || b->names.n + b->names.has_zero == 0)
        return false;
    for (; name != NULL; name = parent_of(name)) {
        if (keyset_has(&b->names, key_of(b, name, strlen(name))))
            return true;
    }
    return false;
}

uint64_t blocklist_n_prefixes(const struct blocklist *b)
{
    return b != NULL ? b->prefixes.n_entries : 0;
}

uint64_t blocklist_n_names(const struct blocklist *b)
{
    return b != NULL ? b->names.n + b->names.has_zero : 0;
}
