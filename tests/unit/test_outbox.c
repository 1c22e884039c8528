/* test_outbox.c - outbox.c: what becomes a frame when, in which order, that nothing is lost where the writer
 * is slow, and what is left where memory is out. */
#include "scanner/outbox.h"
#include "scanner/scan.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

#define MOST_CHUNKS 4096

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool refuses_next;

void *__wrap_calloc(size_t n, size_t size)
{
    if (!refuses_next)
        return __real_calloc(n, size);
    refuses_next = false;
    return NULL;
}

struct bench {
    struct scan scan;
    struct outbox *outbox;
    struct chunk *chunks[MOST_CHUNKS]; /* as the writer got them */
    unsigned n_chunks;
};

static void bench_init(struct bench *b, uint32_t queue_limit)
{
    memset(b, 0, sizeof(*b));
    assert_int_equal(pthread_mutex_init(&b->scan.failure_lock, NULL), 0);
    assert_int_equal(fifo_init(&b->scan.chunks, queue_limit), STS_OK);
    b->outbox = outbox_new(&b->scan);
    assert_non_null(b->outbox);
}

/* Be the writer. */
static void take(struct bench *b)
{
    struct chunk *chunk;

    while ((chunk = (struct chunk *)fifo_try_pop(&b->scan.chunks)) != NULL) {
        assert_true(b->n_chunks < MOST_CHUNKS);
        b->chunks[b->n_chunks++] = chunk;
    }
}

static void take_all(struct bench *b)
{
    while (!outbox_turn(b->outbox))
        take(b);
    take(b);
}

static void bench_fini(struct bench *b)
{
    outbox_free(b->outbox);
    for (unsigned i = 0; i < b->n_chunks; i++) {
        rec_buf_fini(&b->chunks[i]->buf);
        free(b->chunks[i]);
    }
    assert_false(b->scan.failed);
    fifo_fini(&b->scan.chunks);
    pthread_mutex_destroy(&b->scan.failure_lock);
}

static void put_domain(struct bench *b, uint64_t pos, enum outcome oc)
{
    const struct rec_domain domain = {.pos = pos, .oc = oc, .name = {"name.example", 12}};

    outbox_put(b->outbox, REC_domain, &domain, pos);
}

static void put_endpoint(struct bench *b, const char *digest, size_t garbage)
{
    static const char zeros[64 * 1024];
    struct sts_str chain[] = {{digest, 32}};
    struct rec_tls tls = {.chain = {chain, 1}};
    const struct rec_endpoint endpoint = {
        .host = {"mx", 2}, .oc = OC_OK, .tls = &tls, .garbage = {zeros, (uint32_t)garbage}};

    outbox_put(b->outbox, REC_endpoint, &endpoint, 0);
}

static void put_policy(struct bench *b, const char *digest, size_t body)
{
    static const char zeros[64 * 1024];
    struct sts_str chain[] = {{digest, 32}};
    struct rec_tls tls = {.chain = {chain, 1}};
    const struct rec_policy policy = {.oc = OC_HTTP_STATUS, .tls = &tls, .body = {zeros, (uint32_t)body}};

    outbox_put(b->outbox, REC_policy, &policy, 0);
}

static void digest_of(char digest[32], uint64_t number)
{
    memset(digest, 'd', 32);
    memcpy(digest, &number, sizeof(number));
    memcpy(digest + 8, &number, sizeof(number));
}

typedef void (*each_fn)(void *arg, enum rec_kind kind, const void *record);

/* Decode all that the writer got, in its order; each frame holds what its header says. */
static void each_record(const struct bench *b, each_fn fn, void *arg)
{
    struct arena arena;

    arena_init(&arena, 0);
    for (unsigned i = 0; i < b->n_chunks; i++) {
        const struct chunk *c = b->chunks[i];
        size_t at = 0, used;

        assert_int_equal(c->info.raw_bytes, c->buf.len);
        for (uint32_t n = 0; n < c->info.n_records; n++, at += used) {
            enum rec_kind kind;
            void *record;

            arena_reset(&arena);
            assert_int_equal(rec_decode(c->buf.p + at, c->buf.len - at, &arena, &kind, &record, &used),
                             STS_OK);
            assert_int_equal(kind, c->info.kind);
            fn(arg, kind, record);
        }
        assert_int_equal(at, c->buf.len);
    }
    arena_fini(&arena);
}

/* Certificates seen so far, and those cited. */
struct certs {
    uint8_t seen[4096];
    unsigned n_certs, n_cited;
};

static uint64_t number_of(struct sts_str digest)
{
    uint64_t number;

    assert_int_equal(digest.len, 32);
    memcpy(&number, digest.p, sizeof(number));
    assert_true(number < 4096);
    return number;
}

