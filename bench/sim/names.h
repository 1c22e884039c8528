/* names.h - names and addresses of everything, both ways: name i of the population, its MX and policy hosts,
 * the hosts of operators and providers, and what a question or an address means. Nothing is looked up: names
 * hold numbers. Names are lower case, in A-labels, without trailing dot. Pure. */
#ifndef SIM_NAMES_H
#define SIM_NAMES_H
#include "bench/sim/world.h"

#define NAME_BYTES 256 /* of any name, with its NUL */

/* Name i, such as "tamodike.com". */
size_t name_of(const struct world *w, uint64_t i, char out[NAME_BYTES]);
const char *name_tld(const struct world *w, uint64_t i);

enum host_kind {
    HOST_NONE,
    HOST_SELF,      /* mxJ.NAME; owner: the name */
    HOST_APEX,      /* NAME itself, of an implicit MX */
    HOST_FIRST,     /* mxJ.first-mail.net */
    HOST_CUSTOMER,  /* NAME-with-dashes.second-mail.net; owner: the name */
    HOST_REGISTRAR, /* mxJ.WORD-bundle.net; owner: the registrar */
    HOST_OPERATOR,  /* mxJ.WORD-mail.net; owner: the operator */
    HOST_TARGET,    /* relay.NAME: where the CNAME of HOST_SELF 0 leads */
    HOST_LITERAL,   /* the text of an address; no question about it has an answer */
    HOST_LOCALHOST
};
struct host_id {
    enum host_kind kind;
    uint64_t owner;
    uint32_t index;
};
/* Of HOST_NONE, a null MX, the empty name. */
size_t host_name(const struct world *w, const struct host_id *id, char out[NAME_BYTES]);

enum what {
    WHAT_NOTHING, /* no such name */
    WHAT_EMPTY,   /* exists without records: an empty non-terminal, a TLD */
    WHAT_NAME,
    WHAT_STS,           /* _mta-sts.NAME */
    WHAT_STS_TARGET,    /* where its CNAME leads: NAME-with-dashes._mta-sts.WORD-sts.net; n: how far on the
                           chain;    host.owner: the provider */
    WHAT_STS_WWW,       /* _mta-sts.www.NAME */
    WHAT_RPT,           /* _smtp._tls.NAME */
    WHAT_DMARC,         /* _dmarc.NAME */
    WHAT_BELOW,         /* any other label below NAME: what a wildcard answers */
    WHAT_POLICY_HOST,   /* mta-sts.NAME */
    WHAT_PROVIDER_HOST, /* where its CNAME leads: NAME-with-dashes.WORD-sts.net; n: the provider */
    WHAT_HOST,          /* an MX host */
    WHAT_TLSA           /* _N._tcp. an MX host; n: the port */
};
struct asked {
    enum what what;
    uint64_t i; /* the name it belongs to, where there is one */
    struct host_id host;
    uint32_t n;
};
/* What a name of DNS is, in any case of letters. Only names that could be are told from those that cannot:
 * whether there are so many MX hosts, a provider, a record, is in the fate of the name. */
void name_asked(const struct world *w, const char *name, size_t len, struct asked *out);

size_t policy_host_name(const struct world *w, uint64_t i, char out[NAME_BYTES]);
size_t provider_host_name(const struct world *w, uint64_t i, uint32_t provider, char out[NAME_BYTES]);
size_t sts_target_name(const struct world *w, uint64_t i, uint32_t provider, uint32_t n,
                       char out[NAME_BYTES]);

/* ---- addresses, in host order ---- */

/* What an address in 127.0.0.0/8 is for. The servers listen at all of it; SYNs to ADDRESS_DEAD are dropped by
 * a socket filter, so that connections time out; ::1, where nobody listens, refuses. Self-hosted ones repeat
 * every ADDRESS_SELF_LIMIT: name i has the servers of name i modulo ADDRESS_SELF_LIMIT / 4, whose fate they
 * have. Neighbours in the population are not neighbours in a /24. */
enum address_kind {
    ADDRESS_OTHER,
    ADDRESS_FIRST,
    ADDRESS_SECOND,
    ADDRESS_REGISTRAR,
    ADDRESS_OPERATOR,
    ADDRESS_PROVIDER,    /* policy hosts of providers */
    ADDRESS_SELF_MX,     /* owner: the name, index: which of its hosts */
    ADDRESS_SELF_POLICY, /* owner: the name, index: 0, or 1 for its second address */
    ADDRESS_RESET,       /* connections are reset at once; owner: the name */
    ADDRESS_DEAD
};
#define ADDRESS_SELF_LIMIT (UINT32_C(1) << 23)
#define ADDRESS_DEAD_NET   UINT32_C(0x7f200000) /* 127.32.0.0/11 */
#define ADDRESS_DEAD_MASK  UINT32_C(0xffe00000)
struct address_use {
    enum address_kind kind;
    uint64_t owner;
    uint32_t index;
};
uint32_t address_for(const struct world *w, const struct address_use *use);
void address_used(const struct world *w, uint32_t address, struct address_use *out);
#endif
