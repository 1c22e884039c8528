/* test_sim_names.c - names.c, asked.c, address.c: numbers to names and addresses, and back. */
#include "tests/unit/sim_world.h"

#include <stdio.h>
#include <string.h>

#define N_TRIALS 20000

static const uint64_t SEEDS[] = {0, 1, 77, UINT64_MAX};
#define N_SEEDS (sizeof(SEEDS) / sizeof(SEEDS[0]))

static void ask(const struct world *w, const char *name, struct asked *out)
{
    name_asked(w, name, strlen(name), out);
}

static void names_round_trip(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SEEDS; s++) {
        struct world *w = world_of(ZONE, WORLD_MOST_NAMES, SEEDS[s], NULL, NULL);
        uint64_t random = SEEDS[s];

        for (unsigned n = 0; n < N_TRIALS; n++) {
            uint64_t i = n < 1000 ? n : n < 2000 ? w->n_names - 1 - n : random_next(&random) % w->n_names;
            char name[NAME_BYTES];
            struct asked a;
            size_t len;

            len = name_of(w, i, name);
            assert_int_equal(len, strlen(name));
            assert_string_equal(strrchr(name, '.') + 1, name_tld(w, i));
            assert_null(strchr(name, '-'));
            ask(w, name, &a);
            assert_int_equal(a.what, WHAT_NAME);
            assert_true(a.i == i);
        }
        test_free(w);
    }
}

/* Another seed, other names. */
static void seeds_differ(void **state)
{
    struct world *one = world_of(ZONE, 100000, 1, NULL, NULL), *two = world_of(ZONE, 100000, 2, NULL, NULL);
    unsigned n_same = 0;
    char a[NAME_BYTES], b[NAME_BYTES];

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        name_of(one, i, a);
        name_of(two, i, b);
        n_same += strcmp(a, b) == 0;
    }
    assert_int_equal(n_same, 0);
    test_free(one);
    test_free(two);
}

static void tlds_have_their_shares(void **state)
{
    struct world *w = world_of(ZONE, 1000000, 3, NULL, NULL);
    unsigned n_com = 0;

    (void)state;
    for (uint64_t i = 0; i < 100000; i++)
        n_com += strcmp(name_tld(w, i), "com") == 0;
    assert_in_range(n_com, 44000, 46000);
    test_free(w);
}

static void what_does_not_exist(void **state)
{
    struct world *w = world_of(ZONE, 100, 5, NULL, NULL), *more = world_of(ZONE, 101, 5, NULL, NULL);
    char name[NAME_BYTES], other[NAME_BYTES + 8];
    struct asked a;

    (void)state;
    name_of(w, 100, name);
    ask(w, name, &a);
    assert_int_equal(a.what, WHAT_NOTHING);
    ask(more, name, &a);
    assert_int_equal(a.what, WHAT_NAME);
    name_of(w, 3, name);
    snprintf(other, sizeof(other), "%.10s.%s", name, strcmp(name_tld(w, 3), "org") == 0 ? "com" : "org");
    ask(w, other, &a);
    assert_int_equal(a.what, WHAT_NOTHING);
    snprintf(other, sizeof(other), "mx0.%.10s.invalid", name);
    ask(w, other, &a);
    assert_int_equal(a.what, WHAT_NOTHING);
    for (unsigned n = 0; n < 4; n++) {
        static const char *const EMPTY[] = {"", "com", "NET", "first-mail.net"};

        ask(w, EMPTY[n], &a);
        assert_int_equal(a.what, WHAT_EMPTY);
    }
    test_free(w);
    test_free(more);
}

