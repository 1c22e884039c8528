#include "analysis/policy_class.h"

#include "analysis/name_class.h"
#include "analysis/outcomes.h"
#include "analysis/text.h"
#include "analysis/txt_record.h"

#include <string.h>

#define FETCH  RESULT_STS_POLICY_FETCH_ERROR
#define WEBPKI RESULT_STS_WEBPKI_INVALID

#define AGE_MOST_S 2147483648 /* RFC 9111 section 1.2.2: what a larger one is taken for */

/* RFC 8460 section 4.3.2.2; it does not say where TLS fails before a certificate is judged. */
static const struct {
    const char *name, *text;
    enum result_type result;
} classes[POL_CLASS_LIMIT] = {
    [POL_NONE] = {"none", "not fetched", RESULT_NONE},
    [POL_OK] = {"ok", "valid policy", RESULT_NONE},
    [POL_INCONCLUSIVE] = {"inconclusive", "could not be learned", RESULT_NONE},
    [POL_DNS] = {"dns", "policy host has no address", FETCH},
    [POL_BOGON] = {"bogon", "policy host has only reserved addresses", FETCH},
    [POL_TCP] = {"tcp", "no connection to the policy host", FETCH},
    [POL_TIMEOUT] = {"timeout", "policy host took too long", FETCH},
    [POL_TLS_ALERT] = {"tls-alert", "TLS: policy host sent an alert", FETCH},
    [POL_TLS_HANDSHAKE] = {"tls-handshake", "TLS: handshake failed", FETCH},
    [POL_TLS_OLD] = {"tls-old", "TLS: below version 1.2", FETCH},
    [POL_TLS_NAME] = {"tls-name", "TLS: certificate is for other names", WEBPKI},
    [POL_TLS_EXPIRED] = {"tls-expired", "TLS: certificate is expired or not yet valid", WEBPKI},
    [POL_TLS_SELF_SIGNED] = {"tls-self-signed", "TLS: certificate is self-signed", WEBPKI},
    [POL_TLS_UNTRUSTED] = {"tls-untrusted", "TLS: no chain to a trusted root", WEBPKI},
    [POL_TLS_WEAK] = {"tls-weak", "TLS: key or signature below 112 bits", WEBPKI},
    [POL_TLS_OTHER] = {"tls-other", "TLS: certificate is wrong otherwise", WEBPKI},
    [POL_HTTP_REDIRECT] = {"http-redirect", "HTTP: redirect, not to be followed", FETCH},
    [POL_HTTP_STATUS] = {"http-status", "HTTP: status other than 200", FETCH},
    [POL_HTTP_SHORT] = {"http-short", "HTTP: body ends early", FETCH},
    [POL_HTTP_PROTOCOL] = {"http-protocol", "HTTP: protocol broken", FETCH},
    [POL_HTTP_ENCODING] = {"http-encoding", "HTTP: encoding that was not asked for", FETCH},
    [POL_SIZE] = {"size", "policy is larger than the limit", FETCH},
    [POL_MEDIA] = {"media", "media type is not text/plain", FETCH},
    [POL_SYNTAX] = {"syntax", "policy breaks the grammar", RESULT_STS_POLICY_INVALID},
};

static struct sts_str trim(struct sts_str s)
{
    while (s.len > 0 && txt_is_blank(s.p[0]))
        s = (struct sts_str){s.p + 1, s.len - 1};
    while (s.len > 0 && (txt_is_blank(s.p[s.len - 1]) || s.p[s.len - 1] == '\r'))
        s.len--;
    return s;
}

/* The next field of this name from `*at` on, which moves behind it. False: there is none. */
static bool next_header(struct sts_str headers, const char *name, uint32_t *at, struct sts_str *value)
{
    while (*at < headers.len) {
        const char *line = headers.p + *at, *lf = memchr(line, '\n', headers.len - *at);
        uint32_t len = lf ? (uint32_t)(lf - line) : headers.len - *at;
        const char *colon = memchr(line, ':', len);

        *at += len + 1;
        if (colon == NULL ||
            !text_equal_nocase((struct sts_str){line, (uint32_t)(colon - line)}, sts_str(name)))
            continue;
        *value = trim((struct sts_str){colon + 1, len - (uint32_t)(colon - line) - 1});
        return true;
    }
    return false;
}

struct sts_str http_header(struct sts_str headers, const char *name)
{
    struct sts_str value = {NULL, 0};
    uint32_t at = 0;

    (void)next_header(headers, name, &at, &value);
    return value;
}

static bool is_number(struct sts_str s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.len > 0;
}

/* RFC 8461 section 3.3: text/plain; parameters are ignored. The type is the same in either case (RFC
 * 9110 8.3.1). */
static bool is_text_plain(struct sts_str type)
{
    const char *semicolon = type.len ? memchr(type.p, ';', type.len) : NULL;

    if (semicolon != NULL)
        type = trim((struct sts_str){type.p, (uint32_t)(semicolon - type.p)});
    return text_equal_nocase(type, sts_str("text/plain"));
}

