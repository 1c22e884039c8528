#include "analysis/result_type.h"

const char *result_type_name(enum result_type t)
{
    static const char *const names[RESULT_LIMIT] = {
        [RESULT_NONE] = "",
        [RESULT_STARTTLS_NOT_SUPPORTED] = "starttls-not-supported",
        [RESULT_CERTIFICATE_HOST_MISMATCH] = "certificate-host-mismatch",
        [RESULT_CERTIFICATE_EXPIRED] = "certificate-expired",
        [RESULT_CERTIFICATE_NOT_TRUSTED] = "certificate-not-trusted",
        [RESULT_VALIDATION_FAILURE] = "validation-failure",
        [RESULT_STS_POLICY_FETCH_ERROR] = "sts-policy-fetch-error",
        [RESULT_STS_POLICY_INVALID] = "sts-policy-invalid",
        [RESULT_STS_WEBPKI_INVALID] = "sts-webpki-invalid",
    };

    return (unsigned)t < RESULT_LIMIT ? names[t] : "";
}