/* Every prefix that means something, in both cases of letters. */
static void below_a_name(void **state)
{
    static const struct {
        const char *prefix;
        enum what what;
        enum host_kind kind;
        uint32_t index, n;
    } ROWS[] = {
        {"", WHAT_NAME, HOST_APEX, 0, 0},
        {"_mta-sts.", WHAT_STS, HOST_NONE, 0, 0},
        {"_Mta-STS.", WHAT_STS, HOST_NONE, 0, 0},
        {"_mta-sts.www.", WHAT_STS_WWW, HOST_NONE, 0, 0},
        {"_smtp._tls.", WHAT_RPT, HOST_NONE, 0, 0},
        {"_dmarc.", WHAT_DMARC, HOST_NONE, 0, 0},
        {"mta-sts.", WHAT_POLICY_HOST, HOST_NONE, 0, 0},
        {"www.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"a.b.c.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"mx.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"mx01.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"mx160.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"mx99999999999.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"mx149.", WHAT_HOST, HOST_SELF, 149, 0},
        {"MX7.", WHAT_HOST, HOST_SELF, 7, 0},
        {"relay.", WHAT_HOST, HOST_TARGET, 0, 0},
        {"_25._tcp.mx0.", WHAT_TLSA, HOST_SELF, 0, 25},
        {"_2525._TCP.relay.", WHAT_TLSA, HOST_TARGET, 0, 2525},
        {"_25._tcp.", WHAT_TLSA, HOST_APEX, 0, 25},
        {"_65536._tcp.mx0.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"_25._udp.mx0.", WHAT_BELOW, HOST_NONE, 0, 0},
        {"_25._tcp.www.", WHAT_BELOW, HOST_NONE, 0, 0},
    };
    struct world *w = world_of(ZONE, 1000, 9, NULL, NULL);

    (void)state;
    for (size_t n = 0; n < sizeof(ROWS) / sizeof(ROWS[0]); n++) {
        char name[NAME_BYTES], full[2 * NAME_BYTES];
        struct asked a;

        name_of(w, n, name);
        snprintf(full, sizeof(full), "%s%s", ROWS[n].prefix, name);
        ask(w, full, &a);
        assert_int_equal(a.what, ROWS[n].what);
        assert_true(a.i == n);
        assert_int_equal(a.host.kind, ROWS[n].kind);
        assert_int_equal(a.host.index, ROWS[n].index);
        assert_int_equal(a.n, ROWS[n].n);
        assert_true(ROWS[n].kind == HOST_NONE || a.host.owner == n);
    }
    test_free(w);
}

static void hosts_round_trip(void **state)
{
    static const enum host_kind KINDS[] = {HOST_SELF,      HOST_APEX,     HOST_FIRST, HOST_CUSTOMER,
                                           HOST_REGISTRAR, HOST_OPERATOR, HOST_TARGET};
    struct world *w = world_of(TOPLIST, 1 << 20, 11, NULL, NULL);
    uint64_t random = 1;

    (void)state;
    for (unsigned n = 0; n < N_TRIALS; n++) {
        struct host_id id = {KINDS[n % 7], random_next(&random), 0};
        char name[NAME_BYTES];
        struct asked a;
        size_t len;

        id.owner %= id.kind == HOST_FIRST       ? 1
                    : id.kind == HOST_REGISTRAR ? (uint64_t)w->param[PARAM_REGISTRARS]
                    : id.kind == HOST_OPERATOR  ? (uint64_t)w->param[PARAM_OPERATORS]
                                                : w->n_names;
        id.index = id.kind == HOST_APEX || id.kind == HOST_CUSTOMER || id.kind == HOST_TARGET ? 0 : n % 150;
        len = host_name(w, &id, name);
        assert_int_equal(len, strlen(name));
        ask(w, name, &a);
        assert_int_equal(a.what, id.kind == HOST_APEX ? WHAT_NAME : WHAT_HOST);
        assert_int_equal(a.host.kind, id.kind);
        assert_true(a.host.owner == id.owner);
        assert_int_equal(a.host.index, id.index);
    }
    test_free(w);
}

static void provider_names_round_trip(void **state)
{
    struct world *w = world_of(TOPLIST, 1 << 20, 13, NULL, NULL);
    char name[NAME_BYTES];
    struct asked a;

    (void)state;
    for (uint64_t i = 0; i < 5000; i++) {
        uint32_t provider = (uint32_t)(i % 60), n = (uint32_t)(i % 100);
        size_t len;

        len = provider_host_name(w, i, provider, name);
        assert_int_equal(len, strlen(name));
        ask(w, name, &a);
        assert_int_equal(a.what, WHAT_PROVIDER_HOST);
        assert_true(a.i == i && a.n == provider);
        len = sts_target_name(w, i, provider, n, name);
        assert_int_equal(len, strlen(name));
        ask(w, name, &a);
        assert_int_equal(a.what, WHAT_STS_TARGET);
        assert_true(a.i == i && a.n == n && a.host.owner == provider);
        len = policy_host_name(w, i, name);
        assert_int_equal(len, strlen(name));
        ask(w, name, &a);
        assert_int_equal(a.what, WHAT_POLICY_HOST);
    }
    provider_host_name(w, 1, 60, name);
    ask(w, name, &a);
    assert_int_equal(a.what, WHAT_NOTHING);
    test_free(w);
}

/* Names with bytes changed, cut and joined: whatever they are, they are read within their length. */
static void hostile_names(void **state)
{
    struct world *w = world_of(TOPLIST, 1 << 20, 17, NULL, NULL);
    uint64_t random = 5;

    (void)state;
    for (unsigned n = 0; n < 10 * N_TRIALS; n++) {
        char name[NAME_BYTES], *exact;
        struct host_id id = {(enum host_kind)(random_next(&random) % 10), random_next(&random) % 60, n % 150};
        size_t len = n % 3 ? host_name(w, &id, name) : provider_host_name(w, id.owner, n % 60, name);
        struct asked a;

        for (unsigned k = (unsigned)(random_next(&random) % 4); k > 0 && len > 0; k--)
            name[random_next(&random) % len] = k % 2 ? (char)random_next(&random) : ".-_m"[random % 4];
        len -= len ? random_next(&random) % len : 0;
        exact = test_malloc(len ? len : 1); /* a read behind its end is seen by the sanitizer */
        memcpy(exact, name, len);
        name_asked(w, exact, len, &a);
        assert_in_range(a.what, WHAT_NOTHING, WHAT_TLSA);
        test_free(exact);
    }
    test_free(w);
}

static void names_too_long(void **state)
{
    struct world *w = world_of(TOPLIST, 1000, 1, NULL, NULL);
    char name[2 * NAME_BYTES];
    struct asked a;
    size_t len;

    (void)state;
    memset(name, 'a', sizeof(name));
    name_asked(w, name, sizeof(name), &a);
    assert_int_equal(a.what, WHAT_NOTHING);
    len = name_of(w, 0, name + 200);
    name[199] = '.';
    name_asked(w, name, 200 + len, &a);
    assert_int_equal(a.what, WHAT_BELOW);
    test_free(w);
}

/* ---- addresses ---- */

static void addresses_round_trip(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SEEDS; s++) {
        struct world *w = world_of(ZONE, 1 << 20, SEEDS[s], NULL, NULL);

        for (uint32_t a = 0x7f000000; a <= 0x7ffffffe; a += 61) {
            struct address_use use;

            address_used(w, a, &use);
            assert_true(use.kind == ADDRESS_OTHER || address_for(w, &use) == a);
            assert_int_equal(use.kind == ADDRESS_DEAD, (a & ADDRESS_DEAD_MASK) == ADDRESS_DEAD_NET);
        }
        test_free(w);
    }
}

