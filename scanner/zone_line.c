#include "scanner/zone_line.h"

#include <string.h>

#define MOST_DEPTH 64
#define SOA_WORDS  9 /* owner, type, and seven of data (RFC 1035 section 3.3.13) */

/* What ends a word. */
enum { WORD = 0, BLANK, SPECIAL, ESCAPE };
static const uint8_t byte_class[256] = {
    [' '] = BLANK,   ['\t'] = BLANK,  ['\r'] = BLANK,  [';'] = SPECIAL,
    ['('] = SPECIAL, [')'] = SPECIAL, ['"'] = SPECIAL, ['\\'] = ESCAPE,
};

/* A line being read. */
struct cursor {
    struct zone *z;
    const char *p;
    size_t len, at;
};

static enum zone_found bad(struct zone *z, const char *why)
{
    z->why = why;
    return ZONE_BAD;
}

/* `word` is in lower case. (strncasecmp() looks into the locale, and this is asked three times a line.) */
static inline bool is_word(struct sts_str s, const char *word)
{
    uint32_t i;

    if (s.len != strlen(word))
        return false;
    for (i = 0; i < s.len; i++) {
        if (zone_lower(s.p[i]) != word[i])
            return false;
    }
    return true;
}

/* ---- words ---- */

/* The word at the cursor, empty if none is there. */
static struct sts_str take_word(struct cursor *c)
{
    size_t from = c->at;

    while (c->at < c->len) {
        uint8_t class = byte_class[(uint8_t)c->p[c->at]];

        if (class == BLANK || class == SPECIAL)
            break;
        c->at += class == ESCAPE && c->at + 1 < c->len ? 2 : 1;
    }
    return (struct sts_str){c->p + from, (uint32_t)(c->at - from)};
}

static void skip_blanks(struct cursor *c)
{
    while (c->at < c->len && byte_class[(uint8_t)c->p[c->at]] == BLANK)
        c->at++;
}

static bool open_parenthesis(struct zone *z)
{
    if (z->depth == 0)
        z->record_bytes = 0;
    z->depth++;
    z->why = "too many parentheses in each other";
    return z->depth <= MOST_DEPTH;
}

static bool close_parenthesis(struct zone *z)
{
    z->why = "a closing parenthesis that was not opened";
    if (z->depth == 0)
        return false;
    z->depth--;
    return true;
}

/* One word, or quotes with what is in them; they do not go on in the next line. False: z->why. */
static bool skip_datum(struct cursor *c)
{
    if (c->p[c->at] != '"') {
        take_word(c);
        return true;
    }
    for (c->at++; c->at < c->len; c->at++) {
        if (c->p[c->at] == '"') {
            c->at++;
            return true;
        }
        c->at += c->p[c->at] == '\\';
    }
    c->z->why = "quotes that are not closed in their line";
    return false;
}

/* To the next word, over blanks and parentheses. The line is over: at == len. False: z->why. */
static bool next_word(struct cursor *c)
{
    for (;; c->at++) {
        skip_blanks(c);
        if (c->at == c->len)
            return true;
        switch (c->p[c->at]) {
        case ';': c->at = c->len; return true;
        case '(':
            if (!open_parenthesis(c->z))
                return false;
            break;
        case ')':
            if (!close_parenthesis(c->z))
                return false;
            break;
        default: return true;
        }
    }
}

/* The data of a record: only what decides where it ends. */
static bool skip_data(struct cursor *c)
{
    const char *p = c->p + c->at;
    size_t left = c->len - c->at;

    if (memchr(p, '(', left) == NULL && memchr(p, ')', left) == NULL && memchr(p, '"', left) == NULL)
        return true;
    while (next_word(c) && c->at < c->len) {
        if (!skip_datum(c))
            return false;
    }
    return c->at == c->len;
}

/* ---- records ---- */

/* "$ORIGIN name", "$TTL n"; the others would bring in names that are not in this file's lines. */
static enum zone_found directive(struct cursor *c)
{
    struct sts_str what = take_word(c), word;
    struct zone *z = c->z;
    struct zone_name name;

