/* fuzz_dns_message.c - any bytes as the answer to a question: a record comes of it that can be written,
 * within the memory that is stated. First byte: the type asked for; its top bit takes the rest as a name to
 * ask for.
 * Source: scanner/dns_message.c, scanner/dns_rdata.c. */
#include "scanner/dns_message.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void ask(const uint8_t *data, size_t len)
{
    uint8_t query[DNS_QUERY_BYTES], wire[NS_MAXCDNAME];
    char name[600] = {0};
    size_t n;

    memcpy(name, data, len < sizeof(name) - 1 ? len : sizeof(name) - 1);
    n = dns_message_query(query, "", name, DNS_A, 0);
    if ((ns_name_pton(name, wire, sizeof(wire)) >= 0) != (n > 0) ||
        (n > 0 && memcmp(dns_message_question(query), wire, n - 12 - 15) != 0))
        abort();
    if (n > 0 && (n < 12 + 1 + 15 || n > 12 + 255 + 15))
        abort();
}

static void answer(enum dns_type type, unsigned flags, const uint8_t *msg, size_t len)
{
    struct rec_dns dns = {0};
    struct rec_domain domain = {.mx = &dns};
    struct rec_buf buf = {0};
    struct arena arena;
    struct result r;

    arena_init(&arena, 2 * DNS_ANSWER_MOST_BYTES);
    r = dns_message_answer(msg, len, (const uint8_t *)"\4name\7example", type, flags, &arena, &dns);
    if (r.oc == OC_OUR_MEMORY || arena.total_bytes > DNS_ANSWER_MOST_BYTES)
        abort();
    if (r.oc == OC_OK && dns.mx.n + dns.txt.n + dns.addr.n + dns.tlsa.n + dns.n_other == 0)
        abort();
    if (rec_encode(&buf, REC_domain, &domain) != STS_OK)
        abort();
    rec_buf_fini(&buf);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum dns_type types[] = {DNS_A, DNS_MX, DNS_TXT, DNS_AAAA, DNS_TLSA, DNS_PTR};

    if (len == 0 || len > 1 + 65535)
        return 0;
    if (data[0] & 0x80)
        ask(data + 1, len - 1);
    else
        answer(types[data[0] % STS_LEN(types)], data[0] & 0x40 ? DNS_SPF_ONLY : 0, data + 1, len - 1);
    return 0;
}
