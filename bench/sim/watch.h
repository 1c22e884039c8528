/* watch.h - politeness, from the other side: how many connections each address and each /24 had at a time,
 * and how many began within any second. Thread: the loop's. */
#ifndef SIM_WATCH_H
#define SIM_WATCH_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_MOST_ENTRIES                                                                                 \
    (1u << 22) /* addresses and networks with connections in the last second; beyond: not watched, counted \
                */

struct watch;
enum watch_service { WATCH_HTTPS, WATCH_SMTP, WATCH_SERVICES };

struct watch_peak {
    uint32_t most_open;                  /* at a time */
    uint32_t most_in_second;             /* begun within any 1,000 ms */
    uint64_t least_gap_ms;               /* between two beginnings; UINT64_MAX: none within a second */
    uint32_t open_at, second_at, gap_at; /* where: address, or network's first */
};
struct watch *watch_new(void);
void watch_free(struct watch *w);
/* What is open at the address now, this one counted, and begun in the last second. False: not watched, no
 * room, and then no watch_close. `now_ms` never goes back. */
bool watch_open(struct watch *w, enum watch_service s, uint32_t address, uint64_t now_ms, uint32_t *n_open,
                uint32_t *n_in_second);
void watch_close(struct watch *w, enum watch_service s, uint32_t address, uint64_t now_ms);
void watch_peaks(const struct watch *w, enum watch_service s, struct watch_peak *address,
                 struct watch_peak *network);
uint64_t watch_missed(const struct watch *w);
#endif
