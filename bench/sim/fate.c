/* fate.c - what becomes of a name: class by class, each drawn where those before it leave room for it. Where
 * a class does not go with those before it, a neighbour takes its place:
 *   LISTING_TARGET    own MX hosts become MXSET_CNAME; of an operator: LISTING_DOMAIN
 *   LISTING_PARTIAL   own MX hosts become two at least; of an operator with one: LISTING_ALL
 *   LISTING_WILDCARD  of a literal or localhost: LISTING_ALL;  LISTING_DEEP: LISTING_DOMAIN
 *   any but _POLICY_HOST, of names without MX: LISTING_ALL
 *   POLICY_NXDOMAIN, _TWO_BODIES, _PROVIDER_NAME, _DANGLING: not, not, always, always run by a provider */
#include "bench/sim/fate_parts.h"

#include <math.h>

#define MANY_HOSTS      150
#define REGISTRARS_ZIPF 1.0
#define DAY_S           86400u

bool has_mx(enum mail_class c)
{
    return c == MAIL_MX || c == MAIL_NULL_BESIDE;
}

bool is_self(enum mxset_class c)
{
    return c != MXSET_FIRST && c != MXSET_SECOND && c != MXSET_BUNDLED && c != MXSET_OPERATOR &&
           c != MXSET_LITERAL && c != MXSET_LOCALHOST;
}

/* STSv1 in any TXT, in any case of letters, or a lookup that fails for now. */
bool sts_signals(enum sts_class c)
{
    switch (c) {
    case STS_NONE:
    case STS_VERSION_2:
    case STS_DANGLING:
    case STS_WILD_SPF:
    case STS_OTHER_TYPE:
    case STS_WWW_ONLY: return false;
    default: return true;
    }
}

enum mail_class draw_mail(const struct world *w, uint64_t i, double *weight)
{
    return (enum mail_class)draw_class(w, TABLE_MAIL, DRAW_MAIL, i, 0, weight);
}

enum mxset_class draw_mxset(const struct world *w, uint64_t i, double *weight)
{
    return (enum mxset_class)draw_class(w, TABLE_MXSET, DRAW_MXSET, i, 0, weight);
}

static enum sts_class draw_sts(const struct world *w, uint64_t i, enum mail_class mail, double *weight)
{
    if (mail == MAIL_NXDOMAIN)
        return STS_NONE;
    return (enum sts_class)draw_class(w, has_mx(mail) ? TABLE_STS : TABLE_STS_NO_MX, DRAW_STS, i, 0, weight);
}

bool name_signals(const struct world *w, uint64_t i)
{
    return sts_signals(draw_sts(w, i, draw_mail(w, i, NULL), NULL));
}

/* A number below n, of which the first is most frequent: a continuous power law, rounded down. */
static uint64_t draw_zipf(const struct world *w, enum purpose p, uint64_t i, double n, double exponent)
{
    double u = draw_unit(w, p, i, 0), e = 1 - exponent, x;

    x = fabs(e) < 1e-6 ? pow(n + 1, u) : pow((pow(n + 1, e) - 1) * u + 1, 1 / e);
    return (uint64_t)fmin(fmax(x, 1), n) - 1;
}

/* ---- the record and what hangs on it ---- */

static void draw_records(const struct world *w, struct fate *f)
{
#define STS(id, name, row, strict, lenient, doc) [STS_##id] = (strict)[0] == 'v',
    static const bool VALID[] = {
#include "bench/sim/classes.def"
    };
    bool mx = has_mx(f->mail);

    f->sts = draw_sts(w, f->i, f->mail, &f->weight);
    f->fetchable = sts_signals(f->sts);
    f->rpt = RPT_NONE;
    f->spf = f->dmarc = false;
    if (f->mail == MAIL_NXDOMAIN)
        return;
    f->rpt = (enum rpt_class)draw_class(w, VALID[f->sts] ? TABLE_RPT_STS : TABLE_RPT, DRAW_RPT, f->i, 0,
                                        &f->weight);
    f->spf = draw_unit(w, DRAW_SPF, f->i, 0) < w->param[mx ? PARAM_SPF : PARAM_SPF_NO_MX];
    f->dmarc = draw_unit(w, DRAW_DMARC, f->i, 0) < w->param[mx ? PARAM_DMARC : PARAM_DMARC_NO_MX];
}

