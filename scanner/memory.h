/* memory.h - the memory of libraries. What the system refuses they get from a reserve: libuv would abort, and
 * OpenSSL and libcurl may tell an allocation that failed as a failure of the peer, or crash. Who needs the
 * reserve ends the scan before it is used up. Our own code does without it: it is told, and says so
 * (worker_no_memory). Thread: any. */
#ifndef STS_MEMORY_H
#define STS_MEMORY_H
#include "sinks/base.h"

/* Before any other call of OpenSSL, libcurl, c-ares and libuv: sets up the middle two, too. STS_ENOMEM,
 * STS_ESYS. */
int memory_begin(struct sts_err *err) STS_CHECK;
void memory_end(void);

/* Has the reserve been touched, ever? Libraries do as they should so far, but the scan must end. */
bool memory_is_low(void);
/* Is the reserve used up? What libraries have done since says nothing of any peer. */
bool memory_is_out(void);
#endif
