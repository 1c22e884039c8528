/* cmd_serve.c - the servers, until a signal ends them, and what they counted. */
#include "bench/sim/commands.h"
#include "bench/sim/report.h"
#include "bench/sim/smtp_visits.h"
#include "bench/sim/tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define STATUS_MS      1000
#define GREETING_LEAST 0.05 /* of the profile's: a slow greeting is slow at --latency 0, too */

struct serve {
    struct sim sim;
    struct world world; /* as told, latencies by --latency */
    uv_loop_t loop;
    uv_signal_t signals[2];
    uv_timer_t status;
    struct dns_server *dns;
    struct conn_server *https, *smtp;
    struct report report;
    bool stopping;
};

static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void stop_servers(struct serve *s)
{
    if (s->dns != NULL)
        dns_stop(s->dns);
    if (s->https != NULL)
        conn_server_stop(s->https);
    if (s->smtp != NULL)
        conn_server_stop(s->smtp);
    s->dns = NULL;
    s->https = s->smtp = NULL;
}

static void stop(struct serve *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    stop_servers(s);
    for (size_t i = 0; i < 2; i++)
        uv_close((uv_handle_t *)&s->signals[i], NULL);
    uv_close((uv_handle_t *)&s->status, NULL);
}

static void on_signal(uv_signal_t *signal, int number)
{
    (void)number;
    stop(signal->data);
}

static void on_status(uv_timer_t *timer)
{
    struct serve *s = timer->data;

    report_status(&s->report, stderr);
}

static bool start_servers(struct serve *s, const struct options *o, char *error, size_t error_len)
{
    s->dns = dns_start(&s->sim, o->dns_address, o->dns_port, error, error_len);
    if (s->dns == NULL)
        return false;
    s->https = https_start(&s->sim, o->https_port, error, error_len);
    if (s->https == NULL)
        return false;
    s->smtp = smtp_start(&s->sim, o->smtp_port, error, error_len);
    return s->smtp != NULL && (o->ca_out == NULL || tls_write_ca(s->sim.tls, o->ca_out, error, error_len));
}

static void start_handles(struct serve *s, bool status)
{
    static const int numbers[] = {SIGINT, SIGTERM};

    for (size_t i = 0; i < 2; i++) {
        uv_signal_init(&s->loop, &s->signals[i]);
        s->signals[i].data = s;
        uv_signal_start(&s->signals[i], on_signal, numbers[i]);
    }
    uv_timer_init(&s->loop, &s->status);
    s->status.data = s;
    if (status)
        uv_timer_start(&s->status, on_status, STATUS_MS, STATUS_MS);
}

static void say_ready(const struct serve *s, const struct options *o)
{
    fprintf(
        stderr,
        "stsim: %llu names of %s, seed %llu; DNS %s port %u, HTTPS port %u and SMTP port %u at 127.0.0.0/8; "
        "ready\n",
        (unsigned long long)s->world.n_names, o->profile, (unsigned long long)s->world.seed, o->dns_address,
        o->dns_port, o->https_port, o->smtp_port);
}

static bool write_json(const struct serve *s, const char *path)
{
    FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    bool good = out != NULL;

    if (good) {
        report_json(&s->report, out);
        good = !ferror(out);
        good = (out == stdout ? fflush(out) : fclose(out)) == 0 && good;
    }
    if (!good)
        fprintf(stderr, "stsim: %s: the statistics cannot be written\n", path);
    return good;
}

static int run(struct serve *s, const struct options *o)
{
    char error[512];
    bool good;

    s->sim.tls = tls_new(&s->world, &s->sim.counts.certs_made, error, sizeof(error));
    s->sim.watch = watch_new();
    good = s->sim.tls != NULL && s->sim.watch != NULL;
    if (s->sim.tls != NULL && s->sim.watch == NULL)
        snprintf(error, sizeof(error), "out of memory");
    start_handles(s, !o->quiet && isatty(STDERR_FILENO));
    good = good && start_servers(s, o, error, sizeof(error));
    if (good)
        say_ready(s, o);
    else {
        fprintf(stderr, "stsim: %s\n", error);
        stop(s);
    }
    report_begin(&s->report, &s->sim);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    if (good) {
        report_end(&s->report, stderr);
        good = o->stats_json == NULL || write_json(s, o->stats_json);
    }
    smtp_visits_free(s->sim.visits);
    if (s->sim.watch != NULL)
        watch_free(s->sim.watch);
    if (s->sim.tls != NULL)
        tls_free(s->sim.tls);
    return good ? 0 : 1;
}

int cmd_serve(const struct options *o)
{
    struct serve *s = calloc(1, sizeof(*s));
    int status = 1;

    signal(SIGPIPE, SIG_IGN);
    raise_descriptors();
    if (s == NULL || uv_loop_init(&s->loop) != 0) {
        fprintf(stderr, "stsim: out of memory\n");
        free(s);
        return status;
    }
    s->world = o->world;
    s->world.param[PARAM_DNS_LATENCY_MS] *= o->latency;
    s->world.param[PARAM_TCP_LATENCY_MS] *= o->latency;
    s->world.param[PARAM_GREETING_MS] *= o->latency > GREETING_LEAST ? o->latency : GREETING_LEAST;
    s->sim.world = &s->world;
    s->sim.loop = &s->loop;
    s->sim.no_latency = o->latency == 0;
    status = run(s, o);
    if (uv_loop_close(&s->loop) != 0) {
        fprintf(stderr, "stsim: a handle was left open\n");
        status = 1;
    }
    free(s);
    return status;
}
