/* ststat verify: a small scan, sound or with one thing wrong. */
#include "analysis/verify.h"
#include "sinks/writer.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
#define LIMIT 20

enum wrong {
    NOTHING = 0,
    POSITION_MISSING = 1 << 0,
    POSITION_TWICE = 1 << 1,
    POSITION_REPEATED = 1 << 2, /* with a higher attempt: right */
    POSITION_ZERO = 1 << 3,
    HOST_MISSING = 1 << 4,
    HOST_CUT = 1 << 5, /* left out by --mx-limit: right */
    HOST_TWICE = 1 << 6,
    POLICY_MISSING = 1 << 7,
    CERT_MISSING = 1 << 8,
    CERT_LATE = 1 << 9,
    CERT_DIGEST = 1 << 10,
    COUNT_WRONG = 1 << 11,
    COUNT_LEFT_OUT = 1 << 12,
    BEHIND_END = 1 << 13,
    STOPPED = 1 << 14,
    NO_END = 1 << 15,
    SHARDED = 1 << 16,
    ATTEMPT_DIFFERS = 1 << 17,
    LAST_POS_WILD = 1 << 18,
    SHARD_WRONG = 1 << 19, /* with SHARDED */
    SHARD_WILD = 1 << 20,
    NO_ROUTE = 1 << 21,          /* to the second address of a policy host: right */
    NO_ROUTE_ENDPOINT = 1 << 22, /* for the last look at an endpoint */
    ALSO_MISSING = 1 << 23,      /* a certificate that another address of a policy host sent */
    RESUMED = 1 << 24,           /* behind a run that was stopped at once: right */
};

struct build {
    struct scan_writer *writer;
    struct rec_buf raw;
    struct sts_err err;
};

static void put(struct build *b, enum rec_kind kind, const void *record)
{
    struct frame_info info = {.kind = kind, .n_records = 1};

    b->raw.len = 0;
    assert_int_equal(rec_encode(&b->raw, kind, record), STS_OK);
    info.raw_bytes = b->raw.len;
    assert_int_equal(scan_writer_put(b->writer, &info, b->raw.p, &b->err), STS_OK);
}

static void put_domains(struct build *b, unsigned wrong)
{
    struct rec_mx mxs[] = {{.host = S("MX.example")}, {.host = S("cut.example")}, {.host = S(".")}};
    struct rec_dns mx = {.oc = OC_OK, .mx = {mxs, 3}};
    struct rec_domain d = {.pos = 1, .name = S("a.example"), .oc = OC_OK, .fetch = true, .mx = &mx};

    d.n_mx_cut = !(wrong & HOST_CUT);
    put(b, REC_domain, &d);
    d = (struct rec_domain){.pos = wrong & POSITION_ZERO ? 0 : 2, .oc = OC_NAME_EMPTY};
    if (!(wrong & POSITION_MISSING))
        put(b, REC_domain, &d);
    if (wrong & (POSITION_TWICE | POSITION_REPEATED)) {
        d.attempt = wrong & POSITION_REPEATED ? 1 : 0;
        put(b, REC_domain, &d);
    }
    d = (struct rec_domain){.pos = wrong & SHARDED ? 5 : 3, .name = S("c.example"), .oc = OC_BLOCKLISTED};
    put(b, REC_domain, &d);
}

static void put_shared(struct build *b, unsigned wrong)
{
    static const char der[] = "certificate";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct sts_str fp = {(const char *)digest, sizeof(digest)};
    struct rec_cert cert = {.digest = fp, .der = S("certificate")};
    struct rec_attempt tries[] = {{.oc = OC_TCP_REFUSED},
                                  {.oc = wrong & ATTEMPT_DIFFERS ? OC_TCP_RESET : OC_OK}};
    struct rec_tls tls = {.version = 0x0304, .chain = {&fp, 1}};
    struct rec_host host = {.name = S("mx.example"), .oc = OC_OK};
    struct rec_attempt refused[] = {
        {.oc = OC_TCP_REFUSED}, {.oc = OC_OUR_NETWORK}, {.oc = OC_ADDRESS_RESERVED}};
    struct sts_str unknown = S("no such certificate, and 32 bytes");
    struct rec_tls also_tls = {.chain = {wrong & ALSO_MISSING ? &unknown : &fp, 1}};
    struct rec_fetch also = {.oc = OC_OK, .tls = &also_tls};
    struct rec_policy policy = {.name = S("a.example"), .oc = OC_OK, .tls = &tls, .others = {&also, 1}};
    struct rec_endpoint endpoint = {.host = S("mx.example"),
                                    .ip = S("192.0.2.1"),
                                    .port = 25,
                                    .oc = OC_OK,
                                    .att = {tries, 2},
                                    .tls = &tls};
    struct rec_ip ip = {.ip = S("192.0.2.1")};

    SHA256((const unsigned char *)der, sizeof(der) - 1, digest);
    digest[0] ^= wrong & CERT_DIGEST ? 1 : 0;
    if (!(wrong & (CERT_MISSING | CERT_LATE)))
        put(b, REC_cert, &cert);
    if (wrong & NO_ROUTE) {
        policy = (struct rec_policy){.name = S("a.example"), .oc = OC_TCP_REFUSED};
        policy.att.v = refused;
        policy.att.n = STS_LEN(refused);
    }
    if (wrong & NO_ROUTE_ENDPOINT) {
        endpoint.oc = OC_TCP_REFUSED;
        endpoint.att.v = refused;
    }
    put(b, REC_endpoint, &endpoint);
    if (!(wrong & POLICY_MISSING))
        put(b, REC_policy, &policy);
    if (wrong & CERT_LATE)
        put(b, REC_cert, &cert);
    if (!(wrong & HOST_MISSING))
        put(b, REC_host, &host);
    if (wrong & HOST_TWICE)
        put(b, REC_host, &host);
    put(b, REC_ip, &ip);
}

