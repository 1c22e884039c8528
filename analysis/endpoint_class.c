#include "analysis/endpoint_class.h"

#include "analysis/outcomes.h"
#include "analysis/text.h"

#include <string.h>

enum endpoint_group endpoint_group(unsigned oc)
{
    switch (oc) {
    case OC_OK: return EP_DONE;
    case OC_SMTP_NO_STARTTLS:
    case OC_SMTP_HELO_ONLY: return EP_NO_STARTTLS;
    case OC_STARTTLS_4XX:
    case OC_STARTTLS_5XX:
    case OC_STARTTLS_INJECTED:
    case OC_STARTTLS_BAD_REPLY: return EP_STARTTLS_FAILED;
    case OC_TLS_ALERT:
    case OC_TLS_PROTOCOL:
    case OC_TLS_NOT_TLS:
    case OC_TLS_CLOSED:
    case OC_TLS_TIMEOUT:
    case OC_TLS_RESET: return EP_TLS_FAILED;
    case OC_TCP_REFUSED:
    case OC_TCP_TIMEOUT:
    case OC_TCP_RESET:
    case OC_TCP_UNREACHABLE:
    case OC_TCP_OTHER: return EP_UNREACHABLE;
    case OC_SMTP_GREETING_TIMEOUT:
    case OC_SMTP_GREETING_4XX:
    case OC_SMTP_GREETING_5XX:
    case OC_SMTP_CLOSED_EARLY:
    case OC_SMTP_EHLO_4XX:
    case OC_SMTP_EHLO_5XX: return EP_TURNED_AWAY;
    case OC_SMTP_NOT_SMTP:
    case OC_SMTP_TIMEOUT:
    case OC_SMTP_RESET:
    case OC_SMTP_PROTOCOL:
    case OC_SMTP_TOO_MUCH:
    case OC_SMTP_CLOSED: return EP_SMTP_FAILED;
    default: return outcome_class(oc) == OCC_skipped ? EP_SKIPPED : EP_OURS;
    }
}

/* RFC 5321 section 4.1.1.1: a keyword of its own line, in either case, blanks and parameters behind it. */
static bool is_keyword(struct sts_str line, const char *keyword)
{
    uint32_t len = 0;

    while (len < line.len && line.p[len] != ' ' && line.p[len] != '\t' && line.p[len] != '\r')
        len++;
    return text_equal_nocase((struct sts_str){line.p, len}, sts_str(keyword));
}

/* In the answer to the EHLO before TLS; its first line is the greeting. */
static bool offers_starttls(const struct rec_endpoint *e)
{
    for (uint32_t i = 0; i < e->replies.n; i++) {
        const struct rec_reply *reply = &e->replies.v[i];

        if (reply->code != 250 || !sts_str_equal(reply->to, sts_str("EHLO")))
            continue;
        for (uint32_t line = 1; line < reply->lines.n; line++)
            if (is_keyword(reply->lines.v[line], "STARTTLS"))
                return true;
    }
    return false;
}

static enum tls_version version_of(uint64_t wire)
{
    return wire >= 0x0301 && wire <= 0x0304 ? TLSV_1_0 + (enum tls_version)(wire - 0x0301) : TLSV_OTHER;
}

void endpoint_classify(struct endpoint_facts *out, const struct rec_endpoint *e)
{
    enum endpoint_group group = endpoint_group(outcome_byte(e->oc));
    bool began_tls = group == EP_DONE || group == EP_STARTTLS_FAILED || group == EP_TLS_FAILED;

    memset(out, 0, sizeof(*out));
    out->group = group;
    out->reached = began_tls || group == EP_NO_STARTTLS || group == EP_TURNED_AWAY || group == EP_SMTP_FAILED;
    /* The dialog may fail behind the handshake: what was agreed stays evidence. */
    out->handshake = e->tls != NULL && e->tls->cipher.len > 0 && group != EP_TLS_FAILED;
    if (began_tls || out->handshake || offers_starttls(e))
        out->starttls = STARTTLS_OFFERED;
    else if (group == EP_NO_STARTTLS)
        out->starttls = STARTTLS_NOT_OFFERED;
    if (out->handshake)
        out->version = version_of(e->tls->version);
}

const char *tls_version_name(uint64_t version)
{
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};

    return version >= 0x0300 && version <= 0x0304 ? names[version - 0x0300] : NULL;
}
