/* mx_hosts.h - the hosts that mail for a domain goes to, by its record: those of its MX, or itself. Pure.
 * Thread: any. */
#ifndef STS_MX_HOSTS_H
#define STS_MX_HOSTS_H
#include "scanner/options.h"
#include "sinks/record.h"

#define MX_RANKS 8 /* of the order in which hosts are probed */

struct mx_host {
    struct sts_str name; /* as the answer spells it */
    bool signalled;      /* for the sample of an address, see site.h */
    bool implicit;       /* the domain itself, which has no MX */
    uint8_t rank; /* 0: the most preferred of the domain; else how many others it has, MX_RANKS - 1 at most */
};
typedef void (*mx_host_fn)(void *arg, const struct mx_host *host);

/* Call `fn` for each host that is to be looked up, the most preferred first where --mx-limit cuts (RFC 5321
 * section 5.1), and set rec->n_mx_cut. Of a record whose outcome is not OK, for none. STS_ENOMEM: of `arena`.
 */
int mx_hosts_each(struct rec_domain *rec, const struct options *o, struct arena *arena, mx_host_fn fn,
                  void *arg) STS_CHECK;
#endif
