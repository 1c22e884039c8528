#include "analysis/domain_verdict.h"

#include <stdlib.h>
#include <string.h>

struct domain_verdict *domain_verdict_new(void)
{
    return calloc(1, sizeof(struct domain_verdict));
}

void domain_verdict_free(struct domain_verdict *v)
{
    if (v == NULL)
        return;
    free(v->mx);
    free(v->mx_verdicts);
    free(v);
}

static int make_room(struct domain_verdict *v, uint32_t n, struct sts_err *err)
{
    struct mx_facts *mx;
    struct mx_verdict *verdicts;

    if (n <= v->room)
        return STS_OK;
    mx = realloc(v->mx, n * sizeof(*mx));
    if (mx != NULL)
        v->mx = mx;
    verdicts = realloc(v->mx_verdicts, n * sizeof(*verdicts));
    if (verdicts != NULL)
        v->mx_verdicts = verdicts;
    if (mx == NULL || verdicts == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    v->room = n;
    return STS_OK;
}

/* Hosts of one preference by name: their order in an answer means nothing (RFC 5321 section 5.1). */
static int by_preference(const void *a, const void *b)
{
    const struct mx_facts *left = a, *right = b;
    uint32_t len = left->host.len < right->host.len ? left->host.len : right->host.len;
    int order;

    if (left->preference != right->preference)
        return left->preference < right->preference ? -1 : 1;
    order = len > 0 ? memcmp(left->host.p, right->host.p, len) : 0;
    return order != 0 ? order : (left->host.len > right->host.len) - (left->host.len < right->host.len);
}

static struct mx_facts *add_mx(struct domain_verdict *v)
{
    struct mx_facts *mx = &v->mx[v->facts.n_mx++];

    memset(mx, 0, sizeof(*mx));
    return mx;
}

static int fill_mx(const struct join *j, const struct rec_domain *d, bool infer, struct domain_verdict *v,
                   struct sts_err *err)
{
    struct verdict_facts *f = &v->facts;
    uint32_t n = f->mail == MX_HAS ? d->mx->mx.n : f->mail == MX_IMPLICIT ? 1 : 0;

    if (make_room(v, n, err) != STS_OK)
        return err->code;
    if (f->mail == MX_IMPLICIT) /* RFC 5321 section 5.1: the name itself, preference 0 */
        join_mx(j, d->name, infer, add_mx(v));
    for (uint32_t i = 0; f->mail == MX_HAS && i < n; i++) {
        struct mx_facts *mx;

        if (mx_is_root(&d->mx->mx.v[i])) /* beside others against RFC 7505 section 3; it is no host */
            continue;
        mx = add_mx(v);
        mx->preference = (uint32_t)d->mx->mx.v[i].preference;
        join_mx(j, d->mx->mx.v[i].host, infer, mx);
    }
    if (f->n_mx > 1)
        qsort(v->mx, f->n_mx, sizeof(*v->mx), by_preference);
    for (uint32_t i = 0; i < f->n_mx; i++)
        v->n_inferred += v->mx[i].inferred;
    f->mx = v->mx;
    return STS_OK;
}

static void fill_policy(struct verdict_facts *f, const struct policy_fact *p, bool lenient)
{
    f->policy = POL_NONE;
    if (p == NULL)
        return;
    f->policy = (enum policy_class)(lenient ? p->lenient : p->class_);
    f->mode = (enum sts_mode)(lenient ? p->lenient_mode : p->mode);
    f->policy_results = p->results;
    f->uncached = f->policy == POL_OK && (lenient ? p->lenient_max_age_s : p->max_age_s) == 0;
    f->policy_body = p->text;
}

int join_verdict(const struct join *j, const struct rec_domain *d, unsigned how, struct domain_verdict *out,
                 struct sts_err *err)
{
    struct verdict_facts *f = &out->facts;
    struct sts_txt sts;

    out->n_inferred = 0;
    *f = (struct verdict_facts){.mail = mx_state(d), .lenient = (how & JUDGE_LENIENT) != 0};
    if (fill_mx(j, d, (how & JUDGE_INFER) != 0, out, err) != STS_OK)
        return err->code;
    f->sts_unknown = d->sts == NULL || dns_unknown(d->sts);
    read_sts(&sts, d->sts, out->joined);
    f->sts = sts_txt_reading(&sts, f->lenient);
    if (f->sts == VERDICT_VALID)
        fill_policy(f, join_policy(j, d->name), f->lenient);
    verdict_judge(&out->of, out->mx_verdicts, f);
    return STS_OK;
}