/* No address is the broadcast address, which takes no connection; nobody else has the one in its place. */
static void no_broadcast(void **state)
{
    struct world *w = world_of(ZONE, 1 << 20, 1, NULL, NULL);
    struct address_use use;
    uint32_t address;

    (void)state;
    address_used(w, UINT32_C(0x7fffffff), &use);
    assert_int_equal(use.kind, ADDRESS_SELF_MX);
    address = address_for(w, &use);
    assert_int_not_equal(address, UINT32_C(0x7fffffff));
    address_used(w, address, &use);
    assert_int_equal(use.kind, ADDRESS_SELF_MX);
    test_free(w);
}

static void servers_repeat(void **state)
{
    struct world *w = world_of(ZONE, WORLD_MOST_NAMES, 4, NULL, NULL);

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        struct address_use a = {ADDRESS_SELF_MX, i, (uint32_t)(i % 4)}, b = a;

        b.owner += ADDRESS_SELF_LIMIT / 4;
        assert_int_equal(address_for(w, &a), address_for(w, &b));
        b.owner++;
        assert_int_not_equal(address_for(w, &a), address_for(w, &b));
        b.owner = i + ADDRESS_SELF_LIMIT / 8;
        assert_int_not_equal(address_for(w, &a), address_for(w, &b));
    }
    test_free(w);
}

/* Of a run of names as a scan meets them, no /24 holds more than chance gives it. */
static void neighbours_are_apart(void **state)
{
    static uint8_t in_network[1 << 16];
    struct world *w = world_of(ZONE, 1 << 20, 6, NULL, NULL);
    uint8_t most = 0;

    (void)state;
    memset(in_network, 0, sizeof(in_network));
    for (uint64_t i = 0; i < 3000; i++)
        for (uint32_t index = 0; index < 2; index++) {
            struct address_use use = {ADDRESS_SELF_MX, i, index};
            uint8_t n = ++in_network[address_for(w, &use) >> 8 & 0xffff];

            most = n > most ? n : most;
        }
    assert_in_range(most, 1, 6); /* 6,000 in 32,768: Poisson of 0.18 */
    test_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_round_trip),
        cmocka_unit_test(seeds_differ),
        cmocka_unit_test(tlds_have_their_shares),
        cmocka_unit_test(what_does_not_exist),
        cmocka_unit_test(below_a_name),
        cmocka_unit_test(hosts_round_trip),
        cmocka_unit_test(provider_names_round_trip),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(names_too_long),
        cmocka_unit_test(addresses_round_trip),
        cmocka_unit_test(no_broadcast),
        cmocka_unit_test(servers_repeat),
        cmocka_unit_test(neighbours_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
