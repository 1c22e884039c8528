/* endpoint_private.h - what endpoint_admit.c (which hosts are probed at an address) and endpoint.c (the
 * probing of one, to its record) share. For these two files only. Thread: the worker that owns the address.
 */
#ifndef STS_ENDPOINT_PRIVATE_H
#define STS_ENDPOINT_PRIVATE_H
#include "scanner/worker.h"

/* endpoint.c */
/* Probe the host, which its site keeps. Ends with scan_finish(). */
void endpoint_begin(struct worker *w, struct site *site, struct site_host *host);
/* The host gave way to another one before it was begun, and is out of its site: no record. Frees it. */
void endpoint_displace(struct site_host *host);
/* Write the record, and count it. `evidence`: of the last attempt, or an empty one. */
void endpoint_record(struct worker *w, const char *host, const struct address *a, enum outcome oc,
                     struct rec_endpoint *evidence);
#endif
