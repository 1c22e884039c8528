/* preflight.h - what is looked at before a scan: resolvers, routes, descriptors, our own PTR. Packets go to
 * the resolvers only. Thread: main, before any worker is started. */
#ifndef STS_PREFLIGHT_H
#define STS_PREFLIGHT_H
#include "scanner/checks.h"
#include "scanner/options.h"

struct preflight_env {
    const struct options *options; /* name_servers filled in */
    const char *ehlo_name;
    uint32_t max_connections; /* as the descriptor limit allows */
};
/* Fill `out`. A failure is our own (memory, loop); what speaks against a scan is a check that failed. */
int preflight_run(const struct preflight_env *env, struct checks *out, struct sts_err *err) STS_CHECK;
#endif
