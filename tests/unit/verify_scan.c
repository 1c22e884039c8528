#include "tests/unit/verify_scan.h"

#include "analysis/verify.h"
#include "sinks/writer.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define INPUT "a.example\n\nc.example\n"
#define S(text)                \
    {                          \
        text, sizeof(text) - 1 \
    }
#define LIMIT 20

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

static void put_domains(struct build *b, uint64_t wrong)
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

static void put_host(struct build *b, uint64_t wrong)
{
    struct sts_str addresses[] = {S("192.0.2.1"), S("192.0.2.1")};
    struct rec_dns a = {.oc = OC_OK, .addr = {addresses, 2}};
    struct rec_host host = {
        .name = S("mx.example"), .oc = OC_OK, .a = &a, .n_cut = wrong & ADDRESS_CUT ? 1 : 0};
    struct rec_ip ip = {.ip = S("192.0.2.9")};

    if (wrong & SAMPLED)
        ip.ip = addresses[0];
    if (!(wrong & HOST_MISSING))
        put(b, REC_host, &host);
    if (wrong & HOST_TWICE)
        put(b, REC_host, &host);
    put(b, REC_ip, &ip);
}

static void put_shared(struct build *b, uint64_t wrong)
{
    static const char der[] = "certificate";
    uint8_t digest[SHA256_DIGEST_LENGTH], body[SHA256_DIGEST_LENGTH], other[SHA256_DIGEST_LENGTH];
    struct sts_str fp = {(const char *)digest, sizeof(digest)};
    struct rec_cert cert = {.digest = fp, .der = S("certificate")};
    struct rec_attempt tries[] = {{.oc = OC_TCP_REFUSED},
                                  {.oc = wrong & ATTEMPT_DIFFERS ? OC_TCP_RESET : OC_OK}};
    struct rec_tls tls = {.version = 0x0304, .chain = {&fp, 1}};
    struct rec_attempt refused[] = {
        {.oc = OC_TCP_REFUSED}, {.oc = OC_OUR_NETWORK}, {.oc = OC_ADDRESS_RESERVED}};
    struct sts_str unknown = S("no such certificate, and 32 bytes");
    struct rec_tls also_tls = {.chain = {wrong & ALSO_MISSING ? &unknown : &fp, 1}};
    struct rec_fetch also = {
        .oc = OC_OK, .tls = &also_tls, .body_digest = {(const char *)body, sizeof(body)}};
    struct rec_policy policy = {.name = S("a.example"),
                                .oc = OC_OK,
                                .tls = &tls,
                                .others = {&also, 1},
                                .body = S("version: STSv1"),
                                .body_digest = {(const char *)body, sizeof(body)}};
    struct rec_endpoint endpoint = {.host = S("mx.example"),
                                    .ip = S("192.0.2.1"),
                                    .port = 25,
                                    .oc = OC_OK,
                                    .att = {tries, 2},
                                    .tls = &tls};

    SHA256((const unsigned char *)policy.body.p, policy.body.len, body);
    SHA256((const unsigned char *)"other", 5, other);
    other[31] ^= wrong & ALSO_WRONG ? 1 : 0;
    body[31] ^= wrong & BODY_WRONG ? 1 : 0;
    if (wrong & (ALSO_OTHER | ALSO_WRONG))
        also.body_digest.p = (const char *)other;
    if (wrong & ALSO_OTHER)
        also.body = sts_str("other");
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
    for (int i = !!(wrong & ENDPOINT_MISSING); i < 1 + !!(wrong & ENDPOINT_TWICE); i++)
        put(b, REC_endpoint, &endpoint);
    if (!(wrong & POLICY_MISSING))
        put(b, REC_policy, &policy);
    if (wrong & CERT_LATE)
        put(b, REC_cert, &cert);
    put_host(b, wrong);
}