static void check_cert(void *arg, enum rec_kind kind, const void *record)
{
    const struct rec_endpoint *endpoint = record;
    const struct rec_policy *policy = record;
    struct certs *certs = arg;

    if (kind == REC_cert) {
        uint64_t number = number_of(((const struct rec_cert *)record)->digest);

        assert_int_equal(certs->seen[number], 0); /* written once */
        certs->seen[number] = 1;
        certs->n_certs++;
    } else if (kind == REC_endpoint || kind == REC_policy) {
        const struct rec_tls *tls = kind == REC_endpoint ? endpoint->tls : policy->tls;

        assert_int_equal(certs->seen[number_of(tls->chain.v[0])], 1);
        certs->n_cited++;
    }
}

/* Protects readers of a stream: a certificate stands before every record that cites it, however the frames
 * fill, and once. */
static void test_certs_come_first(void **state)
{
    uint64_t seed = 41, r;
    struct certs certs = {0};
    unsigned n_cited = 0;
    struct bench b;
    char der[3000] = {0}, digest[32];

    (void)state;
    bench_init(&b, MOST_CHUNKS);
    for (int i = 0; i < 6000; i++) {
        r = random_next(&seed);
        digest_of(digest, r % 2000);
        outbox_cert(b.outbox, (uint8_t *)digest, (uint8_t *)der, 1 + r / 4096 % sizeof(der), r & 1);
        if (r % 7 == 0)
            put_policy(&b, digest, r / 4096 % 9000);
        else if (r % 7 < 5)
            put_endpoint(&b, digest, r / 4096 % 3000);
        n_cited += r % 7 < 5;
        if (r % 2500 == 0)
            outbox_flush(b.outbox);
    }
    outbox_flush(b.outbox);
    take_all(&b);
    each_record(&b, check_cert, &certs);
    assert_int_equal(certs.n_cited, n_cited);
    assert_true(b.n_chunks > 10);
    bench_fini(&b);
}

/* Protects resume and memory: a frame closes with the record that brings it to its size, not later, and by
 * kind. */
static void test_frames_close(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, MOST_CHUNKS);
    for (uint64_t pos = 1; pos <= 100000; pos++) {
        put_domain(&b, pos, OC_OK);
        if (pos % 100 == 0) {
            char digest[32];

            digest_of(digest, 1);
            put_endpoint(&b, digest, 100);
        }
    }
    take_all(&b);
    assert_true(b.n_chunks >= 2);
    for (unsigned i = 0; i < b.n_chunks; i++) {
        assert_int_equal(b.chunks[i]->info.kind, REC_domain);
        assert_in_range(b.chunks[i]->buf.len, FRAME_RAW_BYTES, FRAME_RAW_BYTES + 64);
    }
    outbox_flush(b.outbox);
    take_all(&b);
    assert_int_equal(b.chunks[b.n_chunks - 1]->info.kind, REC_endpoint);
    assert_int_equal(b.chunks[b.n_chunks - 1]->info.n_records, 1000);
    outbox_flush(b.outbox); /* nothing is left: no empty frame */
    take(&b);
    assert_true(outbox_turn(b.outbox));
    assert_null(fifo_try_pop(&b.scan.chunks));
    bench_fini(&b);
}

static void sum_positions(void *arg, enum rec_kind kind, const void *record)
{
    assert_int_equal(kind, REC_domain);
    *(uint64_t *)arg += ((const struct rec_domain *)record)->pos;
}

/* Protects the index of frames: lowest and highest position of each, in whatever order names end. */
static void test_positions(void **state)
{
    static const uint64_t positions[] = {500, 7, UINT64_C(1) << 40, 8, 0, 9, 3, 3};
    uint64_t sum = 0;
    struct bench b;

    (void)state;
    bench_init(&b, MOST_CHUNKS);
    for (size_t i = 0; i < STS_LEN(positions); i++) {
        put_domain(&b, positions[i], OC_OK);
        if (i == 2 || i == 3)
            outbox_flush(b.outbox);
    }
    outbox_flush(b.outbox);
    take_all(&b);
    assert_int_equal(b.n_chunks, 3);
    assert_int_equal(b.chunks[0]->info.first_pos, 7);
    assert_int_equal(b.chunks[0]->info.last_pos, UINT64_C(1) << 40);
    assert_int_equal(b.chunks[1]->info.first_pos, 8);
    assert_int_equal(b.chunks[1]->info.last_pos, 8);
    assert_int_equal(b.chunks[2]->info.first_pos, 0);
    assert_int_equal(b.chunks[2]->info.last_pos, 9);
    each_record(&b, sum_positions, &sum);
    assert_int_equal(sum, (UINT64_C(1) << 40) + 530);
    bench_fini(&b);
}

