/* records.c - the golden scan: the scan itself, domains and policies. */
#include "tests/golden/records.h"

/* SHA-256 of what they are named after. */
#define GOOD_BODY_DIGEST                                                 \
    S("\xa3\x3c\x17\x3d\x5a\x04\x32\x49\x08\x4c\xc5\xfe\x55\x66\x56\x47" \
      "\xc3\x21\x7a\xd2\x18\xb1\xd1\xee\xe4\x83\xf9\x41\xc3\x17\x18\xb8")
#define TESTING_BODY_DIGEST                                              \
    S("\xd1\x2f\x76\x80\x7a\x57\x06\x6f\x4f\xbd\x58\x87\x92\x8c\x40\x22" \
      "\x33\xe5\x8e\x13\x3c\xe2\x92\x83\x18\x89\xc5\x91\x4e\xc8\x4b\xef")
#define OTHER_BODY_DIGEST                                                \
    S("\x0f\x91\x9c\x5e\xc5\xd5\x3b\xea\xf5\x7f\x2e\xe4\x23\x44\x5b\x81" \
      "\x32\x5b\xf2\x5f\x42\xbc\xee\x71\xb1\x99\x0f\xd9\xb1\xe6\x09\x86")
#define NO_PAGE_DIGEST                                                   \
    S("\xb7\xd0\x82\xee\x12\xe9\x1b\x75\x6e\xa2\x2e\x85\x13\xb8\x59\x4e" \
      "\xeb\xcf\x5d\x39\xfa\xb8\x13\xda\x3c\xb5\x57\x94\xdc\x88\x8a\xd7")
/* ... over that of the root certificate */
#define TRUST_DIGEST                                                     \
    S("\x60\x9f\xdb\xc0\x29\x0c\x36\xcb\x9a\x6f\xb5\x35\x6b\xc0\xce\x12" \
      "\x64\xb4\xbd\x50\xe4\xea\xb8\xf2\xc5\x44\x82\xb5\x8c\xaf\x08\x92")

const struct rec_scan golden_scan = {
    .schema = 1,
    .program = S("stscan 0.1.0 (golden)"),
    .start_ms = UINT64_C(1769947200000), /* 2026-02-01 12:00:00 UTC */
    .seed = UINT64_C(0xfedcba9876543210),
    .options = L(option, {S("window"), S("50000"), true}, {S("keep-txt"), {NULL, 0}, false}),
    .resolvers = SS(S("127.0.0.1:53"), S("[::1]:53")),
    .client_hello = S("\x16\x03\x01\x00\x05hello"),
    .libraries = SS(S("c-ares 1.18.1"), S("OpenSSL 3.0.22")),
    .input = S("golden.txt"),
    .input_bytes = 321,
    .input_edge_digest = S("edge-digest-of-the-golden-scan-32"),
    .trust_digest = TRUST_DIGEST,
    .n_trust = 1,
    .checks = L(check, {S("resolver"), 0, S("127.0.0.1:53 answers")},
                {S("ptr"), 1, S("the source address has no name")}),
};

#define TRY(t, d, outcome) L(attempt, {.t_ms = t, .dur_ms = d, .oc = outcome})
#define MX(...)                                                                       \
    &(struct rec_dns)                                                                 \
    {                                                                                 \
        .oc = OC_OK, .ttl_s = 300, .mx = L(mx, __VA_ARGS__), .att = TRY(3, 20, OC_OK) \
    }
#define TXT(...)                                                                        \
    &(struct rec_dns)                                                                   \
    {                                                                                   \
        .oc = OC_OK, .ttl_s = 600, .txt = L(txt, __VA_ARGS__), .att = TRY(9, 15, OC_OK) \
    }
#define NODATA                                                 \
    &(struct rec_dns)                                          \
    {                                                          \
        .oc = OC_DNS_NODATA, .att = TRY(11, 14, OC_DNS_NODATA) \
    }
#define NXDOMAIN                                                               \
    &(struct rec_dns)                                                          \
    {                                                                          \
        .oc = OC_DNS_NXDOMAIN, .rcode = 3, .att = TRY(12, 13, OC_DNS_NXDOMAIN) \
    }
#define SERVFAIL                                                                                  \
    &(struct rec_dns)                                                                             \
    {                                                                                             \
        .oc = OC_DNS_SERVFAIL, .rcode = 2, .cd_oc = OC_DNS_TIMEOUT,                               \
        .ede = L(ede, {.code = 22, .text = S("no reachable authority")}),                         \
        .att = L(attempt,                                                                         \
                 {.t_ms = 15,                                                                     \
                  .dur_ms = 5000,                                                                 \
                  .oc = OC_DNS_TIMEOUT,                                                           \
                  .src = SRC_ARES,                                                                \
                  .raw = 12,                                                                      \
                  .ip = S("127.0.0.1")},                                                          \
                 {.t_ms = 5020, .dur_ms = 30, .oc = OC_DNS_SERVFAIL, .src = SRC_RCODE, .raw = 2}) \
    }

