/* preflight_dns.h - puts preflight's questions to every resolver, with a loop of its own that has ended when
 * it returns. Thread: main, before any worker is started. */
#ifndef STS_PREFLIGHT_DNS_H
#define STS_PREFLIGHT_DNS_H
#include "scanner/preflight_judge.h"

/* Fill `views` (one for each of o->name_servers), and the answers in `sources`, which one fit resolver is
 * asked for. Answers are in `arena`. Each resolver has 10 s, 32 are asked at a time, and behind a minute none
 * is begun.
 */
int preflight_ask(const struct options *o, const struct preflight_names *names, const char *ehlo_name,
                  struct resolver_view *views, struct source_view *sources, uint32_t n_sources,
                  struct arena *arena, struct sts_err *err) STS_CHECK;
#endif