/* Protects records from a slow writer: what the queue has no room for stays, in order, and follows. */
static void test_queue_full(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 2);
    assert_true(outbox_turn(b.outbox));
    for (uint64_t pos = 1; pos <= 10; pos++) {
        put_domain(&b, pos, OC_OK);
        outbox_flush(b.outbox);
        assert_int_equal(outbox_turn(b.outbox), pos <= 2);
    }
    for (unsigned n = 2; n <= 10; n += 2) {
        take(&b);
        assert_int_equal(b.n_chunks, n);
        assert_int_equal(outbox_turn(b.outbox), n >= 8);
    }
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(b.chunks[i]->info.first_pos, i + 1);
    for (uint64_t pos = 11; pos <= 13; pos++) { /* as ever afterwards */
        put_domain(&b, pos, OC_OK);
        outbox_flush(b.outbox);
    }
    take_all(&b);
    assert_int_equal(b.n_chunks, 13);
    bench_fini(&b);
}

/* Protects the end without a writer: frames that nobody takes are freed (a sanitizer looks on). */
static void test_free_with_records(void **state)
{
    struct bench b;

    (void)state;
    bench_init(&b, 1);
    for (uint64_t pos = 1; pos <= 5; pos++) {
        put_domain(&b, pos, OC_OK);
        outbox_flush(b.outbox);
    }
    put_domain(&b, 6, OC_OK);
    fifo_close(&b.scan.chunks);
    assert_false(outbox_turn(b.outbox));
    bench_fini(&b);
    outbox_free(NULL);
}

/* Protects scans that stop for want of memory: nothing on disk cites a certificate whose frame could not be
 * made. */
static void test_no_frame_after_a_missing_one(void **state)
{
    struct bench b;
    uv_loop_t loop;
    uv_async_t wake;
    char digest[32];

    (void)state;
    bench_init(&b, MOST_CHUNKS);
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_async_init(&loop, &wake, NULL), 0);
    b.scan.wake = &wake;
    digest_of(digest, 5);
    outbox_cert(b.outbox, (uint8_t *)digest, (uint8_t *)"der", 3, false);
    put_policy(&b, digest, 1);
    refuses_next = true;
    outbox_flush(b.outbox);
    take_all(&b);
    assert_int_equal(b.n_chunks, 0);
    assert_int_equal(b.scan.failure.code, STS_ENOMEM);
    b.scan.failed = false;
    uv_close((uv_handle_t *)&wake, NULL);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    bench_fini(&b);
}

/* Protects the end record: every record is counted once, by kind and outcome, over several workers. */
static void test_counts(void **state)
{
    uint64_t totals[REC_KIND_LIMIT][OUTCOME_LIMIT] = {0}, sum = 0;
    const struct rec_host host = {.oc = OC_NO_ADDRESS};
    const struct rec_ip ip = {.n_hosts = 3};
    struct bench b[2];
    char digest[32];

    (void)state;
    for (int i = 0; i < 2; i++) {
        bench_init(&b[i], MOST_CHUNKS);
        digest_of(digest, 5);
        outbox_cert(b[i].outbox, (uint8_t *)digest, (uint8_t *)"der", 3, false);
        outbox_cert(b[i].outbox, (uint8_t *)digest, (uint8_t *)"der", 3, true);
        for (uint64_t pos = 1; pos <= 30; pos++)
            put_domain(&b[i], pos, pos % 3 ? OC_OK : OC_NAME_EMPTY);
        outbox_put(b[i].outbox, REC_host, &host, 0);
        outbox_put(b[i].outbox, REC_ip, &ip, 0);
        put_endpoint(&b[i], digest, 1);
        put_policy(&b[i], digest, 1);
        outbox_add_counts(b[i].outbox, totals);
    }
    assert_int_equal(totals[REC_domain][OC_OK], 40);
    assert_int_equal(totals[REC_domain][OC_NAME_EMPTY], 20);
    assert_int_equal(totals[REC_host][OC_NO_ADDRESS], 2);
    assert_int_equal(totals[REC_endpoint][OC_OK], 2);
    assert_int_equal(totals[REC_policy][OC_HTTP_STATUS], 2);
    assert_int_equal(totals[REC_cert][OC_NONE], 2);
    assert_int_equal(totals[REC_ip][OC_NONE], 2);
    for (unsigned kind = 0; kind < REC_KIND_LIMIT; kind++) {
        for (unsigned oc = 0; oc < OUTCOME_LIMIT; oc++)
            sum += totals[kind][oc];
    }
    assert_int_equal(sum, 70);
    for (int i = 0; i < 2; i++) {
        outbox_flush(b[i].outbox);
        take_all(&b[i]);
        for (unsigned k = 0; k < b[i].n_chunks; k++)
            sum -= b[i].chunks[k]->info.n_records;
        bench_fini(&b[i]);
    }
    assert_int_equal(sum, 0); /* what was counted is what was written */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certs_come_first),
        cmocka_unit_test(test_frames_close),
        cmocka_unit_test(test_positions),
        cmocka_unit_test(test_queue_full),
        cmocka_unit_test(test_free_with_records),
        cmocka_unit_test(test_no_frame_after_a_missing_one),
        cmocka_unit_test(test_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