/* Outcomes before there is a certificate to judge, and our own; POL_OK: no failure of that sort. */
static enum policy_class connect_class(unsigned oc)
{
    switch (oc) {
    case OC_DNS_NXDOMAIN:
    case OC_DNS_NODATA:
    case OC_DNS_NOT_QUERYABLE:
    case OC_NO_ADDRESS: return POL_DNS;
    case OC_ADDRESS_RESERVED: return POL_BOGON;
    case OC_TCP_REFUSED:
    case OC_TCP_TIMEOUT:
    case OC_TCP_RESET:
    case OC_TCP_UNREACHABLE:
    case OC_TCP_OTHER: return POL_TCP;
    case OC_TLS_ALERT: return POL_TLS_ALERT;
    case OC_TLS_PROTOCOL:
    case OC_TLS_NOT_TLS:
    case OC_TLS_CLOSED:
    case OC_TLS_RESET: return POL_TLS_HANDSHAKE;
    case OC_TLS_TIMEOUT: return POL_TIMEOUT;
    case OC_OK:
    case OC_HTTP_REDIRECT:
    case OC_HTTP_STATUS:
    case OC_HTTP_TOO_BIG:
    case OC_HTTP_SHORT:
    case OC_HTTP_TIMEOUT:
    case OC_HTTP_PROTOCOL:
    case OC_HTTP_CLOSED:
    case OC_HTTP_RESET: return POL_OK;
    default: return POL_INCONCLUSIVE;
    }
}

/* Of no address that is known a connection can be had; one that is not known may do. */
static enum policy_class address_class(const struct rec_policy *p)
{
    enum policy_class class_ = connect_class(outcome_byte(p->oc));

    return (class_ == POL_TCP || class_ == POL_BOGON) && (dns_unknown(p->a) || dns_unknown(p->aaaa))
               ? POL_INCONCLUSIVE
               : class_;
}

/* The first that applies: version (RFC 8461 section 7.2, RFC 8996 section 4: a sender gets no further), then
 * name, validity, trust, strength. `faults`: enum chain_fault. */
static enum policy_class tls_class(const struct rec_tls *tls, uint32_t faults, bool match)
{
    if (tls != NULL && tls->version != 0 && tls->version < 0x0303)
        return POL_TLS_OLD;
    if (faults & CHAIN_NOT_IN_SCAN) /* our loss, not the peer's fault */
        return POL_INCONCLUSIVE;
    if (faults & (CHAIN_EMPTY | CHAIN_UNREADABLE))
        return POL_TLS_OTHER;
    if (!match)
        return POL_TLS_NAME;
    if (faults & (CHAIN_EXPIRED | CHAIN_NOT_YET))
        return POL_TLS_EXPIRED;
    if (faults & CHAIN_SELF_SIGNED)
        return POL_TLS_SELF_SIGNED;
    if (faults & (CHAIN_UNTRUSTED | CHAIN_NO_ISSUER))
        return POL_TLS_UNTRUSTED;
    if (faults & ~(uint32_t)CHAIN_WEAK)
        return POL_TLS_OTHER;
    return faults ? POL_TLS_WEAK : POL_OK;
}

/* RFC 9112 section 6.3: without a Transfer-Encoding, lengths that differ or are none leave unknown where the
 * body ends. */
static bool has_bad_length(struct sts_str headers)
{
    struct sts_str first = {NULL, 0}, value;

    if (http_header(headers, "Transfer-Encoding").p != NULL)
        return false;
    for (uint32_t at = 0; next_header(headers, "Content-Length", &at, &value);) {
        while (value.p != NULL) {
            const char *comma = memchr(value.p, ',', value.len);
            struct sts_str one =
                trim((struct sts_str){value.p, comma ? (uint32_t)(comma - value.p) : value.len});

            if (!is_number(one) || (first.p != NULL && !sts_str_equal(first, one)))
                return true;
            first = one;
            value = comma ? (struct sts_str){comma + 1, value.len - (uint32_t)(comma - value.p) - 1}
                          : (struct sts_str){NULL, 0};
        }
    }
    return false;
}

/* How many fields name a content coding; the last of them, which may be a list. RFC 9110 section 8.4:
 * "identity" is none. */
static unsigned content_codings(struct sts_str headers, struct sts_str *coding)
{
    struct sts_str value;
    unsigned n = 0;

    for (uint32_t at = 0; next_header(headers, "Content-Encoding", &at, &value);) {
        if (value.len == 0 || text_equal_nocase(value, sts_str("identity")))
            continue;
        *coding = value;
        n++;
    }
    return n;
}

static enum policy_class http_class(const struct rec_policy *p)
{
    struct sts_str coding;

    if (p->status == 200 && has_bad_length(p->headers))
        return POL_HTTP_PROTOCOL;
    switch (p->oc) {
    case OC_HTTP_REDIRECT: return POL_HTTP_REDIRECT;
    case OC_HTTP_STATUS: return POL_HTTP_STATUS;
    case OC_HTTP_TOO_BIG: return POL_SIZE;
    case OC_HTTP_SHORT: return POL_HTTP_SHORT;
    case OC_HTTP_TIMEOUT: return POL_TIMEOUT;
    case OC_HTTP_PROTOCOL:
    case OC_HTTP_CLOSED: return POL_HTTP_PROTOCOL;
    case OC_HTTP_RESET: return POL_TCP;
    default: break;
    }
    if (p->status != 200) /* RFC 8461 section 3.3: nothing else is a policy */
        return POL_HTTP_STATUS;
    return content_codings(p->headers, &coding) > 0 ? POL_HTTP_ENCODING : POL_OK;
}

