#include "analysis/tree.h"

#include "analysis/cert_text.h"
#include "analysis/endpoint_class.h"
#include "analysis/text.h"
#include "analysis/words.h"

#include <inttypes.h>
#include <string.h>

#define LABEL_WIDTH 9
#define STEP        2
#define HEX_MOST    32 /* bytes of a binary value that are printed */

struct any_list { /* every list of maps looks like this */
    const char *v;
    uint32_t n;
};

static void put_map(const struct tree *t, const struct rec_schema *schema, const void *record,
                    unsigned indent);

static void label(const struct tree *t, unsigned indent, const char *key)
{
    fprintf(t->out, "%*s%-*s ", (int)indent, "", LABEL_WIDTH, key);
}

/* Text of a stranger; each line of it behind a bar. */
static void put_lines(const struct tree *t, struct sts_str s, unsigned indent)
{
    while (s.len > 0) {
        const char *lf = memchr(s.p, '\n', s.len);
        uint32_t len = lf ? (uint32_t)(lf - s.p) : s.len, used = lf ? len + 1 : len;

        if (lf != NULL && len > 0 && s.p[len - 1] == '\r')
            len--;
        fprintf(t->out, "%*s| ", (int)indent, "");
        text_put(t->out, (struct sts_str){s.p, len});
        fputc('\n', t->out);
        s = (struct sts_str){s.p + used, s.len - used};
    }
}

static void put_quoted(const struct tree *t, struct sts_str s)
{
    fputc('"', t->out);
    text_put(t->out, s);
    fputc('"', t->out);
}

static void put_attempt(const struct tree *t, const void *record)
{
    const struct rec_attempt *a = record;
    char when[TEXT_TIME_BYTES];

    text_time(when, t->start_ms + a->t_ms);
    fprintf(t->out, "%s, %" PRIu64 " ms: ", when, a->dur_ms);
    words_outcome(t->out, a->oc);
    fputs(a->src != SRC_NONE ? ", " : "", t->out);
    words_raw(t->out, a->src, a->raw);
    if (a->ip.len > 0) {
        fputs(", at ", t->out);
        text_put(t->out, a->ip);
    }
}

static void put_mx(const struct tree *t, const void *record)
{
    const struct rec_mx *mx = record;

    fprintf(t->out, "%" PRIu64 " ", mx->preference);
    text_put(t->out, mx->host);
}

static void put_txt(const struct tree *t, const void *record)
{
    const struct rec_txt *txt = record;

    for (uint32_t i = 0; i < txt->strings.n; i++) {
        fputs(i > 0 ? " " : "", t->out);
        put_quoted(t, txt->strings.v[i]);
    }
}

static void put_tlsa(const struct tree *t, const void *record)
{
    const struct rec_tlsa *tlsa = record;

    fprintf(t->out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " ", tlsa->usage, tlsa->selector, tlsa->matching);
    put_hex(t->out, tlsa->data, HEX_MOST * 2);
}

static void put_ede(const struct tree *t, const void *record)
{
    const struct rec_ede *ede = record;

    fprintf(t->out, "%" PRIu64 " ", ede->code);
    put_quoted(t, ede->text);
}

static void put_verify_error(const struct tree *t, const void *record)
{
    const struct rec_verify_error *error = record;

    words_x509(t->out, error->code);
    fprintf(t->out, " (certificate %" PRIu64 " of the chain)", error->depth);
}

static void put_reply(const struct tree *t, const void *record)
{
    const struct rec_reply *reply = record;

    fprintf(t->out, "%6" PRIu64 " ms  ", reply->ms);
    text_put(t->out, reply->to);
    fprintf(t->out, ": %" PRIu64, reply->code);
    for (uint32_t i = 0; i < reply->lines.n; i++) {
        fputs(i > 0 ? " | " : " ", t->out);
        text_put(t->out, reply->lines.v[i]);
    }
    fputs(reply->cut ? " | (cut)" : "", t->out);
}

static void put_option(const struct tree *t, const void *record)
{
    const struct rec_option *option = record;

    text_put(t->out, option->name);
    fputc('=', t->out);
    text_put(t->out, option->value);
}

/* Maps that are one line each. */
static void (*line_of(const struct rec_schema *of))(const struct tree *, const void *)
{
    static const struct {
        const char *name;
        void (*put)(const struct tree *, const void *);
    } lines[] = {{"attempt", put_attempt}, {"mx", put_mx},        {"txt", put_txt},
                 {"tlsa", put_tlsa},       {"ede", put_ede},      {"verify_error", put_verify_error},
                 {"reply", put_reply},     {"option", put_option}};

    for (size_t i = 0; i < STS_LEN(lines); i++)
        if (strcmp(lines[i].name, of->name) == 0)
            return lines[i].put;
    return NULL;
}

