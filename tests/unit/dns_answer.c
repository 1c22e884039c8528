#include "tests/unit/dns_answer.h"

#include "tests/unit/unit.h"

#include <arpa/nameser.h>
#include <stdlib.h>
#include <string.h>

struct message message;

void put(const void *p, size_t len)
{
    assert_true(message.len + len <= sizeof(message.b));
    memcpy(message.b + message.len, p, len);
    message.len += len;
}

void put_u16(unsigned u)
{
    put((uint8_t[]){(uint8_t)(u >> 8), (uint8_t)u}, 2);
}

/* Labels between dots, no escapes; "" is the root. */
static size_t name_wire(uint8_t *out, const char *name)
{
    size_t len = 0;

    while (*name != '\0') {
        size_t label = strcspn(name, ".");

        out[len++] = (uint8_t)label;
        memcpy(out + len, name, label);
        len += label;
        name += label + (name[label] == '.');
    }
    out[len++] = 0;
    return len;
}

void put_name(const char *name)
{
    uint8_t wire[300];

    put(wire, name_wire(wire, name));
}

void begin(unsigned rcode, bool ad, const char *name, enum dns_type type)
{
    message.len = 0;
    put((uint8_t[]){0x12, 0x34, 0x81, (uint8_t)(0x80 | (ad ? 0x20 : 0) | rcode), 0, 1, 0, 0, 0, 0, 0, 0}, 12);
    put_name(name);
    put_u16(type);
    put_u16(1);
}

/* The part behind the owner. */
void put_rr(enum section section, unsigned type, unsigned class_, uint32_t ttl_s, const void *data,
            size_t len)
{
    unsigned n = (unsigned)message.b[section] << 8 | message.b[section + 1];

    message.b[section] = (uint8_t)((n + 1) >> 8);
    message.b[section + 1] = (uint8_t)(n + 1);
    put_u16(type);
    put_u16(class_);
    put_u16(ttl_s >> 16);
    put_u16(ttl_s & 0xffff);
    put_u16((unsigned)len);
    put(data, len);
}

void rr(const char *owner, unsigned type, const void *data, size_t len)
{
    put_name(owner);
    put_rr(ANSWER, type, 1, 300, data, len);
}

/* The owner is a pointer to the name asked for. */
void rr_asked(unsigned type, const void *data, size_t len)
{
    put_u16(0xc00c);
    put_rr(ANSWER, type, 1, 300, data, len);
}

void rr_a(const char *owner, uint8_t last)
{
    rr(owner, DNS_A, (uint8_t[]){192, 0, 2, last}, 4);
}

void rr_cname(const char *owner, const char *target)
{
    uint8_t wire[300];

    rr(owner, TYPE_CNAME, wire, name_wire(wire, target));
}

void rr_mx(unsigned preference, const char *host)
{
    uint8_t wire[300] = {(uint8_t)(preference >> 8), (uint8_t)preference};

    rr_asked(DNS_MX, wire, 2 + name_wire(wire + 2, host));
}

void rr_opt(unsigned extended_rcode, const void *options, size_t len)
{
    put_name("");
    put_rr(ADDITIONAL, TYPE_OPT, 1232, (uint32_t)extended_rcode << 24, options, len);
}

static struct arena arena;
struct rec_dns answer;
struct result result;

enum outcome read_part(size_t len, const char *name, enum dns_type type, unsigned flags)
{
    uint8_t *exact = malloc(len > 0 ? len : 1), wire[NS_MAXCDNAME];

    assert_non_null(exact);
    memcpy(exact, message.b, len);
    assert_true(ns_name_pton(name, wire, sizeof(wire)) >= 0);
    arena_fini(&arena);
    arena_init(&arena, 2 * DNS_ANSWER_MOST_BYTES);
    memset(&answer, 0, sizeof(answer));
    result = dns_message_answer(exact, len, wire, type, flags, &arena, &answer);
    memset(exact, 0xee, len); /* nothing in the answer may be borrowed from the message */
    free(exact);
    assert_true(arena.total_bytes <= DNS_ANSWER_MOST_BYTES);
    return (enum outcome)result.oc;
}

enum outcome read_as(const char *name, enum dns_type type, unsigned flags)
{
    return read_part(message.len, name, type, flags);
}

enum outcome read_it(enum dns_type type)
{
    return read_as(EXAMPLE, type, 0);
}

void is_str(struct sts_str s, const char *expected)
{
    if (s.len != strlen(expected) || memcmp(s.p, expected, s.len) != 0)
        fail_msg("\"%.*s\", not \"%s\"", (int)s.len, s.p, expected);
    assert_int_equal(s.p[s.len], '\0'); /* text goes to C libraries */
}

int answer_end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}
