#include "analysis/policy_addresses.h"

#include "analysis/outcomes.h"

#include <string.h>

/* What one address said. */
struct answer {
    struct sts_str ip;
    unsigned oc;
    enum policy_class class_;
    bool has_body;
    struct sts_str digest; /* of the body */
};

/* All so far. */
struct comparison {
    struct policy_addresses *out;
    enum policy_class first_conclusive[2]; /* IPv4, IPv6; POL_NONE: none yet */
    enum policy_class first_failure;       /* POL_NONE: none yet */
    bool has_body;
    struct sts_str digest; /* of the first body */
};

static bool is_contacted(unsigned oc)
{
    return outcome_class(oc) != OCC_skipped && outcome_class(oc) != OCC_ours && outcome_class(oc) != OCC_none;
}

static void compare(struct comparison *c, const struct answer *a)
{
    bool v6 = a->ip.len > 0 && memchr(a->ip.p, ':', a->ip.len) != NULL;
    enum policy_class *family = v6 ? &c->out->ipv6 : &c->out->ipv4;

    if (!is_contacted(a->oc))
        return;
    c->out->n_asked++;
    if (a->class_ == POL_INCONCLUSIVE) /* its certificates are lost */
        return;
    if (*family == POL_NONE)
        *family = a->class_;
    if (outcome_class(a->oc) == OCC_temporary)
        return;
    if (c->first_conclusive[v6] == POL_NONE)
        c->first_conclusive[v6] = *family = a->class_;
    c->out->n_conclusive++;
    c->out->n_ok += a->class_ == POL_OK;
    if (a->has_body && c->has_body && !sts_str_equal(a->digest, c->digest))
        c->out->bodies = true;
    if (a->has_body && !c->has_body)
        c->digest = a->digest;
    c->has_body |= a->has_body;
    if (a->class_ != POL_OK && c->first_failure != POL_NONE && a->class_ != c->first_failure)
        c->out->failures = true;
    if (a->class_ != POL_OK && c->first_failure == POL_NONE)
        c->first_failure = a->class_;
}

/* An address that had no answer in its last attempt, where another had the say. */
static void compare_attempt(struct comparison *c, const struct rec_policy *p, uint32_t i)
{
    const struct rec_attempt *att = &p->att.v[i];
    const struct rec_policy failed = {.oc = att->oc};
    const struct chain_verdict no_fault = {0}; /* the outcome alone says what failed */
    struct policy_facts facts;

    for (uint32_t later = i + 1; later < p->att.n; later++)
        if (sts_str_equal(att->ip, p->att.v[later].ip))
            return;
    if (att->ip.len == 0 || sts_str_equal(att->ip, p->ip))
        return;
    policy_classify(&facts, &failed, &no_fault, true, NULL); /* no body, so no room for it */
    compare(c, &(struct answer){.ip = att->ip, .oc = outcome_byte(att->oc), .class_ = facts.class_});
}

int policy_fetch_classify(struct policy_facts *out, struct chains *chains, uint64_t start_ms,
                          const struct rec_policy *p, const struct rec_fetch *f, struct sts_err *err)
{
    static const struct sts_strs nothing = {NULL, 0};
    const struct sts_strs *sent = f->tls ? &f->tls->chain : &nothing;
    const struct rec_policy as_policy = {
        .name = p->name,
        .host = p->host,
        .oc = f->oc,
        .ip = f->ip,
        .tls = f->tls,
        .status = f->status,
        .headers = f->headers,
        .body = f->body_digest.len > 0 && sts_str_equal(f->body_digest, p->body_digest) ? p->body : f->body,
        .body_bytes = f->body_bytes,
        .body_digest = f->body_digest};
    struct chain_verdict chain;
    char room[POLICY_DECODED_BYTES];
    bool match;

    *out = (struct policy_facts){0};
    if (chains_verify(chains, sent, start_ms + f->t_ms, &chain, err) != STS_OK ||
        chains_match(chains, sent, p->host, &match, err) != STS_OK)
        return err->code;
    policy_classify(out, &as_policy, &chain, match, room);
    out->text = (struct sts_str){NULL, 0}; /* it may point into `room` */
    return STS_OK;
}

int policy_addresses_compare(struct policy_addresses *out, struct chains *chains, uint64_t start_ms,
                             const struct rec_policy *p, const struct policy_facts *own, struct sts_err *err)
{
    struct comparison c = {.out = out};
    struct policy_facts facts;

    *out = (struct policy_addresses){0};
    for (uint32_t i = 0; i < p->att.n; i++)
        compare_attempt(&c, p, i);
    if (p->ip.len > 0)
        compare(&c, &(struct answer){p->ip, outcome_byte(p->oc), own->class_, own->has_body, p->body_digest});
    for (uint32_t i = 0; i < p->others.n; i++) {
        const struct rec_fetch *f = &p->others.v[i];

        if (policy_fetch_classify(&facts, chains, start_ms, p, f, err) != STS_OK)
            return err->code;
        compare(&c,
                &(struct answer){f->ip, outcome_byte(f->oc), facts.class_, facts.has_body, f->body_digest});
    }
    out->partly = out->n_ok > 0 && out->n_ok < out->n_conclusive;
    out->failures = out->failures && out->n_ok == 0;
    return STS_OK;
}

bool policy_addresses_differ(const struct policy_addresses *a)
{
    return a->bodies || a->partly || a->failures;
}