static const struct rec_domain domains[] = {
    {.pos = 1,
     .name = S("good.example"),
     .input = S("Good.Example."),
     .oc = OC_OK,
     .rank = S("1"),
     .tag = S("news\xff"),
     .weight = S("0.25"),
     .signalled = true,
     .fetch = true,
     .mx = MX({10, S("mx1.good.example")}, {20, S("MX2.Good.example")}),
     .sts = &(struct rec_dns){.oc = OC_OK,
                              .ad = true,
                              .ttl_s = 60,
                              .cname = SS(S("_mta-sts.provider.example")),
                              .txt = L(txt, {SS(S("v=STSv1; "), S("id=20260101"))}),
                              .att = TRY(5, 18, OC_OK)},
     .rpt = TXT({SS(S("v=TLSRPTv1; rua=mailto:tls@good.example, https://good.example/r"))}),
     .dmarc = TXT({SS(S("v=DMARC1; p=reject"))}),
     .spf = &(struct rec_dns){.oc = OC_OK,
                              .txt = L(txt, {SS(S("v=spf1 mx -all"))}),
                              .n_other = 3,
                              .other_bytes = 190,
                              .len_bytes = 700,
                              .att = TRY(8, 16, OC_OK)},
     .wild = NXDOMAIN},
    {.pos = 2,
     .name = S("testing.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({0, S("mx1.good.example")}),
     .sts = TXT({SS(S("v=STSv1; id=2;"))}, {SS(S("v=spf1 -all"))}),
     .rpt = TXT({SS(S("v=TLSRPTv1; rua=tls@testing.example"))}),
     .dmarc = NODATA,
     .spf = NODATA,
     .wild = TXT({SS(S("v=STSv1; id=2;"))}),
     .n_mx_cut = 0},
    {.pos = 3,
     .name = S("xn--bcher-kva.example"),
     .input = S("B\xc3\xbc"
                "cher.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({5, S("mx2.good.example")}),
     .sts = TXT({SS(S("v=STSv1; id=2026-01-01;"))}),
     .rpt = NXDOMAIN,
     .dmarc = NODATA,
     .spf = NODATA},
    {.pos = 4,
     .name = S("multi.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({10, S("mx.gone.example")}, {10, S("mx.blocked.example")}, {30, S("mx9.cut.example")}),
     .sts = TXT({SS(S("v=STSv1; id=1;"))}, {SS(S("v=STSv1; id=2;"))}),
     .rpt = NODATA,
     .dmarc = NODATA,
     .spf = NODATA,
     .n_mx_cut = 1},
    {.pos = 5,
     .name = S("expired.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({10, S("mx.expired.example")}),
     .sts = TXT({SS(S("v=STSv1; id=5"))}),
     .rpt = NODATA,
     .dmarc = NODATA,
     .spf = NODATA},
    {.pos = 6,
     .name = S("nomatch.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({10, S("mx.self.example")}, {20, S("mx.plain.example")}),
     .sts = TXT({SS(S("v=STSv1; id=6;"))}),
     .rpt = NODATA,
     .dmarc = NODATA,
     .spf = NODATA},
    {.pos = 7,
     .name = S("null.example"),
     .oc = OC_OK,
     .mx = MX({0, S(".")}),
     .sts = NXDOMAIN,
     .rpt = NXDOMAIN,
     .dmarc = NODATA,
     .spf = NODATA},
    {.pos = 8,
     .name = S("implicit.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = NODATA,
     .sts = SERVFAIL,
     .rpt = SERVFAIL,
     .dmarc = NODATA,
     .spf = NODATA,
     .a = &(struct rec_dns){.oc = OC_OK, .addr = SS(S("192.0.2.9")), .att = TRY(21, 9, OC_OK)},
     .aaaa = NODATA},
    {.pos = 9, .name = S("nx.example"), .oc = OC_OK, .mx = NXDOMAIN},
    {.pos = 10, .input = S("bad..name\t\x01"), .oc = OC_NAME_LABEL_EMPTY, .src = SRC_OFFSET, .raw = 4},
    {.pos = 11, .name = S("late.example"), .oc = OC_OK, .mx = SERVFAIL},
    {.pos = 12,
     .name = S("control.example"),
     .oc = OC_OK,
     .control = true,
     .fetch = true,
     .mx = MX({10, S("mx.plain.example")}),
     .sts = NXDOMAIN,
     .rpt = NXDOMAIN,
     .dmarc = NODATA,
     .spf = NODATA,
     .a = NODATA,
     .aaaa = NODATA},
};
static const struct rec_domain domains_again[] = {
    {.pos = 14, .name = S("blocked.example"), .oc = OC_BLOCKLISTED},
    {.pos = 11,
     .name = S("late.example"),
     .attempt = 1,
     .oc = OC_OK,
     .mx = MX({10, S("mx.late.example")}),
     .sts = NODATA,
     .rpt = TXT({SS(S("v=TLSRPTv1;rua=https://late.example"))}),
     .dmarc = NODATA,
     .spf = NODATA},
    {.pos = 13,
     .name = S("none.example"),
     .oc = OC_OK,
     .signalled = true,
     .fetch = true,
     .mx = MX({10, S("mx1.good.example")}),
     .sts = TXT({SS(S("v=STSv1; id=13;"))}),
     .rpt = NODATA,
     .dmarc = NODATA,
     .spf = NODATA},
};

#define ADDRESS(ip4) \
    .a = &(struct rec_dns){.oc = OC_OK, .addr = SS(S(ip4)), .att = TRY(25, 9, OC_OK)}, .aaaa = NODATA
#define POLICY_TLS(host, chain_)                                                                    \
    .sni = S(host), .version = 0x0304, .cipher = S("TLS_AES_128_GCM_SHA256"), .group = S("x25519"), \
    .sigalg = S("rsaEncryption"), .chain = {chain_, 2}, .dur_ms = 33
#define SERVED(type)                                                                                  \
    .status = 200, .http = S("HTTP/2"), .headers = S("HTTP/2 200\r\nContent-Type: " type "\r\n\r\n"), \
    .connect_ms = 12, .first_byte_ms = 70
#define SEEN(t, outcome)                                                                                   \
    .att = L(attempt, {.t_ms = t, .dur_ms = 88, .oc = outcome, .ip = S("192.0.2.80")}), .ip = S("192.0.2." \
                                                                                                "80")

static const struct rec_policy policies[] = {
    {.name = S("good.example"),
     .host = S("mta-sts.good.example"),
     .oc = OC_OK,
     ADDRESS("192.0.2.80"),
     .att = L(attempt,
              {.t_ms = 50, .dur_ms = 9, .oc = OC_TCP_RESET, .src = SRC_CURL, .raw = 7, .ip = S("192.0.2.79")},
              {.t_ms = 2000, .dur_ms = 88, .oc = OC_OK, .ip = S("192.0.2.80")}),
     .ip = S("192.0.2.80"),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.good.example", golden_chain_policy)},
     SERVED("text/plain; charset=utf-8"),
     .body = S("version: STSv1\r\nmode: enforce\r\nmx: mx1.good.example\r\nmx: *.good.example\r\nmax_age: "
               "604800\r\n"),
     .body_digest = GOOD_BODY_DIGEST,
     .others = L(fetch,
                 {.ip = S("192.0.2.81"),
                  .t_ms = 2100,
                  .dur_ms = 50,
                  .oc = OC_OK,
                  .tls = &(struct rec_tls){POLICY_TLS("mta-sts.good.example", golden_chain_policy)},
                  .status = 200,
                  .headers = S("Content-Type: text/plain\r\n"),
                  .body_digest = GOOD_BODY_DIGEST},
                 {.ip = S("2001:db8::80"),
                  .t_ms = 2200,
                  .dur_ms = 51,
                  .oc = OC_HTTP_STATUS,
                  .src = SRC_HTTP,
                  .raw = 404,
                  .tls = &(struct rec_tls){POLICY_TLS("mta-sts.good.example", golden_chain_policy)},
                  .status = 404,
                  .headers = S("Content-Type: text/html\r\n"),
                  .body_digest = NO_PAGE_DIGEST,
                  .body = S("<html>"),
                  .body_bytes = 70001},
                 {.ip = S("192.0.2.82"), .t_ms = 2300, .oc = OC_OUR_STOP})},
    {.name = S("testing.example"),
     .host = S("mta-sts.testing.example"),
     .oc = OC_OK,
     ADDRESS("192.0.2.80"),
     SEEN(2100, OC_OK),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.testing.example", golden_chain_policy)},
     SERVED("TEXT/PLAIN"),
     .body = S("version: STSv1\nmode: testing\nmx: mx1.good.example\nmax_age: 86400"),
     .body_digest = TESTING_BODY_DIGEST,
     .others =
         L(fetch, {.ip = S("192.0.2.83"),
                   .t_ms = 2110,
                   .dur_ms = 52,
                   .oc = OC_OK,
                   .tls = &(struct rec_tls){POLICY_TLS("mta-sts.testing.example", golden_chain_policy)},
                   .status = 200,
                   .headers = S("Content-Type: text/plain\r\n"),
                   .body_digest = OTHER_BODY_DIGEST,
                   .body = S("version: STSv1\nmode: enforce\nmx: mx1.good.example\nmax_age: 604800\n")})},
    {.name = S("xn--bcher-kva.example"),
     .host = S("mta-sts.xn--bcher-kva.example"),
     .oc = OC_HTTP_STATUS,
     ADDRESS("192.0.2.80"),
     .att = L(attempt, {.t_ms = 2200, .dur_ms = 60, .oc = OC_HTTP_STATUS, .src = SRC_HTTP, .raw = 404}),
     .ip = S("192.0.2.80"),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.xn--bcher-kva.example", golden_chain_policy)},
     .status = 404,
     .http = S("HTTP/1.1"),
     .headers = S("HTTP/1.1 404 Not Found\r\n\r\n"),
     .body = S("<html>"),
     .body_bytes = 70000},
    {.name = S("multi.example"),
     .host = S("mta-sts.multi.example"),
     .oc = OC_OK,
     ADDRESS("192.0.2.80"),
     SEEN(2300, OC_OK),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.multi.example", golden_chain_policy)},
     SERVED("text/html"),
     .body = S("version: STSv1\nmode: enforce\nmx: postmaster@multi.example\nmax_age: 1\n\n")},
    {.name = S("expired.example"),
     .host = S("mta-sts.expired.example"),
     .oc = OC_OK,
     ADDRESS("192.0.2.81"),
     SEEN(2400, OC_OK),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.expired.example", golden_chain_expired),
                              .verify = L(verify_error, {.code = 10})},
     SERVED("text/plain"),
     .body = S("version: STSv1\nmode: enforce\nmx: mx.expired.example\nmax_age: 1\n")},
    {.name = S("nomatch.example"),
     .host = S("mta-sts.nomatch.example"),
     .oc = OC_OK,
     ADDRESS("192.0.2.80"),
     SEEN(2500, OC_OK),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.nomatch.example", golden_chain_policy),
                              .verify = L(verify_error, {.code = 62})},
     SERVED("text/plain"),
     .body = S("version: STSv1\nmode: none\nmax_age: 1\n")},
    {.name = S("implicit.example"),
     .host = S("mta-sts.implicit.example"),
     .oc = OC_DNS_SERVFAIL,
     .a = SERVFAIL,
     .aaaa = SERVFAIL},
    {.name = S("control.example"),
     .host = S("mta-sts.control.example"),
     .oc = OC_DNS_NXDOMAIN,
     .a = NXDOMAIN,
     .aaaa = NXDOMAIN},
    {.name = S("none.example"),
     .host = S("mta-sts.none.example"),
     .oc = OC_TCP_TIMEOUT,
     ADDRESS("192.0.2.80"),
     .att = L(attempt, {.t_ms = 2600, .dur_ms = 9000, .oc = OC_TCP_TIMEOUT, .src = SRC_CURL, .raw = 28})},
};
static const struct rec_policy policies_again[] = {
    {.name = S("none.example"),
     .host = S("mta-sts.none.example"),
     .attempt = 1,
     .oc = OC_OK,
     ADDRESS("192.0.2.80"),
     SEEN(700000, OC_OK),
     .tls = &(struct rec_tls){POLICY_TLS("mta-sts.none.example", golden_chain_policy)},
     SERVED("text/plain"),
     .body = S("version: STSv1\nmode: none\nmax_age: 31557600\n")},
};

/* The certificates stand before; domains come in several frames, as they do in a scan. */
const struct golden_frame golden_frames[] = {
    {REC_domain, domains, 8},
    {REC_host, golden_hosts, GOLDEN_HOSTS},
    {REC_policy, policies, STS_LEN(policies)},
    {REC_endpoint, golden_endpoints, GOLDEN_ENDPOINTS},
    {REC_domain, domains + 8, STS_LEN(domains) - 8},
    {REC_domain, domains_again, STS_LEN(domains_again)},
    {REC_policy, policies_again, STS_LEN(policies_again)},
    {REC_host, golden_hosts_again, 1},
    {REC_endpoint, golden_endpoints_again, 1},
    {REC_ip, golden_ips, 1},
};
const unsigned golden_n_frames = STS_LEN(golden_frames);
