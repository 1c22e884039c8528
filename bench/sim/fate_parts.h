/* fate_parts.h - what fate.c, fate_host.c and fate_server.c agree on. Pure. */
#ifndef SIM_FATE_PARTS_H
#define SIM_FATE_PARTS_H
#include "bench/sim/fate.h"

#define FIRST_HOSTS      4 /* of the largest operator */
#define FIRST_ADDRESSES  2 /* of each of these */
#define REGISTRAR_HOSTS  2
#define OPERATOR_HOSTS   3 /* at most, of one of the tail */
#define SELF_ADDRESSES   4 /* of a name: its host J is at number J modulo 4 */
#define SECOND_ADDRESSES 4

/* Is there an MTA-STS record to follow (fate.fetchable)? */
bool sts_signals(enum sts_class c);
bool name_signals(const struct world *w, uint64_t i);
bool has_mx(enum mail_class c);
enum mail_class draw_mail(const struct world *w, uint64_t i, double *weight);
enum mxset_class draw_mxset(const struct world *w, uint64_t i, double *weight); /* of has_mx() */
/* Are the MX hosts the name's own? */
bool is_self(enum mxset_class c);
bool tlsa_is_signed(enum tlsa_class c);

unsigned operator_hosts(const struct world *w, uint64_t operator);
enum tlsa_class host_tlsa(const struct world *w, const struct host_id *id, double *weight);
/* The servers behind an MX host, at most FATE_MOST_ADDRESSES. */
unsigned host_servers(const struct world *w, const struct host_id *id, struct address_use *out);
enum smtp_class server_class(const struct world *w, const struct address_use *server, double *weight);
#endif
