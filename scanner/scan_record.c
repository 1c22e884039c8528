#include "scanner/scan_record.h"

#include "scanner/checks.h"
#include "scanner/options_row.h"
#include "scanner/tls.h"
#include "scanner/worker.h"

#include <ares.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define LIBRARIES     5
#define LIBRARY_BYTES 128
#define NUMBER_BYTES  24
#define HELLO_NAME    "mx.example.org" /* the server name in the ClientHello that is kept */

static struct sts_strs strings(struct arena *arena, const char *const *texts, uint32_t n)
{
    struct sts_strs list = {.v = arena_alloc(arena, n * sizeof(*list.v))};

    for (uint32_t i = 0; list.v != NULL && i < n; i++)
        list.v[list.n++] = arena_copy(arena, texts[i], strlen(texts[i]));
    return list;
}

static struct sts_strs libraries(struct arena *arena)
{
    char texts[LIBRARIES][LIBRARY_BYTES];
    const char *list[LIBRARIES];

    snprintf(texts[0], LIBRARY_BYTES, "c-ares %s", ares_version(NULL));
    snprintf(texts[1], LIBRARY_BYTES, "%s", OpenSSL_version(OPENSSL_VERSION));
    snprintf(texts[2], LIBRARY_BYTES, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
    snprintf(texts[3], LIBRARY_BYTES, "libuv %s", uv_version_string());
    snprintf(texts[4], LIBRARY_BYTES, "zstd %s", ZSTD_versionString());
    for (unsigned i = 0; i < LIBRARIES; i++)
        list[i] = texts[i];
    return strings(arena, list, LIBRARIES);
}

static struct sts_strs resolvers(const struct servers *servers, struct arena *arena)
{
    struct sts_strs list = {.v = arena_alloc(arena, servers->n * sizeof(*list.v))};

    for (uint32_t i = 0; list.v != NULL && i < servers->n; i++) {
        char text[SERVER_TEXT_BYTES];

        server_text(&servers->v[i], text);
        list.v[list.n++] = arena_copy(arena, text, strlen(text));
    }
    return list;
}

/* Is a list of `n` there as a whole? */
static bool is_whole(const struct sts_strs *list, uint32_t n)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->v[i].p == NULL)
            return false;
    }
    return list->n == n;
}

/* As it came out on this host. */
static int set_option(struct rec_scan *out, enum option_id id, bool derived, const char *text,
                      struct arena *arena)
{
    const char *name = option_row(id)->name;
    struct sts_str value = arena_copy(arena, text, strlen(text));
    uint32_t i = 0;

    while (i < out->options.n && !sts_str_equal(out->options.v[i].name, sts_str(name)))
        i++;
    if (i == out->options.n)
        out->options.n++;
    out->options.v[i] = (struct rec_option){sts_str(name), value, derived};
    return value.p != NULL ? STS_OK : STS_ENOMEM;
}

/* The options in force, with what follows from this host where the user left it open. */
static int settings(const struct scan *s, struct arena *arena, struct rec_scan *out, struct sts_err *err)
{
    const bool *given = s->options->given;
    char dns_rate[NUMBER_BYTES], connections[NUMBER_BYTES], threads[NUMBER_BYTES];

    if (options_in_force(s->options, arena, &out->options.v, &out->options.n, err) != STS_OK)
        return err->code;
    snprintf(dns_rate, sizeof(dns_rate), "%" PRIu64, options_total_dns_rate(s->options));
    snprintf(connections, sizeof(connections), "%" PRIu32, s->max_connections);
    snprintf(threads, sizeof(threads), "%" PRIu32, s->n_workers);
    if ((!given[OPT_dns_rate] && set_option(out, OPT_dns_rate, true, dns_rate, arena) != STS_OK) ||
        set_option(out, OPT_threads, !given[OPT_threads], threads, arena) != STS_OK ||
        set_option(out, OPT_max_connections, !given[OPT_max_connections], connections, arena) != STS_OK ||
        set_option(out, OPT_ehlo_name, !given[OPT_ehlo_name], s->ehlo_name, arena) != STS_OK)
        return sts_fail(err, STS_ENOMEM, "out of memory");
    return STS_OK;
}