static void put_end(struct build *b, unsigned wrong)
{
    struct rec_count counts[] = {
        {REC_domain, OC_OK, 1},
        {REC_domain, OC_NAME_EMPTY,
         1 + !!(wrong & (POSITION_TWICE | POSITION_REPEATED)) - !!(wrong & POSITION_MISSING)},
        {REC_domain, OC_BLOCKLISTED, wrong & COUNT_WRONG ? 7 : 1},
        {REC_host, OC_OK, 1 + !!(wrong & HOST_TWICE) - !!(wrong & HOST_MISSING)},
        {REC_endpoint, wrong & NO_ROUTE_ENDPOINT ? OC_TCP_REFUSED : OC_OK, 1},
        {REC_policy, wrong & NO_ROUTE ? OC_TCP_REFUSED : OC_OK, !(wrong & POLICY_MISSING)},
        {REC_ip, OC_NONE, 1},
    };
    struct rec_end end = {.end_ms = 9,
                          .complete = !(wrong & STOPPED),
                          .reason = S("SIGINT"),
                          .positions = 3,
                          .last_pos = wrong & SHARDED ? 5 : 3,
                          .counts = {counts, STS_LEN(counts)}};

    end.counts.n -= !!(wrong & COUNT_LEFT_OUT);
    end.last_pos = wrong & LAST_POS_WILD ? UINT64_MAX : end.last_pos;
    put(b, REC_end, &end);
}

/* Ends the run and begins another. */
static void resume(struct build *b, const char *dir, const struct rec_scan *scan,
                   const struct scan_writer_options *options)
{
    struct sink *sink;
    int lock;

    put_end(b, STOPPED | COUNT_WRONG);
    assert_int_equal(scan_writer_close(b->writer, NULL, &b->err), STS_OK);
    assert_int_equal(sink_dir_lock(dir, &lock, &b->err), STS_OK);
    assert_int_equal(sink_dir_resume(dir, lock, NULL, &sink, &b->err), STS_OK);
    assert_int_equal(scan_writer_new(&b->writer, sink, scan, options, &b->err), STS_OK);
}

/* Build the scan, verify it, clear it away. The output is `*text`, to be freed. */
static uint64_t run(unsigned wrong, char **text)
{
    char dir[] = "/tmp/test_verify.XXXXXX", file[128];
    struct rec_option shards[] = {{S("shards"), S("4")}, {S("shard"), S("1")}}; /* all three belong to it */
    const struct rec_scan scan = {.schema = 1, .start_ms = 1, .options = {shards, wrong & SHARDED ? 2 : 0}};
    const struct scan_writer_options options = {.level = 1};
    struct build b = {0};
    struct scan_reader *r;
    struct sink *sink;
    struct verify v;
    uint64_t n_problems;
    size_t len;
    FILE *out = open_memstream(text, &len);

    if (wrong & (SHARD_WRONG | SHARD_WILD))
        shards[1].value = sts_str(wrong & SHARD_WRONG ? "2" : "4");
    assert_non_null(mkdtemp(dir));
    assert_int_equal(sink_dir_open(dir, &sink, &b.err), STS_OK);
    assert_int_equal(scan_writer_new(&b.writer, sink, &scan, &options, &b.err), STS_OK);
    if (wrong & RESUMED)
        resume(&b, dir, &scan, &options);
    put_domains(&b, wrong);
    put_shared(&b, wrong);
    if (!(wrong & NO_END))
        put_end(&b, wrong);
    if (wrong & BEHIND_END)
        put(&b, REC_ip, &(struct rec_ip){.ip = S("192.0.2.9")});
    assert_int_equal(scan_writer_close(b.writer, NULL, &b.err), STS_OK);
    rec_buf_fini(&b.raw);

    assert_int_equal(scan_reader_open(&r, dir, &b.err), STS_OK);
    verify_init(&v, out, LIMIT);
    assert_int_equal(verify_scan(&v, r, &b.err), STS_OK);
    verify_report(&v, r);
    n_problems = v.n_problems;
    verify_fini(&v);
    scan_reader_close(r);
    fclose(out);
    snprintf(file, sizeof(file), "%s/part-000001.msgpack.zst", dir);
    unlink(file);
    snprintf(file, sizeof(file), "%s/part-000002.msgpack.zst", dir);
    unlink(file);
    rmdir(dir);
    return n_problems;
}