static void draw_policy(const struct world *w, struct fate *f)
{
    f->third = draw_unit(w, DRAW_THIRD, f->i, 0) < w->param[PARAM_THIRD];
    f->provider =
        (uint32_t)draw_zipf(w, DRAW_THIRD, ~f->i, w->param[PARAM_PROVIDERS], w->param[PARAM_PROVIDERS_ZIPF]);
    f->policy = (enum policy_class)draw_class(w, f->third ? TABLE_POLICY_THIRD : TABLE_POLICY_SELF,
                                              DRAW_POLICY, f->i, 0, &f->weight);
    if (f->policy == POLICY_NXDOMAIN || f->policy == POLICY_TWO_BODIES)
        f->third = false;
    if (f->policy == POLICY_PROVIDER_NAME || f->policy == POLICY_DANGLING)
        f->third = true;
}

static uint64_t draw_max_age(const struct world *w, const struct fate *f)
{
    static const uint64_t MONTHS[] = {14 * DAY_S, 21 * DAY_S, 28 * DAY_S}, YEARS[] = {365 * DAY_S, 31557600};
    uint64_t pick = draw(w, DRAW_MAX_AGE, f->i, 1);
    double u = draw_unit(w, DRAW_MAX_AGE, f->i, 0);

    if (f->body == BODY_AGE_0)
        return 0;
    if (f->body == BODY_AGE_MOST || f->body == BODY_AGE_OVER)
        return 31557600 + (f->body == BODY_AGE_OVER); /* RFC 8461 section 3.2 */
    if ((u -= w->param[PARAM_AGE_DAY]) < 0)
        return DAY_S;
    if ((u -= w->param[PARAM_AGE_WEEK]) < 0)
        return 7 * DAY_S;
    return u < w->param[PARAM_AGE_MONTH] ? MONTHS[pick % 3] : YEARS[pick % 2];
}

static void draw_body(const struct world *w, struct fate *f)
{
    double u = draw_unit(w, DRAW_MODE, f->i, 0);

    f->body = (enum body_class)draw_class(w, TABLE_BODY, DRAW_BODY, f->i, 0, &f->weight);
    f->mode = MODE_NONE;
    if (u < w->param[PARAM_MODE_ENFORCE])
        f->mode = MODE_ENFORCE;
    else if (u < w->param[PARAM_MODE_ENFORCE] + w->param[PARAM_MODE_TESTING])
        f->mode = MODE_TESTING;
    if (f->body == BODY_NONE_NO_MX)
        f->mode = MODE_NONE;
    if (f->body == BODY_NO_MX || f->body == BODY_MODE_CASE)
        f->mode = MODE_ENFORCE;
    f->max_age_s = draw_max_age(w, f);
}

/* ---- MX hosts ---- */

unsigned operator_hosts(const struct world *w, uint64_t operator)
{
    double u = draw_unit(w, DRAW_N_MX, operator, 1);

    if (u < w->param[PARAM_MX_1])
        return 1;
    return u < w->param[PARAM_MX_1] + w->param[PARAM_MX_2] ? 2 : OPERATOR_HOSTS;
}

static unsigned self_hosts(const struct world *w, uint64_t i)
{
    uint64_t pick = draw(w, DRAW_N_MX, i, 2);
    double u = draw_unit(w, DRAW_N_MX, i, 0);

    if ((u -= w->param[PARAM_MX_1]) < 0)
        return 1;
    if ((u -= w->param[PARAM_MX_2]) < 0)
        return 2;
    return u < w->param[PARAM_MX_3_5] ? 3 + (unsigned)(pick % 3) : 6 + (unsigned)(pick % 5);
}

/* The first host, and how many there are. */
static unsigned draw_hosts(const struct world *w, const struct fate *f, struct host_id *host)
{
    *host = (struct host_id){HOST_SELF, f->i, 0};
    switch (f->mxset) {
    case MXSET_FIRST: *host = (struct host_id){HOST_FIRST, 0, 0}; return FIRST_HOSTS;
    case MXSET_SECOND: host->kind = HOST_CUSTOMER; return 1;
    case MXSET_BUNDLED:
        host->kind = HOST_REGISTRAR;
        host->owner = draw_zipf(w, DRAW_OPERATOR, f->i, w->param[PARAM_REGISTRARS], REGISTRARS_ZIPF);
        return REGISTRAR_HOSTS;
    case MXSET_OPERATOR:
        host->kind = HOST_OPERATOR;
        host->owner =
            draw_zipf(w, DRAW_OPERATOR, f->i, w->param[PARAM_OPERATORS], w->param[PARAM_OPERATORS_ZIPF]);
        return operator_hosts(w, host->owner);
    case MXSET_LITERAL: host->kind = HOST_LITERAL; return 1;
    case MXSET_LOCALHOST: host->kind = HOST_LOCALHOST; return 1;
    case MXSET_MANY: return MANY_HOSTS;
    case MXSET_NO_ADDRESS:
    case MXSET_DANGLING:
    case MXSET_BOGON: return 1;
    default: return self_hosts(w, f->i);
    }
}

