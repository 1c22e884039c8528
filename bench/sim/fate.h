/* fate.h - what becomes of name i, of an MX host, of a server at an address, of a question: pure functions of
 * the world. The servers act by it, the truth is told from it. */
#ifndef SIM_FATE_H
#define SIM_FATE_H
#include "bench/sim/names.h"

#define FATE_MOST_MX        160 /* MXSET_MANY has 150 */
#define FATE_MOST_ADDRESSES 4

struct fate_mx {
    uint16_t preference;
    struct host_id host;
};

struct fate {
    uint64_t i;
    double weight; /* names of the natural population that it stands for, relative: 1 without oversampling */
    enum mail_class mail;
    enum mxset_class mxset; /* of MAIL_MX and MAIL_NULL_BESIDE */
    enum sts_class sts;
    enum rpt_class rpt;
    bool spf, dmarc, signed_zone;
    bool fetchable; /* there is an MTA-STS record to follow, or sts would be one if it could be read: below
                       holds */
    bool third;     /* its policy host is a CNAME to provider_host_name(), of `provider`; never of
                       POLICY_NXDOMAIN, always of POLICY_DANGLING and POLICY_PROVIDER_NAME */
    uint32_t provider;
    enum policy_class policy;
    enum body_class body;
    enum mode mode;
    uint64_t max_age_s;
    enum listing_class listing;
    enum tlsa_class tlsa;
    uint32_t n_mx;
    /* In the order of the answer; a null MX is a host of kind HOST_NONE, and the names of MXSET_CASE go out
     * in capitals. Of an implicit MX, or none: n_mx is 0. */
    struct fate_mx mx[FATE_MOST_MX];
};
void fate_of(const struct world *w, uint64_t i, struct fate *f);

enum host_state { HOST_THERE, HOST_NO_ADDRESS, HOST_NXDOMAIN };
struct host_fate {
    enum host_state state;
    struct host_id target; /* kind HOST_NONE: no CNAME; else the addresses are those of the target */
    uint32_t v4[FATE_MOST_ADDRESSES];
    unsigned n_v4;
    bool v6;    /* ::1 */
    bool bogon; /* its address is 10.x.y.z, which nobody may contact: v4[0] */
    bool signed_zone;
    enum tlsa_class tlsa;
};
void host_fate_of(const struct world *w, const struct host_id *id, struct host_fate *out);
/* Addresses of the policy host of a name, by its class, where the CNAME of `third` leads; as HOST_NXDOMAIN
 * where it has none. `target` is not of use here. */
void policy_host_fate_of(const struct world *w, const struct fate *f, struct host_fate *out);

/* The MX host that is at an address, by its number the first of those that share it; where each customer has
 * a name for it, the first's. kind HOST_NONE: none. */
void server_host_of(const struct world *w, uint32_t address, struct host_id *out);

/* The MX server at an address. */
struct server_fate {
    enum smtp_class smtp;
    enum cert_class cert; /* CERT_OTHER_HOST: that of the name's first MX host, in place of a good one */
    double latency_ms;    /* before each of its replies; 0 where the world has none */
    double greeting_ms;   /* before its greeting, instead */
    const char *software; /* in its greeting */
};
void server_fate_of(const struct world *w, uint32_t address, struct server_fate *out);
/* The policy server at an address has the fate of the name in the SNI; this is its wait. */
double policy_latency_ms(const struct world *w, uint32_t address);

/* What the question meets besides its answer; QUERY_LOST_ONCE: its first datagram is not answered. Never
 * other than QUERY_OK in a world with `only`, except of the class that is wanted. */
enum query_class query_fate_of(const struct world *w, const char *name, size_t len, uint16_t type);
double query_latency_ms(const struct world *w, const char *name, size_t len, uint16_t type);
#endif
