#include "analysis/words.h"

#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

void words_outcome(FILE *out, uint64_t oc)
{
    if (oc >= OUTCOME_LIMIT || outcome_class((unsigned)oc) == OCC_none)
        fprintf(out, "outcome %" PRIu64 " (of a later version)", oc);
    else
        fprintf(out, "%s (%s)", outcome_name((unsigned)oc), outcome_text((unsigned)oc));
}

void words_x509(FILE *out, uint64_t code)
{
    fprintf(out, "%" PRIu64 ": %s", code,
            code < INT32_MAX ? X509_verify_cert_error_string((long)code) : "unknown");
}

/* RFC 1035 section 4.1.1, RFC 2136, RFC 6891. */
const char *words_rcode(uint64_t rcode)
{
    static const char *const names[] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                        "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE"};

    return rcode < STS_LEN(names) ? names[rcode] : rcode == 16 ? "BADVERS" : "unknown";
}

/* The reason strings are loaded by OpenSSL at the first use of its SSL library. */
static void put_ssl_reason(FILE *out, unsigned reason)
{
    const char *text;

    OPENSSL_init_ssl(OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
    text = ERR_reason_error_string(ERR_PACK(ERR_LIB_SSL, 0, reason));
    fprintf(out, ": %s", text ? text : "unknown reason");
}

void words_raw(FILE *out, uint64_t src, int64_t raw)
{
    bool in_range = raw >= 0 && raw <= INT32_MAX;

    if (src == SRC_NONE)
        return;
    if (src == SRC_X509 && in_range) {
        fputs("X509_V_ERR ", out);
        words_x509(out, (uint64_t)raw);
        return;
    }
    fprintf(out, "%s %" PRId64, outcome_source_text((unsigned)src), raw);
    if (src == SRC_ERRNO && in_range)
        fprintf(out, ": %s", strerror((int)raw));
    else if (src == SRC_RCODE && in_range)
        fprintf(out, ": %s", words_rcode((uint64_t)raw));
    else if (src == SRC_ALERT && in_range)
        fprintf(out, ": %s", SSL_alert_desc_string_long((int)raw));
    else if (src == SRC_SSL && in_range)
        put_ssl_reason(out, (unsigned)raw & 0xfff);
}