static void expect(unsigned wrong, uint64_t n_problems, const char *words)
{
    char *text;
    uint64_t n = run(wrong, &text);

    if (n != n_problems || strstr(text, words) == NULL)
        fail_msg("%#x: %u problems, not %u; or not \"%s\":\n%s", wrong, (unsigned)n, (unsigned)n_problems,
                 words, text);
    free(text);
}

static void test_sound(void **state)
{
    (void)state;
    expect(NOTHING, 0, "3 of domains, as many as were taken up: 1 to 3, each there");
    expect(NOTHING, 0, "no problems");
    expect(NOTHING, 0, "cited 3 times");
    expect(NO_ROUTE, 0, "no problems");
    expect(POSITION_REPEATED, 0, "repeated      1 superseded");
    expect(RESUMED, 0, "state         complete");
    expect(SHARDED, 0,
           "as many as were taken up by this shard, 1 of 4: each of them belongs to it; 3 domain");
}

static void test_problems(void **state)
{
    (void)state;
    expect(POSITION_MISSING, 2, "positions 2 to 2 have no record"); /* and the number of positions */
    expect(POSITION_TWICE, 1, "a second record of position 2 with attempt 0");
    expect(POSITION_ZERO, 2, "a domain record without a position");
    expect(HOST_CUT, 1, "cut.example: an MX host of position 1 without a host record");
    expect(HOST_MISSING, 2, "mx.example: an endpoint without a host record");
    expect(HOST_TWICE, 1, "mx.example: a second host record with attempt 0");
    expect(POLICY_MISSING, 1, "a.example: a policy to fetch without a policy record");
    expect(ALSO_MISSING, 1, "a.example: certificate 0 of its chain is not in the scan before it");
    expect(CERT_MISSING, 3, "certificate 0 of its chain is not in the scan before it");
    expect(CERT_LATE, 4, "the certificate stands behind a record that cites it");
    expect(CERT_DIGEST, 1, "the certificate is not what its fingerprint says");
    expect(COUNT_WRONG, 1, "says 7 domain records with outcome BLOCKLISTED; there are 1");
    expect(COUNT_LEFT_OUT, 1, "says nothing of 1 ip records with outcome 0");
    expect(BEHIND_END, 2, "a record behind the end of the scan");
    expect(ATTEMPT_DIFFERS, 1, "its outcome is OK, but that of its last attempt is TCP_RESET");
    expect(NO_ROUTE_ENDPOINT, 1, "its outcome is TCP_REFUSED, but that of its last attempt is OUR_NETWORK");
    expect(SHARDED | SHARD_WRONG, 3, "c.example: position 5 belongs to shard 1, not to this one");
    expect(SHARDED | SHARD_WRONG, 3, "as many as were taken up by this shard, 2 of 4; 3 domain");
    expect(SHARDED | SHARD_WILD, 2, "the scan record says shard 4 of 4");
    expect(LAST_POS_WILD, 1, "positions 4 to 18446744073709551614 have no record");
}

/* What was stopped is checked for what was written, and it says so. */
static void test_stopped(void **state)
{
    (void)state;
    expect(STOPPED, 0, "stopped before its end, SIGINT: checked for what was written");
    expect(STOPPED | POLICY_MISSING, 0, "1 without a policy record, as may be in a scan that was stopped");
    expect(NO_END | HOST_MISSING, 0, "not ended, the end record is missing: checked for what was written");
    expect(NO_END | POSITION_TWICE, 1, "a second record of position 2 with attempt 0");
    expect(STOPPED | COUNT_WRONG, 1, "says 7 domain records");
    expect(STOPPED | HOST_MISSING, 1, "an endpoint without a host record");
    expect(RESUMED | STOPPED, 0, "stopped before its end, SIGINT: checked for what was written");
    expect(RESUMED | NO_END, 0, "not ended, the end record is missing: checked for what was written");
    expect(RESUMED | COUNT_WRONG, 1, "says 7 domain records");
    expect(RESUMED | BEHIND_END, 2, "a record behind the end of the scan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sound), cmocka_unit_test(test_problems),
                                       cmocka_unit_test(test_stopped)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
