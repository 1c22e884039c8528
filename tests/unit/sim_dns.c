#include "tests/unit/sim_dns.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

const struct world *test_world(const char *only)
{
    static struct world w;
    char error[256] = "";
    bool good;

    memset(&w, 0, sizeof(w));
    w.n_names = 100000;
    w.seed = 7;
    good = world_read(&w, DATA "/zone.profile", error, sizeof(error)) &&
           (only == NULL || world_only(&w, only, error, sizeof(error))) &&
           world_finish(&w, error, sizeof(error));
    if (!good)
        fail_msg("%s: %s", only != NULL ? only : "zone", error);
    return &w;
}

void test_digest(const void *arg, enum cert_class cert, bool rsa, uint8_t out[DNS_DIGEST_BYTES])
{
    (void)arg;
    memset(out, (int)(cert << 1 | rsa), DNS_DIGEST_BYTES);
}

struct dns_answerer *test_answerer(const struct world *w)
{
    static struct dns_answerer a;

    a.world = w;
    a.digest = test_digest;
    return &a;
}

static uint8_t *put16(uint8_t *p, unsigned u)
{
    p[0] = (uint8_t)(u >> 8);
    p[1] = (uint8_t)u;
    return p + 2;
}

size_t make_query(uint8_t out[QUERY_BYTES], uint16_t id, const char *name, unsigned type, unsigned flags,
                  unsigned payload)
{
    unsigned bits = 0x0100U | (flags & ASK_AD ? 0x20U : 0U) | (flags & ASK_CD ? 0x10U : 0U);
    bool edns = (flags & (ASK_EDNS | ASK_DO)) != 0;
    uint8_t *p = put16(put16(out, id), bits);

    p = put16(put16(put16(put16(p, 1), 0), 0), edns);
    while (*name != '\0') {
        size_t len = strcspn(name, ".");

        *p++ = (uint8_t)len;
        memcpy(p, name, len);
        p += len;
        name += len + (name[len] == '.');
    }
    *p++ = 0;
    p = put16(put16(p, type), 1);
    if (edns) {
        *p++ = 0;
        p = put16(put16(p, DNS_OPT), payload);
        p = put16(put16(put16(p, 0), flags & ASK_DO ? 0x8000 : 0), 0);
    }
    return (size_t)(p - out);
}

void ask_name(const struct world *w, const char *name, unsigned type, unsigned flags, bool tcp,
              struct asked_answer *out)
{
    uint8_t bytes[QUERY_BYTES];
    struct dns_query q;
    size_t len = make_query(bytes, 0x1234, name, type, flags, 1232), at = 0;

    assert_true(dns_query_read(bytes, len, &q));
    dns_answer(test_answerer(w), &q, tcp, false, out->bytes, &out->answer);
    for (unsigned i = 0; i + 1 < out->answer.n; i++)
        at += out->answer.len[i];
    out->readable = out->answer.n > 0 &&
                    ns_initparse(out->bytes + at, (int)out->answer.len[out->answer.n - 1], &out->msg) == 0;
}

void ask_below(const struct world *w, const char *before, unsigned type, unsigned flags, bool tcp,
               struct asked_answer *out)
{
    char apex[NAME_BYTES], name[2 * NAME_BYTES];

    name_of(w, 5, apex);
    snprintf(name, sizeof(name), "%s%s", before, apex);
    ask_name(w, name, type, flags, tcp, out);
}

unsigned rcode_of(const struct asked_answer *a)
{
    assert_true(a->readable);
    return ns_msg_getflag(a->msg, ns_f_rcode);
}

bool has_tc(const struct asked_answer *a)
{
    return ns_msg_getflag(a->msg, ns_f_tc);
}

bool has_ad(const struct asked_answer *a)
{
    return ns_msg_getflag(a->msg, ns_f_ad);
}

ns_rr answer_rr(const struct asked_answer *a, unsigned n)
{
    ns_msg msg = a->msg;
    ns_rr rr;

    assert_int_equal(ns_parserr(&msg, ns_s_an, (int)n, &rr), 0);
    return rr;
}

unsigned n_answers(const struct asked_answer *a, unsigned type)
{
    unsigned n = 0;

    for (unsigned i = 0; a->readable && i < ns_msg_count(a->msg, ns_s_an); i++) {
        ns_rr rr = answer_rr(a, i);

        n += ns_rr_type(rr) == (ns_type)type;
    }
    return n;
}

int ede_of(const struct asked_answer *a)
{
    ns_msg msg = a->msg;
    ns_rr rr;
    const uint8_t *p;

    if (ns_msg_count(msg, ns_s_ar) == 0)
        return -2;
    assert_int_equal(ns_parserr(&msg, ns_s_ar, 0, &rr), 0);
    assert_int_equal(ns_rr_type(rr), DNS_OPT);
    p = ns_rr_rdata(rr);
    if (ns_rr_rdlen(rr) == 0)
        return -1;
    assert_int_equal(ns_rr_rdlen(rr), 6);
    assert_memory_equal(p, "\0\x0f\0\2", 4);
    return p[4] << 8 | p[5];
}
