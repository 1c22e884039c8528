/* smtp_visits.h - how often a server was connected to, of those that ask: greylisting, STARTTLS from the
 * second time on. All clients are one, as they are on loopback. Thread: the loop's. */
#ifndef SIM_SMTP_VISITS_H
#define SIM_SMTP_VISITS_H
#include <stdint.h>

#define SMTP_MOST_VISITED (1u << 20) /* servers; beyond, the one of longest ago goes, and is new again */

struct smtp_visits;
struct smtp_visits *smtp_visits_new(void);
void smtp_visits_free(struct smtp_visits *v);
/* The number of this visit, from 1. */
uint32_t smtp_visit(struct smtp_visits *v, uint32_t address);
#endif