static void put_list(const struct tree *t, const struct rec_field *f, const struct any_list *list,
                     unsigned indent)
{
    void (*put)(const struct tree *, const void *) = line_of(f->of);

    for (uint32_t i = 0; i < list->n; i++) {
        const char *item = list->v + (size_t)i * f->of->size_bytes;

        if (put == NULL) {
            fprintf(t->out, "%*s%s\n", (int)indent, "", f->key);
            put_map(t, f->of, item, indent + STEP);
            continue;
        }
        label(t, indent, i == 0 ? f->key : "");
        put(t, item);
        fputc('\n', t->out);
    }
}

/* Digests and the like; other binary values are text of strangers. */
static bool is_hex(const char *key)
{
    static const char *const keys[] = {"chain", "body_h",    "hello", "in_edge",
                                       "trust", "in_digest", "fp",    "der"};

    for (size_t i = 0; i < STS_LEN(keys); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

/* Size, and how the lines end: a policy may be right or wrong by that. */
static void put_shape(const struct tree *t, struct sts_str s)
{
    uint32_t n_lf = 0, n_crlf = 0;

    for (uint32_t i = 0; i < s.len; i++) {
        n_lf += s.p[i] == '\n';
        n_crlf += s.p[i] == '\n' && i > 0 && s.p[i - 1] == '\r';
    }
    fprintf(t->out, "%" PRIu32 " bytes, lines end with %s%s\n", s.len,
            n_crlf == n_lf ? "CR LF"
            : n_crlf == 0  ? "LF"
                           : "CR LF and LF",
            s.p[s.len - 1] == '\n' ? "" : ", the last with nothing");
}

static void put_bytes(const struct tree *t, const struct rec_field *f, struct sts_str s, unsigned indent)
{
    bool lines = f->type == RF_BIN && !is_hex(f->key) && s.len > 0 && memchr(s.p, '\n', s.len) != NULL;

    label(t, indent, f->key);
    if (lines) {
        put_shape(t, s);
        put_lines(t, s, indent + STEP);
        return;
    }
    if (is_hex(f->key) && f->type != RF_STR)
        put_hex(t->out, s, HEX_MOST);
    else
        text_put(t->out, s);
    fputc('\n', t->out);
}

static void put_strs(const struct tree *t, const struct rec_field *f, const struct sts_strs *strs,
                     unsigned indent)
{
    for (uint32_t i = 0; i < strs->n; i++) {
        struct rec_field one = *f;

        one.type = f->type == RF_STRS ? RF_STR : RF_BIN;
        put_bytes(t, &one, strs->v[i], indent);
    }
}

/* Numbers that are codes; all others as they are. */
static void put_number(const struct tree *t, const struct rec_field *f, uint64_t u, unsigned indent)
{
    label(t, indent, f->key);
    if (strcmp(f->key, "oc") == 0 || strcmp(f->key, "cd_oc") == 0)
        words_outcome(t->out, u);
    else if (strcmp(f->key, "rc") == 0)
        fprintf(t->out, "%" PRIu64 " (%s)", u, words_rcode(u));
    else if (strcmp(f->key, "src") == 0)
        fprintf(t->out, "%" PRIu64 " (%s)", u, outcome_source_text((unsigned)u));
    else if (strcmp(f->key, "ver") == 0)
        fprintf(t->out, "%s (0x%04" PRIx64 ")", tls_version_name(u) ? tls_version_name(u) : "unknown", u);
    else if (f->type == RF_SINT)
        fprintf(t->out, "%" PRId64, (int64_t)u);
    else
        fprintf(t->out, "%" PRIu64, u);
    fputc('\n', t->out);
}

static void put_field(const struct tree *t, const struct rec_field *f, const void *at, unsigned indent)
{
    const struct sts_str *s = at;
    const void *sub;

    switch (f->type) {
    case RF_UINT:
    case RF_SINT:
        if (*(const uint64_t *)at != 0)
            put_number(t, f, *(const uint64_t *)at, indent);
        break;
    case RF_BOOL:
        if (*(const bool *)at) {
            label(t, indent, f->key);
            fputs("yes\n", t->out);
        }
        break;
    case RF_STR:
    case RF_BIN:
        if (s->len > 0)
            put_bytes(t, f, *s, indent);
        break;
    case RF_STRS:
    case RF_BINS: put_strs(t, f, at, indent); break;
    case RF_SUB:
        sub = *(void *const *)at;
        if (sub != NULL) {
            fprintf(t->out, "%*s%s\n", (int)indent, "", f->key);
            put_map(t, f->of, sub, indent + STEP);
        }
        break;
    case RF_LIST: put_list(t, f, at, indent); break;
    }
}

static void put_map(const struct tree *t, const struct rec_schema *schema, const void *record,
                    unsigned indent)
{
    for (uint32_t i = 0; i < schema->n_fields; i++)
        put_field(t, &schema->fields[i], (const char *)record + schema->fields[i].offset, indent);
}

void tree_record(const struct tree *t, enum rec_kind kind, const void *record, unsigned indent)
{
    put_map(t, rec_schema(kind), record, indent);
}
