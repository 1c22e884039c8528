/* fate_host.c - what becomes of MX hosts and policy hosts: whether they exist, and where. */
#include "bench/sim/fate_parts.h"

bool tlsa_is_signed(enum tlsa_class c)
{
    return c != TLSA_NONE && c != TLSA_INSECURE;
}

/* Of a name's own hosts, or of a registrar's, an operator's; the two largest have none. */
enum tlsa_class host_tlsa(const struct world *w, const struct host_id *id, double *weight)
{
    enum host_kind kind = id->kind;

    switch (kind) {
    case HOST_SELF:
    case HOST_APEX:
    case HOST_TARGET: kind = HOST_SELF; break;
    case HOST_REGISTRAR:
    case HOST_OPERATOR: break;
    default: return TLSA_NONE;
    }
    return (enum tlsa_class)draw_class(w, TABLE_TLSA, DRAW_TLSA, id->owner, kind, weight);
}

/* Of each host of a registrar. */
static unsigned registrar_addresses(const struct world *w, uint64_t registrar)
{
    return 1 + (unsigned)(draw(w, DRAW_ADDRESS, registrar, 1) % 3);
}

unsigned host_servers(const struct world *w, const struct host_id *id, struct address_use *out)
{
    unsigned n = 1, first = id->index;
    uint64_t owner = id->owner;
    enum address_kind kind;

    switch (id->kind) {
    case HOST_SELF:
    case HOST_APEX:
    case HOST_TARGET:
        kind = ADDRESS_SELF_MX;
        first %= SELF_ADDRESSES;
        break;
    case HOST_FIRST:
        kind = ADDRESS_FIRST;
        n = FIRST_ADDRESSES;
        break;
    case HOST_CUSTOMER:
        kind = ADDRESS_SECOND;
        owner = 0;
        first = (unsigned)(draw(w, DRAW_ADDRESS, id->owner, 0) % (SECOND_ADDRESSES / 2));
        n = 2;
        break;
    case HOST_REGISTRAR:
        kind = ADDRESS_REGISTRAR;
        n = registrar_addresses(w, owner);
        break;
    case HOST_OPERATOR: kind = ADDRESS_OPERATOR; break;
    default: return 0;
    }
    for (unsigned k = 0; k < n; k++)
        out[k] = (struct address_use){kind, owner, first * n + k};
    return n;
}

void server_host_of(const struct world *w, uint32_t address, struct host_id *out)
{
    struct address_use use;

    address_used(w, address, &use);
    *out = (struct host_id){HOST_NONE, use.owner, use.index};
    switch (use.kind) {
    case ADDRESS_SELF_MX: out->kind = HOST_SELF; break;
    case ADDRESS_OPERATOR: out->kind = HOST_OPERATOR; break;
    case ADDRESS_SECOND: *out = (struct host_id){HOST_CUSTOMER, 0, 0}; break;
    case ADDRESS_FIRST:
        out->kind = HOST_FIRST;
        out->index /= FIRST_ADDRESSES;
        break;
    case ADDRESS_REGISTRAR:
        out->kind = HOST_REGISTRAR;
        out->index /= registrar_addresses(w, use.owner);
        break;
    default: *out = (struct host_id){HOST_NONE, 0, 0}; break;
    }
}

/* ---- MX hosts ---- */

static uint32_t bogon(const struct world *w, uint64_t owner)
{
    return UINT32_C(0x0a000000) | (uint32_t)(draw(w, DRAW_ADDRESS, owner, 2) & 0xffffff); /* RFC 1918 */
}

/* Its addresses, by what becomes of its servers: one that refuses is at ::1 only. */
static void settle(const struct world *w, const struct host_id *id, struct host_fate *out)
{
    struct address_use server[FATE_MOST_ADDRESSES];
    unsigned n = host_servers(w, id, server);
    bool refused = false;

    out->state = HOST_THERE;
    for (unsigned k = 0; k < n; k++) {
        enum smtp_class class = server_class(w, &server[k], NULL);

        if (class == SMTP_TIMEOUT)
            server[k].kind = ADDRESS_DEAD;
        if (class == SMTP_RESET)
            server[k].kind = ADDRESS_RESET;
        if (class == SMTP_REFUSED)
            refused = true;
        else
            out->v4[out->n_v4++] = address_for(w, &server[k]);
    }
    out->v6 = refused || draw_unit(w, DRAW_ADDRESS, id->owner, 8 + (uint64_t)id->kind) < w->param[PARAM_V6];
}

