/* scan_private.h - what scan.c (the threads, their beginning and end, the status) and scan_phase.c (when the
 * scan moves on) share. For these two files only. Thread: the main thread. */
#ifndef STS_SCAN_PRIVATE_H
#define STS_SCAN_PRIVATE_H
#include "scanner/before.h"
#include "scanner/outage.h"
#include "scanner/output.h"
#include "scanner/progress.h"
#include "scanner/reading.h"
#include "scanner/reread.h"
#include "scanner/scan.h"
#include "scanner/silence.h"

struct control { /* the main thread's own */
    struct scan scan;
    struct before before; /* where `resume` is */
    struct resume *resume;
    struct input *input;
    uv_loop_t loop;
    uv_async_t wake;
    uv_timer_t judge, status;
    uv_signal_t on_int, on_term;
    struct progress progress;
    struct output output;
    struct reading reading;
    struct silence silence;
    struct outage outage;
    struct reread reread;
    const struct side_files *files;
    FILE *messages;
    struct arena arena; /* of `record` */
    struct rec_scan record;
    const char *stop_reason;  /* why it ends before its end; NULL: it does not */
    int64_t looked_ns;        /* the last look at the network */
    int64_t lowered_ns;       /* when a lack of descriptors was told; 0: never */
    bool told_blocked;        /* that the SMTP port seems to be blocked */
    int64_t begun_ns;         /* when this run began */
    int64_t names_through_ns; /* when the last name was done; 0: not yet */
    int64_t drain_end_ns;     /* when the grace ends; 0: not stopping */
    int64_t judged_ns;        /* the last look at where the scan is */
};

/* scan.c */
/* Of all workers, as of now. */
struct counts scan_counts(const struct scan *s);

/* scan_phase.c */
/* Look after the phases, on the loop from here on: until nothing is left, then the loop stops. Handles are
 * closed with the loop. STS_ESYS. */
int control_watch(struct control *c, struct sts_err *err) STS_CHECK;
/* On to `phase`, where the scan is not as far yet; what is left then ends with `oc` (scan_end_outcome). */
void control_move(struct control *c, enum scan_phase phase, enum outcome oc);
#endif