    if (is_word(what, "$ttl")) /* RFC 2308 section 4 */
        return ZONE_NOTHING;
    if (!is_word(what, "$origin"))
        return bad(z, is_word(what, "$include")
                          ? "$INCLUDE is not followed; give the files it names one behind the other"
                          : "a line with $ that is neither $ORIGIN nor $TTL");
    skip_blanks(c);
    word = take_word(c);
    if (word.len == 0)
        return bad(z, "$ORIGIN without a name");
    if (!zone_name_read(&name, word, &z->origin, &z->why))
        return ZONE_BAD;
    if (!name.known)
        return bad(z, "$ORIGIN with a relative name, and no origin before it (--origin NAME gives one)");
    zone_name_copy(&z->origin, &name);
    z->origin_stated = true;
    z->word_len = 0;
    return ZONE_NOTHING;
}

static bool is_ttl(struct sts_str word)
{
    uint32_t i;

    for (i = 0; i < word.len; i++) { /* units as BIND has them: 1h30m */
        if (!zone_is_digit(word.p[i]) && (i == 0 || memchr("smhdw", zone_lower(word.p[i]), 5) == NULL))
            return false;
    }
    return true;
}

static bool is_internet(struct sts_str word)
{
    return is_word(word, "in") || is_word(word, "class1"); /* RFC 3597 section 5 */
}

static bool is_class(struct sts_str word)
{
    return is_internet(word) || is_word(word, "ch") || is_word(word, "hs") || is_word(word, "cs") ||
           (word.len > 5 && is_word((struct sts_str){word.p, 5}, "class"));
}

static bool is_type(struct sts_str word)
{
    uint32_t i;

    for (i = 0; i < word.len; i++) {
        if (!zone_is_plain((uint8_t)word.p[i]))
            return false;
    }
    return word.len > 0 && !zone_is_digit(word.p[0]);
}

/* TTL and class in either order, each or both absent, then the type, which is empty where the line ends
 * before it. False: z->why. */
static bool find_type(struct cursor *c, struct sts_str *type)
{
    struct zone *z = c->z;

    *type = (struct sts_str){NULL, 0};
    while (next_word(c)) {
        struct sts_str word = take_word(c);

        if (word.len == 0 && c->at == c->len)
            return true;
        if (!z->ttl_known && word.len > 0 && zone_is_digit(word.p[0])) {
            z->ttl_known = true;
            if (is_ttl(word))
                continue;
        } else if (!z->class_known && is_class(word)) {
            z->class_known = true;
            z->class_in = is_internet(word);
            continue;
        }
        *type = word;
        z->type_known = is_type(word);
        z->why = "no record type where one should be";
        return z->type_known;
    }
    return false;
}

static enum zone_found owner_missing(struct zone *z)
{
    return bad(z,
               z->owner_relative
                   ? "a relative name, and no origin for it: there is no $ORIGIN and no SOA record with an "
                     "absolute name before it; give it with --origin NAME"
                   : "a record without an owner name, and none before it to take over");
}

static enum zone_found on_soa(struct zone *z)
{
    if (!z->owner.known)
        return owner_missing(z);
    z->soa = true;
    zone_name_copy(&z->apex, &z->owner);
    if (!z->origin_stated) {
        zone_name_copy(&z->origin, &z->owner);
        z->word_len = 0;
    }
    return ZONE_NOTHING;
}

static enum zone_found on_ns(struct zone *z)
{
    if (!z->owner.known)
        return owner_missing(z);
    if (!z->apex.known && !z->origin.known)
        return bad(z,
                   "an NS record before the zone's SOA record, so the zone's own name is not known; give it "
                   "with --origin NAME");
    if (!z->apex.known)
        zone_name_copy(&z->apex, &z->origin);
    if (zone_name_same(&z->owner, &z->apex))
        return ZONE_NOTHING;
    if (zone_name_same(&z->owner, &z->last))
        return ZONE_REPEATED;
    zone_name_copy(&z->last, &z->owner);
    return ZONE_DELEGATED;
}

