/* hosts.c - the golden scan: MX hosts, endpoints and sampled addresses. */
#include "tests/golden/records.h"

#define ANSWER(t, ip4)                                                                                       \
    &(struct rec_dns)                                                                                        \
    {                                                                                                        \
        .oc = OC_OK, .ttl_s = 3600, .addr = SS(S(ip4)), .att = L(attempt, {.t_ms = t, .dur_ms = 7, .oc = 1}) \
    }
#define NO_ANSWER(t)                                                                       \
    &(struct rec_dns)                                                                      \
    {                                                                                      \
        .oc = OC_DNS_NODATA,                                                               \
        .att = L(attempt, {.t_ms = t, .dur_ms = 5, .oc = OC_DNS_NODATA, .src = SRC_RCODE}) \
    }

const struct rec_host golden_hosts[GOLDEN_HOSTS] = {
    {.name = S("mx1.good.example"),
     .oc = OC_OK,
     .a = ANSWER(30, "192.0.2.1"),
     .aaaa = ANSWER(31, "2001:db8::1"),
     .tlsa_base = S("mx1.good.example"),
     .tlsa = &(struct rec_dns){.oc = OC_OK,
                               .ad = true,
                               .ttl_s = 300,
                               .tlsa = L(tlsa, {.usage = 3,
                                                .selector = 1,
                                                .matching = 1,
                                                .data = S("0123456789abcdef0123456789abcdef")}),
                               .att = L(attempt, {.t_ms = 40, .dur_ms = 4, .oc = OC_OK})}},
    {.name = S("mx2.good.example"),
     .oc = OC_OK,
     .a = &(struct rec_dns){.oc = OC_OK,
                            .ad = true,
                            .ttl_s = 60,
                            .cname = SS(S("Relay.provider.example"), S("pool.provider.example")),
                            .addr = SS(S("192.0.2.2"), S("192.0.2.3")),
                            .att = L(attempt, {.t_ms = 33, .dur_ms = 9, .oc = OC_OK})},
     .aaaa = NO_ANSWER(34),
     .tlsa_base = S("pool.provider.example"),
     .tlsa = NO_ANSWER(43),
     .tlsa_name =
         &(struct rec_dns){
             .oc = OC_DNS_SERVFAIL,
             .rcode = 2,
             .cd_oc = OC_DNS_NODATA,
             .ede = L(ede, {.code = 6, .text = S("DNSSEC bogus")}),
             .att =
                 L(attempt, {.t_ms = 44, .dur_ms = 900, .oc = OC_DNS_SERVFAIL, .src = SRC_RCODE, .raw = 2})},
     .n_cut = 1},
    {.name = S("mx.expired.example"), .oc = OC_OK, .a = ANSWER(35, "192.0.2.5"), .aaaa = NO_ANSWER(35)},
    {.name = S("mx.self.example"), .oc = OC_OK, .a = ANSWER(36, "192.0.2.6"), .aaaa = NO_ANSWER(36)},
    {.name = S("mx.plain.example"), .oc = OC_OK, .a = ANSWER(37, "192.0.2.7"), .aaaa = NO_ANSWER(37)},
    {.name = S("mx.blocked.example"), .oc = OC_OK, .a = ANSWER(38, "192.0.2.8"), .aaaa = NO_ANSWER(38)},
    {.name = S("mx.gone.example"),
     .oc = OC_DNS_NXDOMAIN,
     .a =
         &(struct rec_dns){
             .oc = OC_DNS_NXDOMAIN,
             .rcode = 3,
             .att =
                 L(attempt, {.t_ms = 39, .dur_ms = 6, .oc = OC_DNS_NXDOMAIN, .src = SRC_RCODE, .raw = 3})}},
    {.name = S("implicit.example"),
     .oc = OC_OK,
     .a = ANSWER(40, "192.0.2.9"),
     .aaaa = NO_ANSWER(40),
     .implicit = true},
    {.name = S("mx.late.example"), .oc = OC_DNS_TIMEOUT, .a = NULL},
};

/* The second time, the name server answered. */
const struct rec_host golden_hosts_again[1] = {
    {.name = S("mx.late.example"),
     .attempt = 1,
     .oc = OC_OK,
     .a = ANSWER(600000, "192.0.2.6"),
     .aaaa = NO_ANSWER(600001)},
};

#define GREETED                                                                                             \
    {.to = S("CONNECT"), .code = 220, .lines = SS(S("mx1.good.example ESMTP")), .ms = 30},                  \
        {.to = S("EHLO"),                                                                                   \
         .code = 250,                                                                                       \
         .lines = SS(S("mx1.good.example at your service"), S("PIPELINING"), S("starttls"), S("8BITMIME")), \
         .ms = 55},                                                                                         \
    {                                                                                                       \
        .to = S("STARTTLS"), .code = 220, .lines = SS(S("2.0.0 Ready")), .ms = 80                           \
    }
#define ENDED                                                                                        \
    {.to = S("EHLO2"), .code = 250, .lines = SS(S("mx1.good.example"), S("REQUIRETLS")), .ms = 160}, \
    {                                                                                                \
        .to = S("QUIT"), .code = 221, .lines = SS(S("2.0.0 Bye")), .ms = 190                         \
    }
#define TLS(name, version_, chain_)                                                                   \
    .sni = S(name), .version = version_, .cipher = S("TLS_AES_256_GCM_SHA384"), .group = S("x25519"), \
    .sigalg = S("ecdsa"), .chain = {chain_, 2}, .dur_ms = 60

