/* reread.h - SIGHUP: the blocklist and the rates are read again and hold at once. Thread: the main thread. */
#ifndef STS_REREAD_H
#define STS_REREAD_H
#include "scanner/rates.h"
#include "scanner/scan.h"

#include <stdio.h>

struct reread {
    uv_signal_t on_hup;
    struct scan *scan;
    FILE *messages;
    uint32_t most_connections; /* as the descriptor limit allows */
    struct rates rates;        /* in force; not given: the default */
};
/* From here on a SIGHUP waits for reread_start(). The calling thread, before any other is started: the first
 * of all, since one that comes earlier ends the program. */
void reread_hold(void);
/* There will be no reread_start(): a SIGHUP ends this program as it does others. */
void reread_let_go(void);
/* Listen, on a loop whose handles the caller closes; a SIGHUP that waited comes to it. `scan` and `messages`
 * are borrowed. STS_ESYS. */
int reread_start(struct reread *r, uv_loop_t *loop, struct scan *scan, uint32_t most_connections,
                 FILE *messages, struct sts_err *err) STS_CHECK;
#endif
