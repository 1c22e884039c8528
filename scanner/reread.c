#include "scanner/reread.h"

#include "scanner/worker.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define CHANGES_BYTES 512 /* what a message says of all rates */

static void tell_failure(const struct reread *r, const struct sts_err *err, const char *kept)
{
    fprintf(r->messages, "stscan: SIGHUP: %s; %s stay in force\n", err->msg, kept);
}

static void reread_blocklist(struct reread *r, const char *path)
{
    struct exclusions *x = &r->scan->exclusions;
    struct sts_err err = {0};
    struct blocklist *list;

    if (blocklist_read(path, &list, &err) != STS_OK) {
        tell_failure(r, &err, "the exclusions read before");
        return;
    }
    /* x->list is changed by this thread alone. */
    fprintf(r->messages,
            "stscan: SIGHUP: blocklist %s: %" PRIu64 " prefixes, %" PRIu64 " names (was %" PRIu64 ", %" PRIu64
            ")\n",
            path, blocklist_n_prefixes(list), blocklist_n_names(list), blocklist_n_prefixes(x->list),
            blocklist_n_names(x->list));
    exclusions_replace(x, list);
    blocklist_unref(list);
    for (uint32_t i = 0; i < r->scan->n_workers; i++)
        worker_wake(&r->scan->workers[i]);
}

static uint32_t fitting(const struct reread *r, uint64_t connections)
{
    return connections > 0 && connections < r->most_connections ? (uint32_t)connections : r->most_connections;
}

static void set_rate(struct reread *r, enum rate_id id, uint64_t value)
{
    struct scan *s = r->scan;

    switch (id) {
    case RATE_DNS: rate_set(&s->dns_rate, (double)(value * s->options->name_servers.n)); break;
    case RATE_CONNECT: rate_set(&s->connect_rate, (double)value); break;
    case RATE_CONNECTIONS:
        atomic_store_explicit(&s->max_connections, fitting(r, value), memory_order_relaxed);
        break;
    case RATES_N: break;
    }
}

/* "dns-rate 500 (was 2000)", added to `text`. */
static void add_change(const struct reread *r, enum rate_id id, uint64_t value, char text[CHANGES_BYTES])
{
    char lowered[CHANGES_BYTES / RATES_N] = "", was[CHANGES_BYTES / RATES_N] = "the default";
    size_t len = strlen(text);

    if (id == RATE_CONNECTIONS && value > fitting(r, value))
        snprintf(lowered, sizeof(lowered), ", lowered to %" PRIu32 " by the limit of open files",
                 fitting(r, value));
    if (r->rates.v[id].given)
        snprintf(was, sizeof(was), "%" PRIu64, r->rates.v[id].value);
    snprintf(text + len, CHANGES_BYTES - len, "%s %s %" PRIu64 "%s (was %s)", len == 0 ? "" : ";",
             rates_name(id), value, lowered, was);
}

static void reread_rates(struct reread *r, const char *path)
{
    char changes[CHANGES_BYTES] = "";
    struct sts_err err = {0};
    struct rates rates;

    if (rates_read(path, &rates, &err) != STS_OK) {
        tell_failure(r, &err, "the rates read before");
        return;
    }
    for (enum rate_id id = 0; id < RATES_N; id++) {
        if (!rates.v[id].given || (r->rates.v[id].given && rates.v[id].value == r->rates.v[id].value))
            continue;
        add_change(r, id, rates.v[id].value, changes);
        set_rate(r, id, rates.v[id].value);
        r->rates.v[id] = rates.v[id];
    }
    fprintf(r->messages, "stscan: SIGHUP: rates %s:%s\n", path,
            changes[0] != '\0' ? changes : " nothing changed");
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct reread *r = handle->data;
    const struct options *o = r->scan->options;

    (void)number;
    if (o->blocklist != NULL)
        reread_blocklist(r, o->text[OPT_blocklist]);
    if (o->rates_file != NULL)
        reread_rates(r, o->rates_file);
    if (o->blocklist == NULL && o->rates_file == NULL)
        fputs("stscan: SIGHUP: nothing to read again: neither --blocklist-file nor --rates-file is given\n",
              r->messages);
}

static void set_blocked(int how)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(how, &set, NULL);
}

void reread_hold(void)
{
    set_blocked(SIG_BLOCK);
}

void reread_let_go(void)
{
    set_blocked(SIG_UNBLOCK);
}

int reread_start(struct reread *r, uv_loop_t *loop, struct scan *scan, uint32_t most_connections,
                 FILE *messages, struct sts_err *err)
{
    const struct options *o = scan->options;

    r->scan = scan;
    r->messages = messages;
    r->most_connections = most_connections;
    r->rates = (struct rates){.v = {[RATE_DNS] = {o->given[OPT_dns_rate], o->dns_rate},
                                    [RATE_CONNECT] = {true, o->connect_rate},
                                    [RATE_CONNECTIONS] = {true, o->max_connections}}};
    r->on_hup.data = r;
    if (uv_signal_init(loop, &r->on_hup) != 0 || uv_signal_start(&r->on_hup, on_signal, SIGHUP) != 0)
        return sts_fail(err, STS_ESYS, "cannot listen for SIGHUP");
    set_blocked(SIG_UNBLOCK);
    return STS_OK;
}
