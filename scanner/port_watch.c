#include "scanner/port_watch.h"

static void move(struct port_watch *p, enum port_verdict from, enum port_verdict to)
{
    int expected = from;

    atomic_compare_exchange_strong(&p->verdict, &expected, to);
}

void port_connected(struct port_watch *p)
{
    move(p, PORT_UNDECIDED, PORT_OPEN);
    move(p, PORT_TOO_FEW, PORT_OPEN);
}

void port_failed(struct port_watch *p)
{
    if (port_verdict(p) == PORT_UNDECIDED && atomic_fetch_add(&p->n_tried, 1) + 1 >= PORT_ENOUGH_IPS)
        move(p, PORT_UNDECIDED, PORT_BLOCKED);
}

void port_settle(struct port_watch *p)
{
    move(p, PORT_UNDECIDED, PORT_TOO_FEW);
}

#define WHAT_TO_DO                                                                                        \
    "Many networks and clouds block it outwards: ask yours to open it, scan from elsewhere, or leave MX " \
    "hosts "                                                                                              \
    "out with --no-starttls."

void port_tell_blocked(const struct port_watch *p, unsigned port, FILE *to)
{
    fprintf(to,
            "stscan: port %u seems to be blocked from this host: none of the first %u addresses of MX hosts "
            "took a connection. MX hosts are not contacted any more, and those attempts are recorded as our "
            "own fault (OUR_PORT_BLOCKED). " WHAT_TO_DO "\n",
            port, atomic_load(&p->n_tried));
}

void port_tell_end(const struct port_watch *p, unsigned port, FILE *to)
{
    enum port_verdict verdict = port_verdict(p);
    unsigned n = atomic_load(&p->n_tried);

    if ((verdict == PORT_UNDECIDED || verdict == PORT_TOO_FEW) && n >= PORT_SOME_IPS)
        fprintf(
            to,
            "stscan: none of the %u addresses of MX hosts that were tried took a connection: port %u may be "
            "blocked from this host. The records hold what was seen, as if it were theirs. " WHAT_TO_DO "\n",
            n, port);
}
