/* result_type.h - what a TLS report says of a failure, RFC 8460 section 4.3. Pure. Thread: any; no state. */
#ifndef STS_RESULT_TYPE_H
#define STS_RESULT_TYPE_H

enum result_type {
    RESULT_NONE,
    RESULT_STARTTLS_NOT_SUPPORTED,
    RESULT_CERTIFICATE_HOST_MISMATCH,
    RESULT_CERTIFICATE_EXPIRED,
    RESULT_CERTIFICATE_NOT_TRUSTED,
    RESULT_VALIDATION_FAILURE,
    RESULT_STS_POLICY_FETCH_ERROR,
    RESULT_STS_POLICY_INVALID,
    RESULT_STS_WEBPKI_INVALID,
    RESULT_LIMIT
};
#define RESULT_BIT(type) (1u << (type))

const char *result_type_name(enum result_type t); /* as RFC 8460 spells it; "" for RESULT_NONE */
#endif
