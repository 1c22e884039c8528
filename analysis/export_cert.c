/* export_cert.c - the table of certificates. */
#include "analysis/export.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <time.h>

int export_cite(struct exporter *e, const struct rec_tls *tls, struct sts_err *err)
{
    for (uint32_t i = 0; tls != NULL && i < tls->chain.n; i++) {
        struct export_citation *c = table_put(&e->cited, key_of(tls->chain.v[i].p, tls->chain.v[i].len));

        if (c == NULL)
            return sts_fail(err, STS_ENOMEM, "out of memory");
        c->n_leaf += i == 0;
        c->n_sent++;
    }
    return STS_OK;
}

/* RFC 2253 escapes, in the order of the certificate. */
static void put_name(struct row *row, enum export_column c, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    long len;

    if (bio == NULL)
        row->no_memory = true;
    else if (X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~XN_FLAG_DN_REV) >= 0 &&
             (len = BIO_get_mem_data(bio, &text)) >= 0)
        row_text(row, c, row_copy(row, text, (size_t)len));
    BIO_free(bio);
}

static void put_san(struct row *row, const X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    struct sts_strs list = row_items(row, names ? (uint32_t)sk_GENERAL_NAME_num(names) : 0);

    for (int i = 0; list.v != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        int type;
        const ASN1_STRING *s = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, i), &type);

        if (type == GEN_DNS)
            list.v[list.n++] = row_copy(row, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
    }
    row_list(row, COL_certs_names, list);
    GENERAL_NAMES_free(names);
}

static void put_validity(struct row *row, enum export_column c, const ASN1_TIME *t)
{
    char text[64];
    struct tm tm;
    size_t n;

    if (ASN1_TIME_to_tm(t, &tm) && (n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm)) > 0)
        row_text(row, c, row_copy(row, text, n));
}

static void put_key(struct row *row, const X509 *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    const char *signature = OBJ_nid2ln(X509_get_signature_nid(cert));

    if (key != NULL) {
        row_text(row, COL_certs_key_type, type ? row_printf(row, "%s", type) : sts_str("unknown"));
        row_uint(row, COL_certs_key_bits, (uint64_t)EVP_PKEY_get_bits(key));
    }
    row_word(row, COL_certs_signature, signature ? signature : "unknown");
}

static void put_cert(struct row *row, X509 *cert)
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

    put_name(row, COL_certs_subject, X509_get_subject_name(cert));
    put_name(row, COL_certs_issuer, X509_get_issuer_name(cert));
    put_san(row, cert);
    put_validity(row, COL_certs_not_before, X509_get0_notBefore(cert));
    put_validity(row, COL_certs_not_after, X509_get0_notAfter(cert));
    put_key(row, cert);
    row_hex(
        row, COL_certs_serial,
        (struct sts_str){(const char *)ASN1_STRING_get0_data(serial), (uint32_t)ASN1_STRING_length(serial)});
    row_bool(row, COL_certs_is_ca, X509_check_ca(cert) > 0);
}

int export_cert(struct exporter *e, const struct rec_cert *c, struct sts_err *err)
{
    const unsigned char *p = (const unsigned char *)c->der.p;
    const struct export_citation *cited = table_find(&e->cited, key_of(c->digest.p, c->digest.len));
    X509 *cert = c->der.len > 0 ? d2i_X509(NULL, &p, c->der.len) : NULL;
    struct row *row = &e->row;

    (void)err;
    row_begin(row, TABLE_certs);
    row_hex(row, COL_certs_sha256, c->digest);
    row_bool(row, COL_certs_trusted, c->trusted);
    row_uint(row, COL_certs_n_leaf, cited ? cited->n_leaf : 0);
    row_uint(row, COL_certs_n_sent, cited ? cited->n_sent : 0);
    if (cert != NULL)
        put_cert(row, cert);
    X509_free(cert);
    return STS_OK;
}
