#include "analysis/mx_facts.h"

#include "analysis/chain.h"
#include "sinks/outcome.h"

enum mx_tls mx_tls_of(const struct endpoint_facts *seen, unsigned oc)
{
    if (seen->handshake) /* RFC 8461 section 7.2 */
        return seen->version == TLSV_1_0 || seen->version == TLSV_1_1 ? MX_TLS_OLD : MX_TLS_ENCRYPTED;
    if (oc == OC_TCP_REFUSED || oc == OC_ADDRESS_RESERVED)
        return MX_TLS_DOWN;
    if (oc == OC_TLS_TIMEOUT) /* may be otherwise later */
        return MX_TLS_UNKNOWN;
    if (oc == OC_STARTTLS_5XX) /* named, but not supported: RFC 3207 section 4 knows 501 and 454 only */
        return MX_TLS_CLEAR;
    switch (seen->group) {
    case EP_NO_STARTTLS: return MX_TLS_CLEAR;
    case EP_STARTTLS_FAILED:
    case EP_TLS_FAILED: return MX_TLS_FAILED;
    default: return MX_TLS_UNKNOWN;
    }
}

/* RFC 8460 sections 4.3.1 and 4.3.3; a certificate that is not yet valid has no type of its own, and goes
 * with the expired ones, nor has one that is weak: certificate-not-trusted "covers multiple
 * certificate-related failures". */
static enum result_type cert_fault(uint32_t faults, bool match)
{
    if (faults & CHAIN_EMPTY)
        return RESULT_VALIDATION_FAILURE;
    if (!match)
        return RESULT_CERTIFICATE_HOST_MISMATCH;
    if (faults & (CHAIN_EXPIRED | CHAIN_NOT_YET))
        return RESULT_CERTIFICATE_EXPIRED;
    return faults ? RESULT_CERTIFICATE_NOT_TRUSTED : RESULT_NONE;
}

struct mx_cert mx_cert_of(uint32_t faults, bool match)
{
    struct mx_cert cert = {.fault = RESULT_NONE};

    if (faults & CHAIN_NOT_IN_SCAN) /* our loss, not the peer's fault */
        return cert;
    cert.fault = cert_fault(faults, match);
    cert.good = cert.fault == RESULT_NONE;
    cert.weak = faults == CHAIN_WEAK && match;
    return cert;
}

static void add_tls(struct mx_sum *sum, enum mx_tls best, enum mx_tls worst)
{
    if (best > sum->best)
        sum->best = (uint8_t)best;
    if (sum->worst == MX_TLS_UNKNOWN || worst < sum->worst)
        sum->worst = (uint8_t)worst;
}

void mx_sum_add(struct mx_sum *sum, enum mx_tls tls, struct mx_cert cert)
{
    if (tls == MX_TLS_UNKNOWN)
        return;
    if (tls == MX_TLS_DOWN) {
        sum->n_down++;
        return;
    }
    add_tls(sum, tls, tls);
    if (tls != MX_TLS_ENCRYPTED)
        return;
    sum->cert_good |= cert.good;
    sum->cert_weak |= cert.weak;
    if (cert.fault != RESULT_NONE && (sum->cert_fault == RESULT_NONE || cert.fault < sum->cert_fault))
        sum->cert_fault = (uint8_t)cert.fault;
}

void mx_sum_add_inferred(struct mx_sum *sum, const struct mx_sum *address)
{
    if (address->best != MX_TLS_UNKNOWN)
        add_tls(sum, address->best, address->worst);
    else if (address->n_down > 0)
        sum->n_down++;
}

static enum mx_tls tls_of(struct mx_addresses addresses, const struct mx_sum *sum)
{
    if (sum->best != MX_TLS_UNKNOWN)
        return sum->best;
    return addresses.absent || (addresses.n > 0 && sum->n_down >= addresses.n) ? MX_TLS_DOWN : MX_TLS_UNKNOWN;
}

void mx_facts_of(struct mx_facts *out, struct mx_addresses addresses, const struct mx_sum *own,
                 const struct mx_sum *inferred)
{
    out->tls = tls_of(addresses, own);
    out->worst = own->worst;
    out->cert_good = own->cert_good;
    out->cert_weak = own->cert_weak;
    out->cert_fault = own->cert_good ? RESULT_NONE : own->cert_fault;
    out->inferred = false;
    if (out->tls != MX_TLS_UNKNOWN || inferred == NULL)
        return;
    out->tls = tls_of(addresses, inferred);
    out->worst = inferred->worst;
    out->inferred = out->tls != MX_TLS_UNKNOWN;
}