/* What fits the hosts; it may change them, before they are drawn. */
static void draw_listing(const struct world *w, struct fate *f)
{
    bool odd = f->mxset == MXSET_LITERAL || f->mxset == MXSET_LOCALHOST;

    f->listing = (enum listing_class)draw_class(w, TABLE_LISTING, DRAW_LISTING, f->i, 0, &f->weight);
    if (!has_mx(f->mail)) {
        f->listing = f->listing == LISTING_POLICY_HOST ? LISTING_POLICY_HOST : LISTING_ALL;
        return;
    }
    if (f->listing == LISTING_TARGET && f->mxset == MXSET_SELF)
        f->mxset = MXSET_CNAME;
    if (f->listing == LISTING_TARGET && f->mxset != MXSET_CNAME)
        f->listing = LISTING_DOMAIN;
    if (odd && f->listing == LISTING_WILDCARD)
        f->listing = LISTING_ALL;
    if (odd && f->listing == LISTING_DEEP)
        f->listing = LISTING_DOMAIN;
}

static void fill_mx(const struct world *w, struct fate *f)
{
    struct host_id host = {HOST_APEX, f->i, 0};
    unsigned n;

    f->n_mx = 0;
    f->tlsa = f->mail == MAIL_IMPLICIT ? host_tlsa(w, &host, &f->weight) : TLSA_NONE;
    if (f->mail == MAIL_NULL_MX || f->mail == MAIL_NULL_BESIDE) /* "." (RFC 7505 section 3) */
        f->mx[f->n_mx++] = (struct fate_mx){0, {HOST_NONE, 0, 0}};
    if (!has_mx(f->mail))
        return;
    n = draw_hosts(w, f, &host);
    if (f->mxset == MXSET_CERT_OTHER_HOST && n < 2)
        n = 2;
    if (f->listing == LISTING_PARTIAL && n < 2) {
        if (is_self(f->mxset))
            n = 2;
        else
            f->listing = LISTING_ALL;
    }
    f->tlsa = host_tlsa(w, &host, &f->weight);
    for (; host.index < n; host.index++)
        f->mx[f->n_mx++] = (struct fate_mx){(uint16_t)(10 * (host.index + 1)), host};
}

/* ---- all ---- */

/* The classes of its servers count in the weight, where they are oversampled: the large operators are always
 * right, the others have one address for a host. */
static void weigh_servers(const struct world *w, struct fate *f)
{
    struct address_use server[FATE_MOST_ADDRESSES];
    struct host_id apex = {HOST_APEX, f->i, 0};
    bool same = true;

    for (unsigned t = TABLE_SMTP_SELF; t <= TABLE_SMTP_OPERATOR; t++)
        same = same && w->natural[t][SMTP_OK] == w->rate[t][SMTP_OK];
    if (same || f->mxset == MXSET_NO_ADDRESS || f->mxset == MXSET_DANGLING || f->mxset == MXSET_BOGON)
        return;
    for (uint32_t n = 0; n < f->n_mx; n++)
        if (f->mx[n].host.index < SELF_ADDRESSES && host_servers(w, &f->mx[n].host, server) == 1)
            (void)server_class(w, server, &f->weight);
    if (f->mail == MAIL_IMPLICIT && host_servers(w, &apex, server) == 1)
        (void)server_class(w, server, &f->weight);
}

void fate_of(const struct world *w, uint64_t i, struct fate *f)
{
    f->i = i;
    f->weight = 1;
    f->mail = draw_mail(w, i, &f->weight);
    f->mxset = has_mx(f->mail) ? draw_mxset(w, i, &f->weight) : MXSET_SELF;
    draw_records(w, f);
    f->third = false;
    f->provider = 0;
    f->policy = POLICY_OK;
    f->body = BODY_OK;
    f->mode = MODE_ENFORCE;
    f->max_age_s = 0;
    f->listing = LISTING_ALL;
    if (f->fetchable) {
        draw_policy(w, f);
        draw_body(w, f);
        draw_listing(w, f);
    }
    fill_mx(w, f);
    weigh_servers(w, f);
    f->signed_zone = draw_unit(w, DRAW_QUERY, i, UINT64_MAX) < w->param[PARAM_AD];
    if (is_self(f->mxset) && f->tlsa != TLSA_NONE)
        f->signed_zone = tlsa_is_signed(f->tlsa); /* its hosts are in its zone */
}
