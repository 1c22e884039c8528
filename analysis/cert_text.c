#include "analysis/cert_text.h"

#include "analysis/text.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <time.h>

void put_hex(FILE *out, struct sts_str bytes, uint32_t most)
{
    for (uint32_t i = 0; i < bytes.len && i < most; i++)
        fprintf(out, "%02x", (uint8_t)bytes.p[i]);
    if (bytes.len > most)
        fputs("...", out);
}

static void put_label(FILE *out, unsigned indent, const char *label)
{
    fprintf(out, "%*s%-11s ", (int)indent, "", label);
}

/* RFC 2253 form; OpenSSL escapes what is not plain, text_put() the rest. */
static void put_name(FILE *out, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio != NULL && X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV) >= 0 &&
        (len = BIO_get_mem_data(bio, &text)) > 0)
        text_put(out, (struct sts_str){text, (uint32_t)len});
    BIO_free(bio);
}

static void put_time(FILE *out, const ASN1_TIME *t)
{
    char text[TEXT_TIME_BYTES];
    struct tm tm;

    if (!ASN1_TIME_to_tm(t, &tm) || strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        fputs("unreadable", out);
    else
        fputs(text, out);
}

static void put_san(FILE *out, const GENERAL_NAME *name)
{
    int type;
    const ASN1_STRING *s = GENERAL_NAME_get0_value(name, &type);

    if (type == GEN_DNS || type == GEN_EMAIL || type == GEN_URI) {
        fputs(type == GEN_DNS ? "DNS:" : type == GEN_EMAIL ? "email:" : "URI:", out);
        text_put(out,
                 (struct sts_str){(const char *)ASN1_STRING_get0_data(s), (uint32_t)ASN1_STRING_length(s)});
    } else if (type == GEN_IPADD) {
        fputs("IP:", out);
        put_hex(out,
                (struct sts_str){(const char *)ASN1_STRING_get0_data(s), (uint32_t)ASN1_STRING_length(s)},
                16);
    } else {
        fputs("another kind of name", out);
    }
}

static void put_sans(FILE *out, const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);

    if (names == NULL)
        fputs("none", out);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        fputs(i > 0 ? ", " : "", out);
        put_san(out, sk_GENERAL_NAME_value(names, i));
    }
    GENERAL_NAMES_free(names);
}

static void put_key(FILE *out, const X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;

    if (key == NULL)
        fputs("unreadable", out);
    else
        fprintf(out, "%s, %d bits", type ? type : "unknown", EVP_PKEY_get_bits(key));
    fprintf(out, "; signed with %s", OBJ_nid2ln(X509_get_signature_nid(cert)));
}

static X509 *parse(struct sts_str der)
{
    const unsigned char *p = (const unsigned char *)der.p;

    return der.len ? d2i_X509(NULL, &p, der.len) : NULL;
}

void cert_subject(FILE *out, struct sts_str der)
{
    X509 *cert = parse(der);

    if (cert == NULL)
        fputs(der.len ? "cannot be parsed" : "not in the scan", out);
    else
        put_name(out, X509_get_subject_name(cert));
    X509_free(cert);
}

void cert_text(FILE *out, struct sts_str der, unsigned indent)
{
    X509 *cert = parse(der);

    if (cert == NULL) {
        fprintf(out, "%*s%s\n", (int)indent, "", der.len ? "cannot be parsed" : "not in the scan");
        return;
    }
    put_label(out, indent, "subject");
    put_name(out, X509_get_subject_name(cert));
    fputc('\n', out);
    put_label(out, indent, "names");
    put_sans(out, cert);
    fputc('\n', out);
    put_label(out, indent, "issuer");
    put_name(out, X509_get_issuer_name(cert));
    fputc('\n', out);
    put_label(out, indent, "valid");
    put_time(out, X509_get0_notBefore(cert));
    fputs(" to ", out);
    put_time(out, X509_get0_notAfter(cert));
    fputc('\n', out);
    put_label(out, indent, "key");
    put_key(out, cert);
    fputc('\n', out);
    X509_free(cert);
}