static void put_end(struct build *b, uint64_t wrong, const uint8_t *input)
{
    struct rec_count counts[] = {
        {REC_domain, OC_OK, 1},
        {REC_domain, OC_NAME_EMPTY,
         1 + !!(wrong & (POSITION_TWICE | POSITION_REPEATED)) - !!(wrong & POSITION_MISSING)},
        {REC_domain, OC_BLOCKLISTED, wrong & COUNT_WRONG ? 7 : 1},
        {REC_host, OC_OK, 1 + !!(wrong & HOST_TWICE) - !!(wrong & HOST_MISSING)},
        {REC_endpoint, wrong & NO_ROUTE_ENDPOINT ? OC_TCP_REFUSED : OC_OK,
         1 + !!(wrong & ENDPOINT_TWICE) - !!(wrong & ENDPOINT_MISSING)},
        {REC_policy, wrong & NO_ROUTE ? OC_TCP_REFUSED : OC_OK, !(wrong & POLICY_MISSING)},
        {REC_ip, OC_NONE, 1},
        {REC_host, OC_OK, 1},
        {REC_KIND_LIMIT, OC_OK, 2}, /* of a later version */
    };
    struct rec_end end = {.end_ms = 9,
                          .complete = !(wrong & STOPPED),
                          .reason = S("SIGINT"),
                          .positions = 3,
                          .last_pos = wrong & SHARDED ? 5 : 3,
                          .counts = {counts, 7}};

    end.counts.n -= !!(wrong & COUNT_LEFT_OUT);
    if (wrong & (COUNT_TWICE | FOREIGN))
        end.counts.n = wrong & FOREIGN ? 9 : 8;
    if (wrong & FOREIGN)
        counts[7] = counts[8];
    if (input != NULL)
        end.input_digest = (struct sts_str){(const char *)input, SHA256_DIGEST_LENGTH};
    end.last_pos = wrong & LAST_POS_WILD ? UINT64_MAX : end.last_pos;
    put(b, REC_end, &end);
}

/* Records of a kind that is not known yet, in a frame of their own and in that of another kind. */
static void put_foreign(struct build *b)
{
    static const char record[] = "\x82\xa1k\x09\xa1x\x01";
    static const unsigned kinds[] = {REC_domain, REC_host, REC_KIND_LIMIT, REC_MASK_REST, 40};

    for (size_t i = 0; i < STS_LEN(kinds); i++) {
        struct frame_info info = {
            .kind = (enum rec_kind)kinds[i], .n_records = 1, .raw_bytes = sizeof(record) - 1};

        assert_int_equal(scan_writer_put(b->writer, &info, (const uint8_t *)record, &b->err), STS_OK);
    }
}

/* The trust store: one certificate. `digest`: of it. */
static void put_anchor(struct build *b)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    const struct rec_cert cert = {
        .digest = {(const char *)digest, sizeof(digest)}, .der = S("anchor"), .trusted = true};

    SHA256((const unsigned char *)"anchor", 6, digest);
    put(b, REC_cert, &cert);
}

static void trust_digest(uint8_t out[SHA256_DIGEST_LENGTH])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)"anchor", 6, digest);
    SHA256(digest, sizeof(digest), out);
}

/* Ends the run and begins another. */
static void resume(struct build *b, const char *dir, const struct rec_scan *scan,
                   const struct scan_writer_options *options)
{
    struct sink *sink;
    int lock;

    put_end(b, STOPPED | COUNT_WRONG, NULL);
    assert_int_equal(scan_writer_close(b->writer, NULL, &b->err), STS_OK);
    assert_int_equal(sink_dir_lock(dir, &lock, &b->err), STS_OK);
    assert_int_equal(sink_dir_resume(dir, lock, NULL, &sink, &b->err), STS_OK);
    assert_int_equal(scan_writer_new(&b->writer, sink, scan, options, &b->err), STS_OK);
}

/* What the scan record says: all three names belong to the shard. */
struct about {
    struct rec_option options[2];
    uint8_t trust[SHA256_DIGEST_LENGTH], edge[SHA256_DIGEST_LENGTH], whole[SHA256_DIGEST_LENGTH];
    struct rec_scan scan;
};