/* From the type on, which may stand in a line behind the owner's. */
static enum zone_found record(struct cursor *c)
{
    struct zone *z = c->z;
    struct sts_str type;
    enum zone_found found = ZONE_NOTHING;

    if (!find_type(c, &type))
        return ZONE_BAD;
    if (!z->type_known)
        return z->depth > 0 ? ZONE_NOTHING : bad(z, "a record without a type");
    if (z->class_in && (is_word(type, "ns") || is_word(type, "type2"))) {
        skip_blanks(c);
        if (z->depth == 0 && (c->at == c->len || c->p[c->at] == ';'))
            return bad(z, "an NS record without a name server");
        found = on_ns(z);
    } else if (z->class_in && (is_word(type, "soa") || is_word(type, "type6"))) {
        found = on_soa(z);
    }
    return found == ZONE_BAD || skip_data(c) ? found : ZONE_BAD;
}

/* Most names have several records, one behind the other. */
static bool is_same_owner(const struct zone *z, struct sts_str word)
{
    return word.len == z->word_len && memcmp(word.p, z->word, word.len) == 0;
}

static bool read_owner(struct zone *z, struct sts_str word)
{
    if (!zone_name_read(&z->owner, word, &z->origin, &z->why))
        return false;
    z->owner_relative = !z->owner.known;
    z->word_len = word.len <= sizeof(z->word) ? word.len : 0;
    memcpy(z->word, word.p, z->word_len);
    return true;
}

/* The owner: what stands at the first column, or the one before. */
static bool begin_record(struct cursor *c)
{
    struct zone *z = c->z;
    struct sts_str word = take_word(c);

    z->type_known = z->ttl_known = z->class_known = false;
    z->class_in = true;
    if (c->at > 0)
        return is_same_owner(z, word) || read_owner(z, word);
    z->why = "a record cannot begin with this character";
    return byte_class[(uint8_t)c->p[0]] == BLANK;
}

/* Nothing but blanks and a comment. */
static bool is_void(const char *line, size_t len)
{
    size_t i = 0;

    while (i < len && byte_class[(uint8_t)line[i]] == BLANK)
        i++;
    return i == len || line[i] == ';';
}

void zone_init(struct zone *z, const char *origin)
{
    memset(z, 0, sizeof(*z));
    if (origin == NULL)
        return;
    z->origin.len = (uint32_t)strnlen(origin, sizeof(z->origin.p));
    for (uint32_t i = 0; i < z->origin.len; i++)
        z->origin.p[i] = zone_lower(origin[i]);
    z->origin.known = z->origin_stated = true;
    zone_name_copy(&z->apex, &z->origin);
}

enum zone_found zone_line(struct zone *z, const char *line, size_t len)
{
    struct cursor c = {.z = z, .p = line, .len = len};

    if (is_void(line, len) && z->depth == 0)
        return ZONE_NOTHING;
    if (z->depth > 0) {
        z->record_bytes += len + 1;
        if (z->record_bytes > ZONE_RECORD_BYTES)
            return bad(z, "a parenthesis is not closed within 1 MiB");
        if (z->type_known)
            return skip_data(&c) ? ZONE_NOTHING : ZONE_BAD;
        return record(&c);
    }
    if (line[0] == '$')
        return directive(&c);
    return begin_record(&c) ? record(&c) : ZONE_BAD;
}

bool zone_line_is_telling(const char *line, size_t len)
{
    struct zone z;
    struct cursor c = {.z = &z, .p = line, .len = len};
    struct sts_str word = take_word(&c);
    unsigned n = 0;

    if (is_word(word, "$origin") || is_word(word, "$ttl") || is_word(word, "$include"))
        return true;
    zone_init(&z, "");
    if (len == 0 || line[0] == '#' || zone_line(&z, line, len) == ZONE_BAD || !z.soa)
        return false;
    zone_init(&z, "");
    for (c.at = 0; next_word(&c) && c.at < c.len && skip_datum(&c); n++)
        continue;
    return z.depth > 0 || n >= SOA_WORDS;
}