/* The text that is read as a policy, and how: `http` is what the stages before it came to. */
static void read_body(struct policy_facts *out, const struct rec_policy *p, enum policy_class http,
                      char *room)
{
    struct sts_str coding;

    out->has_body = http == POL_OK;
    if (out->has_body)
        out->text = p->body;
    else if (http == POL_HTTP_ENCODING && content_codings(p->headers, &coding) == 1)
        out->text = policy_decode(coding, p->body, room);
    out->decoded = !out->has_body && out->text.p != NULL;
    if (out->has_body || out->decoded)
        sts_policy_read(&out->body, out->text);
}

/* What the body is worth, by both readings; `before` and `lenient_before` are what the stages before it came
 * to. */
static void classify_body(struct policy_facts *out, enum policy_class before,
                          enum policy_class lenient_before, bool media)
{
    bool valid = out->body.verdict == VERDICT_VALID, lenient = out->body.lenient.verdict == VERDICT_VALID;

    out->class_ = before != POL_OK ? before : !media ? POL_MEDIA : valid ? POL_OK : POL_SYNTAX;
    out->lenient = lenient_before != POL_OK ? lenient_before : valid || lenient ? POL_OK : POL_SYNTAX;
    out->lenient_mode = lenient ? out->body.lenient.mode : out->body.mode;
    out->lenient_max_age_s = lenient ? out->body.lenient.max_age_s : out->body.max_age_s;
    if (!out->has_body)
        return;
    out->results |= media ? 0 : RESULT_BIT(policy_class_result_type(POL_MEDIA));
    out->results |= valid ? 0 : RESULT_BIT(policy_class_result_type(POL_SYNTAX));
}

/* RFC 9111 section 5.1: of a list the first member counts, and one that is no number is ignored. RFC 8461
 * section 3.3 forbids senders to cache by HTTP; a cache before the policy host changes no verdict, but its
 * copy may be old. */
static uint32_t age_of(struct sts_str headers)
{
    struct sts_str age = http_header(headers, "Age");
    const char *comma = age.len ? memchr(age.p, ',', age.len) : NULL;
    uint64_t s = 0;

    if (comma != NULL)
        age = trim((struct sts_str){age.p, (uint32_t)(comma - age.p)});
    if (!is_number(age))
        return 0;
    for (uint32_t i = 0; i < age.len && s < AGE_MOST_S; i++)
        s = 10 * s + (uint64_t)(age.p[i] - '0');
    return s < AGE_MOST_S ? (uint32_t)s : AGE_MOST_S;
}

void policy_classify(struct policy_facts *out, const struct rec_policy *p, const struct chain_verdict *chain,
                     bool match, char *room)
{
    enum policy_class class_ = address_class(p), lenient = class_, tls, http;

    memset(out, 0, sizeof(*out));
    out->age_s = age_of(p->headers);
    if (class_ == POL_OK) {
        tls = tls_class(p->tls, chain->faults, match);
        lenient = tls_class(p->tls, chain->faults & ~(uint32_t)CHAIN_WEAK, match);
        http = http_class(p);
        out->trusted = tls == POL_OK;
        read_body(out, p, http, room);
        class_ = tls != POL_OK ? tls : http;
        lenient = lenient != POL_OK ? lenient : out->decoded ? POL_OK : http;
        out->results = RESULT_BIT(policy_class_result_type(tls)) | RESULT_BIT(policy_class_result_type(http));
    }
    classify_body(out, class_, lenient, is_text_plain(http_header(p->headers, "Content-Type")));
    out->results |= RESULT_BIT(policy_class_result_type(class_));
    out->results &= ~RESULT_BIT(RESULT_NONE);
}

const char *policy_class_name(enum policy_class class_)
{
    return (unsigned)class_ < POL_CLASS_LIMIT ? classes[class_].name : "none";
}

const char *policy_class_text(enum policy_class class_)
{
    return (unsigned)class_ < POL_CLASS_LIMIT ? classes[class_].text : "";
}

enum result_type policy_class_result_type(enum policy_class class_)
{
    return (unsigned)class_ < POL_CLASS_LIMIT ? classes[class_].result : RESULT_NONE;
}

const char *policy_class_result(enum policy_class class_)
{
    return result_type_name(policy_class_result_type(class_));
}

const char *policy_class_rule(enum policy_class class_)
{
    switch (class_) {
    case POL_TLS_OLD: return "RFC 8461 section 7.2";
    case POL_TLS_WEAK: return "RFC 8461 section 7.2, RFC 9325 section 4.5";
    case POL_SYNTAX: return "RFC 8461 section 3.2";
    default: return "RFC 8461 section 3.3";
    }
}
