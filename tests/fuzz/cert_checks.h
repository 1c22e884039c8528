/* cert_checks.h - what holds of a certificate's names and of its text, whatever the certificate. */
#ifndef STS_FUZZ_CERT_CHECKS_H
#define STS_FUZZ_CERT_CHECKS_H
#include "analysis/cert_text.h"
#include "sinks/utf8.h"

#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_LINES 5 /* of a certificate that can be parsed */

static inline void check(bool right)
{
    if (!right)
        abort();
}

/* RFC 8461 section 4.2, RFC 6125 section 6.4, without what is left to the verifier: which wildcards are too
 * wide, and which characters a name may have. `wide`: all of that is allowed; else nothing of it. */
static inline bool dns_id_matches(struct sts_str id, struct sts_str host, bool wide)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const char *dot = memchr(host.p, '.', host.len), *label = host.p;
    struct sts_str rest;

    if (id.len == host.len && strncasecmp(id.p, host.p, id.len) == 0 && memchr(id.p, 0, id.len) == NULL)
        return true;
    if (id.len < 3 || id.p[0] != '*' || id.p[1] != '.' || dot == NULL || dot == host.p)
        return false;
    rest = (struct sts_str){dot, (uint32_t)(host.p + host.len - dot)};
    if (rest.len != id.len - 1 || strncasecmp(id.p + 1, rest.p, rest.len) != 0 || memchr(id.p, 0, id.len))
        return false;
    if (wide)
        return true;
    for (const char *c = label; c < host.p + host.len; c++) {
        if (*c == '.' ? c + 1 == host.p + host.len || c[1] == '.' : *c == '\0' || strchr(plain, *c) == NULL)
            return false;
    }
    return memchr(rest.p + 1, '.', rest.len - 1) != NULL;
}

/* Is `host` one of the names? As match_leaf() of analysis/chain.c. */
static inline bool names_match(const GENERAL_NAMES *names, struct sts_str host, bool wide)
{
    bool any = false;

    host.len -= host.len > 0 && host.p[host.len - 1] == '.';
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const ASN1_STRING *s;

        if (name->type != GEN_DNS)
            continue;
        s = name->d.dNSName;
        any |= dns_id_matches(
            (struct sts_str){(const char *)ASN1_STRING_get0_data(s), (uint32_t)ASN1_STRING_length(s)}, host,
            wide);
    }
    return any && host.len > 0 && host.p[0] != '.' && memchr(host.p, '\0', host.len) == NULL;
}

/* Each thing has a line, whatever it holds, and nothing in it controls a terminal. */
static inline void check_text(struct sts_str der)
{
    char *text = NULL;
    size_t size = 0, n_lines = 0;
    FILE *out = open_memstream(&text, &size);

    check(out != NULL);
    cert_text(out, der, 2);
    cert_subject(out, der);
    fclose(out);
    for (size_t at = 0, n; at < size; at += n) {
        uint32_t code = 0;

        n = utf8_next(text + at, size - at, &code);
        check(n > 0 && (code >= 0x20 || code == '\n') && code != 0x7f);
        n_lines += code == '\n';
    }
    check(n_lines == TEXT_LINES || n_lines == 1);
    free(text);
}
#endif