int scan_record(const struct scan *s, const struct input *input, SSL_CTX *ctx, struct arena *arena,
                struct rec_scan *out, struct sts_err *err)
{
    const struct input_info *info = input_info(input);
    uint8_t *trust = arena_alloc(arena, DIGEST_BYTES);

    *out = (struct rec_scan){.schema = REC_SCHEMA_VERSION,
                             .program = sts_str("stscan " STS_VERSION),
                             .start_ms = s->start_ms,
                             .seed = s->seed,
                             .resolvers = resolvers(&s->options->name_servers, arena),
                             .libraries = libraries(arena),
                             .input = sts_str(info->name),
                             .input_bytes = info->size_bytes};
    if (settings(s, arena, out, err) != STS_OK)
        return err->code;
    if (trust == NULL || !is_whole(&out->resolvers, s->options->name_servers.n) ||
        !is_whole(&out->libraries, LIBRARIES))
        return sts_fail(err, STS_ENOMEM, "out of memory");
    if (info->has_size)
        out->input_edge_digest = (struct sts_str){(const char *)info->edge_digest, DIGEST_BYTES};
    if (s->store != NULL) {
        tls_store_digest(s->store, trust);
        out->trust_digest = (struct sts_str){(const char *)trust, DIGEST_BYTES};
        out->n_trust = tls_store_n(s->store);
    }
    out->checks.v = s->checks->v;
    out->checks.n = s->checks->n;
    if (ctx != NULL)
        out->client_hello = tls_client_hello(ctx, HELLO_NAME, arena);
    if (ctx != NULL && out->client_hello.p == NULL)
        return sts_fail(err, STS_ENOMEM, "out of memory for a ClientHello");
    return STS_OK;
}

static void add_before(const struct before *b, uint64_t totals[REC_KIND_LIMIT][OUTCOME_LIMIT],
                       struct rec_end *out)
{
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++) {
        for (unsigned oc = 0; oc < OUTCOME_LIMIT; oc++)
            totals[kind][oc] += b->counts[kind][oc];
    }
    if (b->done.highest > out->last_pos)
        out->last_pos = b->done.highest;
    out->positions += b->done.n;
    out->queries += b->queries;
    out->connects += b->connects;
    out->loop_gaps += b->loop_gaps;
}

static int add_counts(const struct scan *s, struct arena *arena, struct rec_end *out)
{
    uint64_t totals[REC_KIND_LIMIT][OUTCOME_LIMIT] = {{0}};

    out->counts.v = arena_alloc(arena, (size_t)REC_KIND_LIMIT * OUTCOME_LIMIT * sizeof(*out->counts.v));
    for (uint32_t i = 0; i < s->n_workers; i++) {
        if (s->workers[i].outbox != NULL)
            outbox_add_counts(s->workers[i].outbox, totals);
        if (s->workers[i].last_pos > out->last_pos)
            out->last_pos = s->workers[i].last_pos;
    }
    if (s->before != NULL)
        add_before(s->before, totals, out);
    if (out->counts.v == NULL)
        return STS_ENOMEM;
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++) {
        for (unsigned oc = 0; oc < OUTCOME_LIMIT && kind != REC_cert; oc++) {
            if (totals[kind][oc] > 0)
                out->counts.v[out->counts.n++] = (struct rec_count){kind, oc, totals[kind][oc]};
        }
    }
    return STS_OK;
}

int end_record(const struct scan *s, const struct counts *counts, const char *reason,
               const uint8_t *input_digest, bool complete, struct arena *arena, struct rec_end *out)
{
    const int64_t ran_ms = (scan_clock_ns() - s->start_ns) / 1000000;

    /* As all times of the scan: a clock that is set while it runs changes none. */
    *out = (struct rec_end){.end_ms = s->start_ms + (uint64_t)ran_ms,
                            .complete = complete,
                            .reason = sts_str(complete ? "" : reason),
                            .positions = counts->names_done - counts->names_again,
                            .queries = counts->queries,
                            .connects = counts->connects,
                            .loop_gaps = counts->loop_gaps};
    if (input_digest != NULL)
        out->input_digest = (struct sts_str){(const char *)input_digest, DIGEST_BYTES};
    return add_counts(s, arena, out);
}
