/* fuzz_name.c - any bytes as a name: what comes of it is a name as it is written, comes of itself, of itself
 * in capitals and with the root's dot, and goes into a DNS message and back.
 * Source: scanner/name.c. */
#include "scanner/dns_message.h"
#include "scanner/name.h"

#include <arpa/nameser.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(bool right)
{
    if (!right)
        abort();
}

static void is_name(const char *name, size_t len)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";

    check(len > 0 && len <= NAME_MOST_BYTES && strlen(name) == len && strspn(name, allowed) == len);
    for (const char *label = name; *label != '\0'; label += strcspn(label, ".") + 1) {
        size_t label_len = strcspn(label, ".");

        check(label_len > 0 && label_len <= NAME_LABEL_BYTES);
        if (label[label_len] == '\0')
            break;
    }
}

static void comes_of(const char *name, size_t len, const char *of, size_t of_len)
{
    char second[NAME_BUF_BYTES];
    size_t second_len;
    struct result why;

    check(name_normalise(of, of_len, second, &second_len, &why) == STS_OK && why.oc == OC_OK);
    check(second_len == len && memcmp(second, name, len) == 0);
}

static void comes_again(const char *name, size_t len)
{
    char other[NAME_BUF_BYTES + 1];

    comes_of(name, len, name, len);
    for (size_t i = 0; i < len; i++)
        other[i] = (char)toupper((unsigned char)name[i]);
    other[len] = '.';
    comes_of(name, len, other, len + 1);
}

/* The query for it, then the answer whose one PTR RR holds it: RFC 1035 section 4.1. */
static void crosses_dns(const char *name, size_t len)
{
    static const uint8_t rr[] = {0xc0, 12, 0, DNS_PTR, 0, 1, 0, 0, 0, 60, 0};
    uint8_t query[DNS_QUERY_BYTES], msg[DNS_QUERY_BYTES + sizeof(rr) + NS_MAXCDNAME + 1];
    size_t n = dns_message_query(query, "", name, DNS_PTR, 0), name_bytes = len + 2;
    struct rec_dns answer = {0};
    struct arena arena;
    struct result r;

    check(n > 0 && dns_message_question(query)[0] == strcspn(name, "."));
    n = 12 + name_bytes + 4;
    memcpy(msg, query, n);
    msg[2] = 0x81;
    msg[3] = 0x80;
    msg[7] = 1;
    msg[11] = 0;
    memcpy(msg + n, rr, sizeof(rr));
    n += sizeof(rr);
    msg[n++] = (uint8_t)name_bytes;
    memcpy(msg + n, dns_message_question(query), name_bytes);
    arena_init(&arena, DNS_ANSWER_MOST_BYTES);
    r = dns_message_answer(msg, n + name_bytes, dns_message_question(query), DNS_PTR, 0, &arena, &answer);
    check(r.oc == OC_OK && answer.addr.n == 1);
    check(answer.addr.v[0].len == len && memcmp(answer.addr.v[0].p, name, len) == 0);
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char name[NAME_BUF_BYTES];
    struct result why;
    size_t name_len;

    if (len > 5000 || name_normalise((const char *)data, len, name, &name_len, &why) != STS_OK)
        return 0;
    if (why.oc != OC_OK) {
        check(name_len == 0 && why.src == SRC_OFFSET && why.raw >= 0 && (size_t)why.raw <= len);
        return 0;
    }
    is_name(name, name_len);
    comes_again(name, name_len);
    crosses_dns(name, name_len);
    return 0;
}
