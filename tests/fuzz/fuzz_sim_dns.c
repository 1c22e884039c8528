/* fuzz_sim_dns.c - any bytes as a query to stsim: an answer comes of it that fits where it goes. First byte:
 * the class of all names (its lower bits), and whether it comes by TCP (its top bit). A '@' in a label stands
 * for the label of a name that exists.
 * Source: bench/sim/dns_answer.c, bench/sim/dns_wire.c, bench/sim/dns_find.c, bench/sim/dns_reply.c. */
#include "bench/sim/dns_answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define N_CLASSES 24
static const char *const CLASSES[N_CLASSES] = {NULL,
                                               "sts-cname",
                                               "sts-cname-loop",
                                               "sts-dangling",
                                               "sts-wild-sts",
                                               "sts-bogus",
                                               "sts-huge",
                                               "sts-truncated",
                                               "sts-pointer-loop",
                                               "sts-wrong-id",
                                               "sts-wrong-name",
                                               "sts-other-type",
                                               "sts-www-only",
                                               "mx-many",
                                               "mx-cname",
                                               "mx-case",
                                               "mail-null",
                                               "mail-nxdomain",
                                               "tlsa-ok",
                                               "tlsa-rollover",
                                               "policy-dangling",
                                               "query-lost-once",
                                               "sts-truncated-dead",
                                               "rpt-both"};

static void digest(const void *arg, enum cert_class cert, bool rsa, uint8_t out[DNS_DIGEST_BYTES])
{
    (void)arg;
    memset(out, (int)(cert << 1 | rsa), DNS_DIGEST_BYTES);
}

static struct world *worlds(void)
{
    static struct world all[N_CLASSES];
    static bool made;
    char error[256];

    for (unsigned i = 0; i < N_CLASSES && !made; i++) {
        all[i].n_names = 1000;
        all[i].seed = 7;
        if (!world_read(&all[i], DATA "/zone.profile", error, sizeof(error)) ||
            (CLASSES[i] != NULL && !world_only(&all[i], CLASSES[i], error, sizeof(error))) ||
            !world_finish(&all[i], error, sizeof(error)))
            abort();
    }
    made = true;
    return all;
}

/* "@" with a length byte of 1 before it becomes the labels of name 5. The new length. */
static size_t put_names(const struct world *w, const uint8_t *data, size_t len, uint8_t *to, size_t most)
{
    char name[NAME_BYTES], *dot;
    size_t n = 0;

    name_of(w, 5, name);
    for (size_t i = 0; i < len && n + NAME_BYTES + 2 < most; i++) {
        to[n++] = data[i];
        if (data[i] != '@' || i == 0 || data[i - 1] != 1)
            continue;
        n -= 2;
        for (char *p = name; p != NULL; p = dot != NULL ? dot + 1 : NULL) {
            size_t label_len = (dot = strchr(p, '.')) != NULL ? (size_t)(dot - p) : strlen(p);

            to[n++] = (uint8_t)label_len;
            memcpy(to + n, p, label_len);
            n += label_len;
        }
    }
    return n;
}

static void check(const struct dns_query *q, const struct dns_answer *answer, const uint8_t *out, bool tcp)
{
    size_t at = 0, most = tcp ? DNS_MOST_TCP : q->most;

    if (answer->n > 2 || (answer->n == 0) != (answer->outcome >= DNS_SILENT))
        abort();
    for (unsigned i = 0; i < answer->n; at += answer->len[i++]) {
        bool same_id = out[at] == q->id >> 8 && out[at + 1] == (q->id & 0xff);

        if (answer->len[i] < DNS_HEADER_BYTES || answer->len[i] > most || (out[at + 2] & 0x80) == 0)
            abort();
        if (!same_id && i + 1 == answer->n)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct dns_answerer a = {.digest = digest};
    static uint8_t query[4096];
    uint8_t *exact, *out;
    struct dns_answer answer;
    struct dns_query q;
    bool tcp, good;
    size_t query_len, out_len;

    if (len == 0)
        return 0;
    a.world = &worlds()[(data[0] & 0x7f) % N_CLASSES];
    tcp = data[0] >> 7;
    query_len = put_names(a.world, data + 1, len - 1, query, sizeof(query));
    out_len = tcp ? DNS_MOST_TCP : DNS_MOST_UDP + DNS_MOST_WRONG;
    exact = malloc(query_len > 0 ? query_len : 1);
    out = malloc(out_len);
    if (exact == NULL || out == NULL)
        abort();
    memcpy(exact, query, query_len);
    good = dns_query_read(exact, query_len, &q);
    if (good) {
        dns_answer(&a, &q, tcp, false, out, &answer);
        check(&q, &answer, out, tcp);
    }
    free(exact);
    free(out);
    return 0;
}