static bool in_use(const struct fate *f, const struct host_id *id)
{
    switch (id->kind) {
    case HOST_APEX: return f->mail != MAIL_NXDOMAIN;
    case HOST_TARGET: return has_mx(f->mail) && f->mxset == MXSET_CNAME;
    default: break;
    }
    for (uint32_t n = 0; n < f->n_mx; n++)
        if (f->mx[n].host.kind == id->kind && f->mx[n].host.index == id->index)
            return true;
    return false;
}

/* A host that belongs to a name. */
static void own_host(const struct world *w, const struct host_id *id, struct host_fate *out)
{
    struct fate f;

    fate_of(w, id->owner, &f);
    if (!in_use(&f, id) || (id->kind == HOST_SELF && f.mxset == MXSET_DANGLING))
        return;
    out->state = HOST_NO_ADDRESS;
    if (id->kind != HOST_CUSTOMER) {
        out->tlsa = is_self(f.mxset) ? f.tlsa : TLSA_NONE;
        out->signed_zone = f.signed_zone;
    }
    if (id->kind == HOST_APEX) {
        if (f.mail != MAIL_NOTHING)
            settle(w, id, out);
        return;
    }
    if (f.mxset == MXSET_NO_ADDRESS)
        return;
    if (f.mxset == MXSET_BOGON) {
        out->state = HOST_THERE;
        out->bogon = true;
        out->v4[out->n_v4++] = bogon(w, id->owner);
        return;
    }
    settle(w, id, out);
    out->v6 = out->v6 || f.mxset == MXSET_V6_DEAD;
    if (f.mxset == MXSET_CNAME && id->kind == HOST_SELF && id->index == 0)
        out->target = (struct host_id){HOST_TARGET, id->owner, 0};
}

void host_fate_of(const struct world *w, const struct host_id *id, struct host_fate *out)
{
    unsigned n = 0;

    *out = (struct host_fate){.state = HOST_NXDOMAIN};
    switch (id->kind) {
    case HOST_SELF:
    case HOST_APEX:
    case HOST_TARGET:
    case HOST_CUSTOMER: own_host(w, id, out); return;
    case HOST_FIRST: n = FIRST_HOSTS; break;
    case HOST_REGISTRAR: n = REGISTRAR_HOSTS; break;
    case HOST_OPERATOR: n = operator_hosts(w, id->owner); break;
    default: break;
    }
    if (id->index >= n)
        return;
    out->tlsa = host_tlsa(w, id, NULL);
    out->signed_zone = tlsa_is_signed(out->tlsa);
    settle(w, id, out);
}

/* ---- policy hosts ---- */

static void place(const struct world *w, enum address_kind kind, uint64_t owner, uint32_t index,
                  struct host_fate *out)
{
    out->v4[out->n_v4++] = address_for(w, &(struct address_use){kind, owner, index});
}

static void place_good(const struct world *w, const struct fate *f, struct host_fate *out)
{
    if (f->third)
        place(w, ADDRESS_PROVIDER, f->provider, (uint32_t)(draw(w, DRAW_ADDRESS, f->i, 3) & 3), out);
    else
        place(w, ADDRESS_SELF_POLICY, f->i, 0, out);
}

void policy_host_fate_of(const struct world *w, const struct fate *f, struct host_fate *out)
{
    *out = (struct host_fate){.state = HOST_NXDOMAIN, .signed_zone = f->signed_zone && !f->third};
    if (!f->fetchable || f->policy == POLICY_NXDOMAIN || f->policy == POLICY_DANGLING)
        return;
    out->state = f->policy == POLICY_NODATA ? HOST_NO_ADDRESS : HOST_THERE;
    switch (f->policy) {
    case POLICY_NODATA: break;
    case POLICY_BOGON:
        out->bogon = true;
        out->v4[out->n_v4++] = bogon(w, f->i);
        break;
    case POLICY_REFUSED: out->v6 = true; break;
    case POLICY_TIMEOUT: place(w, ADDRESS_DEAD, f->i, 3, out); break;
    case POLICY_RESET: place(w, ADDRESS_RESET, f->i, 0, out); break;
    case POLICY_V6_DEAD:
        place_good(w, f, out);
        out->v6 = true;
        break;
    case POLICY_SECOND_DEAD:
        place_good(w, f, out);
        place(w, ADDRESS_DEAD, f->i, 3, out);
        break;
    case POLICY_TWO_BODIES:
        place(w, ADDRESS_SELF_POLICY, f->i, 0, out);
        place(w, ADDRESS_SELF_POLICY, f->i, 1, out);
        break;
    default:
        place_good(w, f, out);
        out->v6 = draw_unit(w, DRAW_ADDRESS, f->i, 4) < w->param[PARAM_V6];
        break;
    }
}
