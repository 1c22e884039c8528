/* questions.h - the DNS questions of one thing (a name, an MX host, a policy host): what is open, and the
 * second round for those without an answer (DESIGN.md, Attempts). Thread: the worker's loop. */
#ifndef STS_QUESTIONS_H
#define STS_QUESTIONS_H
#include "scanner/dns.h"

struct worker;
struct questions;
typedef void (*questions_done_fn)(struct questions *qs);

/* Embedded in the thing. What is asked, and every answer, is in its arena. */
struct questions {
    struct timer timer; /* first: until the second round */
    struct worker *w;
    struct arena *arena;
    struct question *asked;
    struct questions *next, **at; /* of those that wait, while this one waits */
    questions_done_fn done;
    uint32_t n_open;
    bool was_put_off; /* there is one second round */
    bool is_put_off;  /* until it is over; such things are counted, not held in the window */
};
/* `qs` is zeroed. `done`: no question is open; it is called from the loop, once for each time that all were
 * answered, and once after questions_put_off(). */
void questions_init(struct questions *qs, struct worker *w, struct arena *arena, questions_done_fn done);
/* Ask `type` at `prefix` ("" or labels that end in a dot) with `name` behind it, both borrowed; the answer
 * goes to *to. One that cannot be asked for want of memory ends the scan, and is not open. */
void questions_ask(struct questions *qs, const char *prefix, const char *name, enum dns_type type,
                   unsigned flags, struct rec_dns **to);
/* If an answer is none (temporary): ask again after --dns-retry-after. False: no, all is as it stays; where a
 * second round was due, an entry in the list of attempts says why there was none. The lists of attempts are
 * joined; an answer of the second round takes the place of the first, unless the fault is ours. */
bool questions_put_off(struct questions *qs);
/* No second round for those that wait: `oc` says why. */
void questions_end_all(struct worker *w, enum outcome oc);
#endif