const struct rec_endpoint golden_endpoints[GOLDEN_ENDPOINTS] = {
    {.host = S("mx1.good.example"),
     .ip = S("192.0.2.1"),
     .port = 25,
     .oc = OC_OK,
     .att = L(attempt, {.t_ms = 1000, .dur_ms = 12, .oc = OC_TCP_REFUSED, .src = SRC_ERRNO, .raw = 111},
              {.t_ms = 301000, .dur_ms = 200, .oc = OC_OK}),
     .connect_ms = 10,
     .replies = L(reply, GREETED, ENDED),
     .tls = &(struct rec_tls){TLS("mx1.good.example", 0x0304, golden_chain_mx)}},
    {.host = S("mx1.good.example"),
     .ip = S("2001:db8::1"),
     .port = 25,
     .oc = OC_OK,
     .att = L(attempt, {.t_ms = 1010, .dur_ms = 210, .oc = OC_OK}),
     .connect_ms = 11,
     .replies = L(reply, GREETED, ENDED),
     .tls = &(struct rec_tls){TLS("mx1.good.example", 0x0303, golden_chain_mx)}},
    {.host = S("mx2.good.example"),
     .ip = S("192.0.2.2"),
     .port = 25,
     .oc = OC_TLS_ALERT,
     .att = L(attempt, {.t_ms = 1020, .dur_ms = 95, .oc = OC_TLS_ALERT, .src = SRC_ALERT, .raw = 40}),
     .connect_ms = 12,
     .replies = L(reply, GREETED),
     .tls = &(struct rec_tls){.sni = S("mx2.good.example"), .dur_ms = 15}},
    {.host = S("mx2.good.example"), .ip = S("192.0.2.3"), .port = 25, .oc = OC_TCP_TIMEOUT, .by_ip = true},
    {.host = S("mx.expired.example"),
     .ip = S("192.0.2.5"),
     .port = 25,
     .oc = OC_OK,
     .att = L(attempt, {.t_ms = 1030, .dur_ms = 220, .oc = OC_OK}),
     .connect_ms = 13,
     .replies = L(reply, GREETED, ENDED),
     .tls = &(struct rec_tls){TLS("mx.expired.example", 0x0304, golden_chain_expired),
                              .verify = L(verify_error, {.code = 10}, {.code = 20, .depth = 1})}},
    {.host = S("mx.self.example"),
     .ip = S("192.0.2.6"),
     .port = 25,
     .oc = OC_OK,
     .att = L(attempt, {.t_ms = 1040, .dur_ms = 230, .oc = OC_OK}),
     .connect_ms = 14,
     .replies = L(reply, GREETED),
     .tls = &(struct rec_tls){.sni = S("mx.self.example"),
                              .version = 0x0301,
                              .cipher = S("TLS_RSA_WITH_AES_128_CBC_SHA"),
                              .chain = {golden_chain_self, 1},
                              .verify = L(verify_error, {.code = 18}),
                              .dur_ms = 70}},
    {.host = S("mx.plain.example"),
     .ip = S("192.0.2.7"),
     .port = 25,
     .oc = OC_SMTP_NO_STARTTLS,
     .att = L(attempt, {.t_ms = 1050, .dur_ms = 60, .oc = OC_SMTP_NO_STARTTLS},
              {.t_ms = 301050, .dur_ms = 61, .oc = OC_SMTP_NO_STARTTLS}),
     .connect_ms = 15,
     .replies =
         L(reply,
           {.to = S("CONNECT"),
            .code = 220,
            .lines = SS(S("\033[2J \xff plain"), S("second")),
            .ms = 20,
            .cut = true},
           {.to = S("EHLO"), .code = 250, .lines = SS(S("mx.plain.example"), S("SIZE 1000")), .ms = 40})},
    {.host = S("mx.blocked.example"),
     .ip = S("192.0.2.8"),
     .port = 25,
     .oc = OC_SMTP_GREETING_5XX,
     .att = L(attempt, {.t_ms = 1060, .dur_ms = 40, .oc = OC_SMTP_GREETING_5XX, .src = SRC_SMTP, .raw = 554}),
     .connect_ms = 16,
     .replies = L(reply, {.to = S("CONNECT"), .code = 554, .lines = SS(S("go away")), .ms = 22})},
    {.host = S("implicit.example"),
     .ip = S("192.0.2.9"),
     .port = 25,
     .oc = OC_SMTP_GREETING_4XX,
     .att = L(attempt, {.t_ms = 1070, .dur_ms = 40, .oc = OC_SMTP_GREETING_4XX, .src = SRC_SMTP, .raw = 421}),
     .connect_ms = 17,
     .replies = L(reply, {.to = S("CONNECT"), .code = 421, .lines = SS(S("too many connections")), .ms = 22}),
     .garbage = S("HTTP/1.0 400\r\n")},
};

const struct rec_endpoint golden_endpoints_again[1] = {
    {.host = S("mx.late.example"),
     .ip = S("192.0.2.6"),
     .port = 25,
     .attempt = 1,
     .oc = OC_STARTTLS_INJECTED,
     .att =
         L(attempt, {.t_ms = 601000, .dur_ms = 90, .oc = OC_STARTTLS_INJECTED, .src = SRC_BYTES, .raw = 9}),
     .connect_ms = 18,
     .replies = L(reply, GREETED),
     .injected = S("250 oops\n"),
     .injected_bytes = 9},
};

const struct rec_ip golden_ips[1] = {
    {.ip = S("192.0.2.6"),
     .n_hosts = 70,
     .n_probed = 2,
     .n_signalled = 3,
     .probed = SS(S("mx.self.example"), S("mx.late.example"))},
};
