/* names.c - the names that there are, made from numbers. What they mean: asked.c. */
#include "bench/sim/name_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Shares in thousandths, of all registered names; ASM after the sizes of zones of 2024. */
static const struct {
    const char *name;
    unsigned share;
} TLDS[] = {
    {"com", 450},   {"de", 75},  {"net", 50}, {"org", 45},  {"nl", 35}, {"uk", 35}, {"ru", 30}, {"eu", 25},
    {"fr", 25},     {"it", 20},  {"xyz", 30}, {"info", 20}, {"se", 15}, {"pl", 15}, {"ch", 15}, {"shop", 20},
    {"online", 20}, {"top", 20}, {"us", 15},  {"io", 10},   {"ca", 15}, {"be", 15},
};
#define N_TLDS (sizeof(TLDS) / sizeof(TLDS[0]))

const char *name_tld(const struct world *w, uint64_t i)
{
    unsigned at = (unsigned)(draw(w, DRAW_TLD, i, 0) % 1000), n = 0;

    for (; n < N_TLDS - 1 && at >= TLDS[n].share; n++)
        at -= TLDS[n].share;
    return TLDS[n].name;
}

bool tld_exists(const char *name, size_t len)
{
    for (unsigned n = 0; n < N_TLDS; n++)
        if (strlen(TLDS[n].name) == len && memcmp(TLDS[n].name, name, len) == 0)
            return true;
    return false;
}

void spell(uint64_t x, unsigned n_syllables, char *out)
{
    for (unsigned n = 0; n < n_syllables; n++, x >>= 6) {
        *out++ = CONSONANTS[(x >> 2) & 15];
        *out++ = VOWELS[x & 3];
    }
}

size_t name_of(const struct world *w, uint64_t i, char out[NAME_BYTES])
{
    const char *tld = name_tld(w, i);
    size_t len = strlen(tld);

    spell(permute(w, PERMUTE_NAMES, NAME_BITS, i), NAME_LETTERS / 2, out);
    out[NAME_LETTERS] = '.';
    memcpy(out + NAME_LETTERS + 1, tld, len + 1);
    return NAME_LETTERS + 1 + len;
}

/* The name of an operator, a registrar, a provider: its domain is WORD, a dash, and what it does. */
static void word_of(const struct world *w, uint64_t owner, char out[WORD_LETTERS + 1])
{
    spell(permute(w, PERMUTE_WORDS, WORD_BITS, owner), WORD_LETTERS / 2, out);
    out[WORD_LETTERS] = 0;
}

static size_t print(char out[NAME_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));
static size_t print(char out[NAME_BYTES], const char *format, ...)
{
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(out, NAME_BYTES, format, args); /* 60 bytes at most */
    va_end(args);
    return len < 0 ? 0 : (size_t)len;
}

/* Name i as one label: "tamodikena-com". */
static void as_label(const struct world *w, uint64_t i, char out[NAME_BYTES])
{
    (void)name_of(w, i, out);
    out[NAME_LETTERS] = '-';
}

size_t host_name(const struct world *w, const struct host_id *id, char out[NAME_BYTES])
{
    char owner[NAME_BYTES], word[WORD_LETTERS + 1];

    switch (id->kind) {
    case HOST_NONE: return print(out, "%s", "");
    case HOST_SELF: (void)name_of(w, id->owner, owner); return print(out, "mx%u.%s", id->index, owner);
    case HOST_APEX: return name_of(w, id->owner, out);
    case HOST_FIRST: return print(out, "mx%u." FIRST_DOMAIN, id->index);
    case HOST_CUSTOMER: as_label(w, id->owner, owner); return print(out, "%s." SECOND_DOMAIN, owner);
    case HOST_REGISTRAR:
        word_of(w, id->owner, word);
        return print(out, "mx%u.%s-bundle.net", id->index, word);
    case HOST_OPERATOR: word_of(w, id->owner, word); return print(out, "mx%u.%s-mail.net", id->index, word);
    case HOST_TARGET: (void)name_of(w, id->owner, owner); return print(out, "relay.%s", owner);
    case HOST_LITERAL: return print(out, "192.0.2.%u", 1 + (unsigned)(id->owner % 254)); /* RFC 5737 */
    case HOST_LOCALHOST: return print(out, "localhost");
    }
    return print(out, "%s", "");
}

size_t policy_host_name(const struct world *w, uint64_t i, char out[NAME_BYTES])
{
    char name[NAME_BYTES];

    (void)name_of(w, i, name);
    return print(out, "mta-sts.%s", name);
}

size_t provider_host_name(const struct world *w, uint64_t i, uint32_t provider, char out[NAME_BYTES])
{
    char label[NAME_BYTES], word[WORD_LETTERS + 1];

    as_label(w, i, label);
    word_of(w, provider, word);
    return print(out, "%s.%s-sts.net", label, word);
}

size_t sts_target_name(const struct world *w, uint64_t i, uint32_t provider, uint32_t n, char out[NAME_BYTES])
{
    char label[NAME_BYTES], word[WORD_LETTERS + 1];

    as_label(w, i, label);
    word_of(w, provider, word);
    return n == 0 ? print(out, "%s._mta-sts.%s-sts.net", label, word)
                  : print(out, "%s-%u._mta-sts.%s-sts.net", label, n, word);
}