static void describe(struct about *about, uint64_t wrong)
{
    *about = (struct about){.options = {{S("shards"), S("4")}, {S("shard"), S("1")}}};
    trust_digest(about->trust);
    about->trust[0] ^= wrong & TRUST_WRONG ? 1 : 0;
    SHA256((const unsigned char *)INPUT INPUT, 2 * strlen(INPUT),
           about->edge); /* both edges hold all of it */
    SHA256((const unsigned char *)INPUT, strlen(INPUT), about->whole);
    about->scan = (struct rec_scan){.schema = 1,
                                    .start_ms = 1,
                                    .trust_digest = {(const char *)about->trust, sizeof(about->trust)},
                                    .n_trust = 1,
                                    .input_bytes = strlen(INPUT),
                                    .input_edge_digest = {(const char *)about->edge, sizeof(about->edge)},
                                    .options = {about->options, wrong & SHARDED ? 2 : 0}};
    if (wrong & (SHARD_WRONG | SHARD_WILD))
        about->options[1].value = sts_str(wrong & SHARD_WRONG ? "2" : "4");
    if (wrong & NO_STARTTLS) {
        about->options[0] = (struct rec_option){.name = S("no-starttls")};
        about->scan.options.n = 1;
    }
}

static void build(struct build *b, const char *dir, uint64_t wrong)
{
    const struct scan_writer_options options = {.level = 1};
    struct about about;
    struct sink *sink;

    describe(&about, wrong);
    assert_int_equal(sink_dir_open(dir, &sink, &b->err), STS_OK);
    assert_int_equal(scan_writer_new(&b->writer, sink, &about.scan, &options, &b->err), STS_OK);
    if (wrong & RESUMED) {
        about.scan.input_bytes += !!(wrong & OTHER_INPUT);
        resume(b, dir, &about.scan, &options);
    }
    if (!(wrong & TRUST_LACKS))
        put_anchor(b);
    if (wrong & FOREIGN)
        put_foreign(b);
    put_domains(b, wrong);
    put_shared(b, wrong);
    if (!(wrong & NO_END))
        put_end(b, wrong, about.whole);
    if (wrong & BEHIND_END)
        put(b, REC_ip, &(struct rec_ip){.ip = S("192.0.2.9")});
    assert_int_equal(scan_writer_close(b->writer, NULL, &b->err), STS_OK);
    rec_buf_fini(&b->raw);
}

/* A line more, or a byte that is another one. */
static void write_input(const char *path, uint64_t wrong)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    fprintf(file, "%s%s%s", wrong & INPUT_OTHER ? "b" : "a", &INPUT[1],
            wrong & INPUT_LONGER ? "d.example\n" : "");
    fclose(file);
}

uint64_t verify_scan_made(uint64_t wrong, char **text)
{
    char dir[] = "/tmp/test_verify.XXXXXX", file[128], input[64];
    struct build b = {0};
    struct scan_reader *r;
    struct verify v;
    uint64_t n_problems;
    size_t len;
    FILE *out = open_memstream(text, &len);

    assert_non_null(mkdtemp(dir));
    build(&b, dir, wrong);
    snprintf(input, sizeof(input), "%s/names", dir);
    write_input(input, wrong);

    assert_int_equal(scan_reader_open(&r, dir, &b.err), STS_OK);
    verify_init(&v, out, LIMIT);
    assert_int_equal(verify_scan(&v, r, &b.err), STS_OK);
    assert_int_equal(verify_input(&v, input, &b.err), STS_OK);
    verify_report(&v, r);
    n_problems = v.n_problems;
    verify_fini(&v);
    scan_reader_close(r);
    fclose(out);
    for (int part = 1; part <= 2; part++) {
        snprintf(file, sizeof(file), "%s/part-%06d.msgpack.zst", dir, part);
        unlink(file);
    }
    unlink(input);
    rmdir(dir);
    return n_problems;
}
