/* The steps of ststat show, in words: a host that was not in the sample of its address, and a golden name. */
#include "analysis/evidence.h"
#include "analysis/show_verdict.h"
#include "sinks/writer.h"

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

static void put(struct scan_writer *writer, enum rec_kind kind, const void *record, struct sts_err *err)
{
    struct frame_info info = {.kind = kind, .n_records = 1};
    struct rec_buf raw = {0};

    assert_int_equal(rec_encode(&raw, kind, record), STS_OK);
    info.raw_bytes = raw.len;
    assert_int_equal(scan_writer_put(writer, &info, raw.p, err), STS_OK);
    rec_buf_fini(&raw);
}

/* mx.a.test was not in the sample of 192.0.2.1, where mx.other.test was. */
static void put_all(struct scan_writer *writer, struct sts_err *err)
{
    struct sts_str address = S("192.0.2.1");
    struct rec_mx mx = {10, S("mx.a.test")};
    struct rec_dns a = {.oc = OC_OK, .addr = {&address, 1}}, aaaa = {.oc = OC_DNS_NODATA},
                   mxs = {.oc = OC_OK, .mx = {&mx, 1}}, sts = {.oc = OC_DNS_NODATA};

    put(writer, REC_domain,
        &(struct rec_domain){.pos = 1, .name = S("a.test"), .oc = OC_OK, .mx = &mxs, .sts = &sts}, err);
    put(writer, REC_host, &(struct rec_host){.name = S("mx.a.test"), .oc = OC_OK, .a = &a, .aaaa = &aaaa},
        err);
    put(writer, REC_host, &(struct rec_host){.name = S("mx.other.test"), .oc = OC_OK, .a = &a, .aaaa = &aaaa},
        err);
    put(writer, REC_endpoint,
        &(struct rec_endpoint){
            .host = S("mx.other.test"), .ip = S("192.0.2.1"), .port = 25, .oc = OC_SMTP_NO_STARTTLS},
        err);
    put(writer, REC_ip, &(struct rec_ip){.ip = S("192.0.2.1"), .n_hosts = 2, .n_probed = 1}, err);
}

/* The verdict on the one domain record of `name`; to be freed. */
static char *shown(const char *path, const char *name)
{
    struct scan_reader *r;
    struct evidence e;
    struct sts_err err = {0};
    unsigned n = 0;
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);

    assert_int_equal(scan_reader_open(&r, path, &err), STS_OK);
    assert_int_equal(evidence_gather(&e, r, name, NULL, &err), STS_OK);
    for (const struct kept *k = e.first; k != NULL; k = k->next) {
        if (k->kind != REC_domain)
            continue;
        assert_int_equal(show_verdict(out, e.join, k->record, &err), STS_OK);
        n++;
    }
    assert_int_equal(n, 1);
    evidence_fini(&e);
    scan_reader_close(r);
    fclose(out);
    return text;
}

static void test_inferred(void **state)
{
    static const char want[] =
        "\nverdict on a.test\n"
        "   1. mail route: has MX: 10 mx.a.test (RFC 5321 section 5.1)\n"
        "   2. MTA-STS record: none (RFC 8461 section 3.1)\n"
        "   3. MX host 10 mx.a.test: in the clear, as other hosts at its address (RFC 3207 section 4)\n"
        "   4. opportunistic sender: clear; delivered in the clear (RFC 7435 section 3)\n"
        "   5. MTA-STS sender: clear; no usable record: as if MTA-STS were not implemented (RFC 8461 section "
        "3.1)\n"
        "   6. under attack, opportunistic sender: clear; STARTTLS can be stripped (RFC 3207 section 6)\n"
        "   7. under attack, MTA-STS sender at first contact: clear; the record can be suppressed "
        "(RFC 8461 section 10.2)\n"
        "   8. under attack, MTA-STS sender with the policy: clear; no policy that it would have to keep to "
        "(RFC 8461 section 3.1)\n"
        "      Without inference: opportunistic sender inconclusive, MTA-STS sender inconclusive.\n";
    const struct rec_scan scan = {.schema = 1, .start_ms = 1};
    const struct scan_writer_options options = {.level = 1};
    char dir[] = "/tmp/test_show_verdict.XXXXXX", file[128];
    struct scan_writer *writer;
    struct sts_err err = {0};
    struct sink *sink;
    char *text;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(sink_dir_open(dir, &sink, &err), STS_OK);
    assert_int_equal(scan_writer_new(&writer, sink, &scan, &options, &err), STS_OK);
    put_all(writer, &err);
    assert_int_equal(scan_writer_close(writer, NULL, &err), STS_OK);
    text = shown(dir, "a.test");
    assert_string_equal(text, want);
    free(text);
    snprintf(file, sizeof(file), "%s/part-000001.msgpack.zst", dir);
    unlink(file);
    rmdir(dir);
}

static void test_golden(void **state)
{
    static const char *const lines[] = {
        "   4. policy: mode testing, max_age 86400 s (RFC 8461 section 3.2)\n",
        ": listed, STARTTLS, TLS 1.2, TLS 1.3, certificate good: passes (RFC 8461 section 4.2)\n",
        "   7. MTA-STS sender: encrypted; mode testing: delivered all the same, failures are reported "
        "(RFC 8461 section 5)\n",
        "   8. MTA-STS sender, were it enforced: authenticated; delivered over TLS to a host that proved its "
        "name (RFC 8461 section 5)\n",
        "  12. result types: none (RFC 8460 section 4.3)\n",
    };
    char *text = shown(TEST_DATA "/golden/v1", "testing.example");

    (void)state;
    for (size_t i = 0; i < STS_LEN(lines); i++)
        if (strstr(text, lines[i]) == NULL)
            fail_msg("no line \"%s\" in:\n%s", lines[i], text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_inferred), cmocka_unit_test(test_golden)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
