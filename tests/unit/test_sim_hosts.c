/* test_sim_hosts.c - fate_host.c, fate_server.c: hosts, where they are, and questions. */
#include "tests/unit/sim_world.h"

#include <math.h>
#include <string.h>

/* Every MX host of a name is as its class says. */
static void mx_hosts(void **state)
{
    static const struct {
        const char *only;
        enum host_state state;
        unsigned n_v4;
        bool v6, bogon, cname;
    } ROWS[] = {
        {"mx-self", HOST_THERE, 1, false, false, false},
        {"mx-first", HOST_THERE, 2, false, false, false},
        {"mx-second", HOST_THERE, 2, false, false, false},
        {"mx-operator", HOST_THERE, 1, false, false, false},
        {"mx-cname", HOST_THERE, 1, false, false, true},
        {"mx-case", HOST_THERE, 1, false, false, false},
        {"mx-literal", HOST_NXDOMAIN, 0, false, false, false},
        {"mx-localhost", HOST_NXDOMAIN, 0, false, false, false},
        {"mx-many", HOST_THERE, 1, false, false, false},
        {"mx-no-address", HOST_NO_ADDRESS, 0, false, false, false},
        {"mx-dangling", HOST_NXDOMAIN, 0, false, false, false},
        {"mx-bogon", HOST_THERE, 1, false, true, false},
        {"mx-v6-dead", HOST_THERE, 1, true, false, false},
        {"mx-cert-other-host", HOST_THERE, 1, false, false, false},
        {"smtp-refused", HOST_THERE, 0, true, false, false},
        {"smtp-timeout", HOST_THERE, 1, false, false, false},
        {"list-target", HOST_THERE, 1, false, false, true},
    };

    (void)state;
    for (size_t r = 0; r < sizeof(ROWS) / sizeof(ROWS[0]); r++) {
        struct world *w = world_of(ZONE, 1000, 51, ROWS[r].only, NULL);

        for (uint64_t i = 0; i < 50; i++) {
            struct fate f;
            struct host_fate h;

            fate_of(w, i, &f);
            assert_in_range(f.n_mx, 1, 150);
            for (uint32_t n = 0; n < f.n_mx; n++) {
                host_fate_of(w, &f.mx[n].host, &h);
                assert_int_equal(h.state, ROWS[r].state);
                assert_int_equal(h.n_v4, ROWS[r].n_v4);
                assert_true(h.v6 == ROWS[r].v6 && h.bogon == ROWS[r].bogon);
                assert_int_equal(h.target.kind, ROWS[r].cname && n == 0 ? HOST_TARGET : HOST_NONE);
                assert_true(h.n_v4 == 0 || (h.v4[0] >> 24 == 10) == h.bogon);
            }
        }
        test_free(w);
    }
}

static void hosts_that_are_not(void **state)
{
    struct world *w = world_of(ZONE, 1000, 52, "mx-self", NULL);
    struct host_id ids[] = {{HOST_SELF, 1, 9},      {HOST_TARGET, 1, 0},    {HOST_CUSTOMER, 1, 0},
                            {HOST_FIRST, 0, 4},     {HOST_REGISTRAR, 1, 2}, {HOST_OPERATOR, 1, 3},
                            {HOST_LOCALHOST, 0, 0}, {HOST_LITERAL, 1, 0},   {HOST_NONE, 0, 0}};
    struct host_fate h;

    (void)state;
    for (size_t n = 0; n < sizeof(ids) / sizeof(ids[0]); n++) {
        host_fate_of(w, &ids[n], &h);
        assert_int_equal(h.state, HOST_NXDOMAIN);
    }
    test_free(w);
}

/* The name itself has an address, wherever its mail goes, but where the class says that there is none. */
static void apexes(void **state)
{
    static const struct {
        const char *only;
        enum host_state state;
        uint32_t n_mx;
    } ROWS[] = {{"mail-implicit", HOST_THERE, 0},
                {"mail-null", HOST_THERE, 1},
                {"mail-none", HOST_NO_ADDRESS, 0},
                {"mail-nxdomain", HOST_NXDOMAIN, 0}};

    (void)state;
    for (size_t r = 0; r < 4; r++) {
        struct world *w = world_of(ZONE, 1000, 53, ROWS[r].only, NULL);
        struct host_id id = {HOST_APEX, 7, 0};
        struct host_fate h;
        struct fate f;

        fate_of(w, 7, &f);
        assert_int_equal(f.n_mx, ROWS[r].n_mx);
        assert_true(f.n_mx == 0 || f.mx[0].host.kind == HOST_NONE);
        host_fate_of(w, &id, &h);
        assert_int_equal(h.state, ROWS[r].state);
        test_free(w);
    }
}

static void null_beside(void **state)
{
    struct world *w = world_of(ZONE, 1000, 53, "mail-null-beside", NULL);
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        fate_of(w, i, &f);
        assert_in_range(f.n_mx, 2, 3);
        assert_int_equal(f.mx[0].host.kind, HOST_NONE);
        assert_int_equal(f.mx[0].preference, 0);
        assert_int_equal(f.mx[1].host.kind, HOST_SELF);
    }
    test_free(w);
}

static void lists_fit(void **state)
{
    struct world *w = world_of(TOPLIST, 100000, 54, NULL, "sts=1000");
    unsigned n_partial = 0, n_target = 0;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < 50000; i++) {
        fate_of(w, i, &f);
        if (f.listing == LISTING_PARTIAL) {
            assert_true(f.n_mx >= 2u + (f.mail == MAIL_NULL_BESIDE));
            n_partial++;
        }
        if (f.listing == LISTING_TARGET) {
            assert_int_equal(f.mxset, MXSET_CNAME);
            n_target++;
        }
    }
    assert_true(n_partial > 100 && n_target > 0);
    test_free(w);
}

/* Each address of a host knows the host; those of dead servers know none. */
static void addresses_know_their_hosts(void **state)
{
    struct world *w = world_of(ZONE, 50000, 60, NULL, NULL);
    unsigned n_known = 0, n_none = 0;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        fate_of(w, i, &f);
        for (uint32_t n = 0; n < f.n_mx; n++) {
            const struct host_id *want = &f.mx[n].host;
            struct host_fate h;
            struct host_id id;

            host_fate_of(w, want, &h);
            for (unsigned k = 0; k < h.n_v4; k++) {
                server_host_of(w, h.v4[k], &id);
                n_none += id.kind == HOST_NONE;
                if (id.kind == HOST_NONE)
                    continue;
                n_known++;
                assert_int_equal(id.kind, want->kind);
                assert_true(id.owner == (want->kind == HOST_CUSTOMER ? 0 : want->owner));
                assert_int_equal(id.index, want->kind == HOST_SELF ? want->index % 4 : want->index);
            }
        }
    }
    assert_true(n_known > 5000 && n_none > 50 && n_none < 1000);
    test_free(w);
}

/* ---- policy hosts ---- */

static enum address_kind kind_of(const struct world *w, uint32_t address)
{
    struct address_use use;

    address_used(w, address, &use);
    return use.kind;
}

static void policy_hosts(void **state)
{
    static const struct {
        const char *only;
        enum host_state state;
        unsigned n_v4;
        bool v6;
        enum address_kind first, last;
    } ROWS[] = {
        {"policy-ok", HOST_THERE, 1, false, ADDRESS_SELF_POLICY, ADDRESS_SELF_POLICY},
        {"policy-404", HOST_THERE, 1, false, ADDRESS_SELF_POLICY, ADDRESS_SELF_POLICY},
        {"policy-nxdomain", HOST_NXDOMAIN, 0, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"policy-dangling", HOST_NXDOMAIN, 0, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"policy-nodata", HOST_NO_ADDRESS, 0, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"policy-v6-dead", HOST_THERE, 1, true, ADDRESS_SELF_POLICY, ADDRESS_SELF_POLICY},
        {"policy-second-dead", HOST_THERE, 2, false, ADDRESS_SELF_POLICY, ADDRESS_DEAD},
        {"policy-bogon", HOST_THERE, 1, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"policy-refused", HOST_THERE, 0, true, ADDRESS_OTHER, ADDRESS_OTHER},
        {"policy-timeout", HOST_THERE, 1, false, ADDRESS_DEAD, ADDRESS_DEAD},
        {"policy-reset", HOST_THERE, 1, false, ADDRESS_RESET, ADDRESS_RESET},
        {"policy-provider-name", HOST_THERE, 1, false, ADDRESS_PROVIDER, ADDRESS_PROVIDER},
        {"policy-two-bodies", HOST_THERE, 2, false, ADDRESS_SELF_POLICY, ADDRESS_SELF_POLICY},
        {"sts-none", HOST_NXDOMAIN, 0, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"sts-version-2", HOST_NXDOMAIN, 0, false, ADDRESS_OTHER, ADDRESS_OTHER},
        {"sts-servfail", HOST_THERE, 1, false, ADDRESS_SELF_POLICY, ADDRESS_SELF_POLICY},
    };

    (void)state;
    for (size_t r = 0; r < sizeof(ROWS) / sizeof(ROWS[0]); r++) {
        struct world *w = world_of(ZONE, 1000, 55, ROWS[r].only, NULL);
        struct host_fate h;
        struct fate f;

        for (uint64_t i = 0; i < 50; i++) {
            fate_of(w, i, &f);
            policy_host_fate_of(w, &f, &h);
            assert_int_equal(h.state, ROWS[r].state);
            assert_int_equal(h.n_v4, ROWS[r].n_v4);
            assert_true(h.v6 == ROWS[r].v6);
            assert_true(h.n_v4 == 0 || kind_of(w, h.v4[0]) == ROWS[r].first);
            assert_true(h.n_v4 == 0 || kind_of(w, h.v4[h.n_v4 - 1]) == ROWS[r].last);
            assert_true(h.n_v4 < 2 || h.v4[0] != h.v4[1]);
            assert_true(f.third == (f.policy == POLICY_DANGLING || f.policy == POLICY_PROVIDER_NAME));
        }
        test_free(w);
    }
}

static void providers(void **state)
{
    struct world *w = world_of(TOPLIST, 100000, 56, NULL, "sts=1000");
    unsigned n = 0, n_third = 0, n_first = 0;
    struct host_fate h;
    struct fate f;

    (void)state;
    for (uint64_t i = 0; i < 20000; i++) {
        fate_of(w, i, &f);
        if (!f.fetchable || f.policy != POLICY_OK)
            continue;
        n++;
        n_third += f.third;
        n_first += f.provider == 0;
        assert_true(f.provider < w->param[PARAM_PROVIDERS]);
        policy_host_fate_of(w, &f, &h);
        assert_int_equal(kind_of(w, h.v4[0]), f.third ? ADDRESS_PROVIDER : ADDRESS_SELF_POLICY);
    }
    assert_in_range(n_third, n * 6 / 10, n * 8 / 10);
    assert_in_range(n_first, n / 10, n / 4);
    test_free(w);
}

/* ---- servers, questions ---- */

static void servers(void **state)
{
    struct world *w = world_of(ZONE, 1 << 20, 57, NULL, NULL),
                 *slow = world_of(ZONE, 100, 57, "smtp-slow", NULL);
    struct server_fate s;
    unsigned n_kinds[SMTP_LIMIT] = {0};

    (void)state;
    for (uint32_t a = 0x7f000000; a <= 0x7ffffffe; a += 1009) {
        server_fate_of(w, a, &s);
        n_kinds[s.smtp]++;
        assert_non_null(s.software);
        assert_true(s.latency_ms > 0 && s.latency_ms <= w->param[PARAM_LATENCY_MOST_MS]);
        assert_true((kind_of(w, a) == ADDRESS_DEAD) <= (s.smtp == SMTP_TIMEOUT));
        assert_true((kind_of(w, a) == ADDRESS_RESET) <= (s.smtp == SMTP_RESET));
        assert_true(kind_of(w, a) != ADDRESS_FIRST || s.smtp == SMTP_OK);
    }
    assert_true(n_kinds[SMTP_WRONG_NAME] > 0 && n_kinds[SMTP_NO_STARTTLS] > 0 && n_kinds[SMTP_TLS12] > 0);
    for (uint64_t i = 0; i < 100; i++) {
        struct address_use use = {ADDRESS_SELF_MX, i, 0};

        server_fate_of(slow, address_for(slow, &use), &s);
        assert_int_equal(s.smtp, SMTP_SLOW);
        assert_true(fabs(s.greeting_ms / slow->param[PARAM_GREETING_MS] - 1) <= 0.5);
    }
    test_free(w);
    test_free(slow);
}

/* The first host has a good certificate for itself; the others, at addresses of their own, show it too. */
static void servers_with_the_certificate_of_another(void **state)
{
    struct world *w = world_of(ZONE, 1000, 59, "mx-cert-other-host", NULL);

    (void)state;
    for (uint64_t i = 0; i < 50; i++) {
        struct fate f;

        fate_of(w, i, &f);
        assert_true(f.n_mx >= 2);
        for (uint32_t n = 0; n < f.n_mx; n++) {
            struct host_fate h;
            struct server_fate s;

            host_fate_of(w, &f.mx[n].host, &h);
            server_fate_of(w, h.v4[0], &s);
            assert_int_equal(s.smtp, SMTP_OK);
            assert_int_equal(s.cert, n % 4 == 0 ? CERT_GOOD : CERT_OTHER_HOST);
        }
    }
    test_free(w);
}

/* Own MX servers of names with a record are better than others: their rates are of another table. */
static void servers_of_names_with_records(void **state)
{
    struct world *w = world_of(ZONE, 1 << 20, 58, NULL, NULL);
    unsigned n[2] = {0}, n_bad[2] = {0};
    struct fate f;

    (void)state;
    w->rate[TABLE_SMTP_STS][SMTP_OK] = 1; /* the first that is drawn */
    for (uint64_t i = 0; i < 300000; i++) {
        struct address_use use = {ADDRESS_SELF_MX, i, 0};
        struct server_fate s;

        fate_of(w, i, &f);
        server_fate_of(w, address_for(w, &use), &s);
        n[f.fetchable]++;
        n_bad[f.fetchable] += s.smtp != SMTP_OK;
    }
    assert_true(n[1] > 10 && n_bad[1] == 0);
    assert_in_range(n_bad[0], n[0] / 2, n[0] * 7 / 10);
    test_free(w);
}

static void questions(void **state)
{
    struct world *w = world_of(ZONE, 1 << 20, 59, NULL, NULL);
    unsigned n_seen[QUERY_LIMIT] = {0}, n_differ = 0;

    (void)state;
    for (uint64_t i = 0; i < 200000; i++) {
        char name[NAME_BYTES], upper[NAME_BYTES];
        size_t len = name_of(w, i, name);
        enum query_class class = query_fate_of(w, name, len, 15);

        n_seen[class]++;
        n_differ += class != query_fate_of(w, name, len, 16);
        for (size_t n = 0; n < len; n++)
            upper[n] = (char)(name[n] >= 'a' && name[n] <= 'z' ? name[n] - 32 : name[n]);
        assert_int_equal(query_fate_of(w, upper, len, 15), class);
        assert_true(query_latency_ms(w, name, len, 15) == query_latency_ms(w, upper, len, 15));
    }
    for (unsigned c = 0; c < QUERY_LIMIT; c++) {
        double rate = w->rate[TABLE_QUERY][c];

        assert_true(fabs(n_seen[c] - 200000 * rate) <= 5 * sqrt(200000 * rate * (1 - rate)));
    }
    assert_in_range(n_differ, 5000, 15000);
    test_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mx_hosts),
        cmocka_unit_test(hosts_that_are_not),
        cmocka_unit_test(apexes),
        cmocka_unit_test(null_beside),
        cmocka_unit_test(lists_fit),
        cmocka_unit_test(addresses_know_their_hosts),
        cmocka_unit_test(policy_hosts),
        cmocka_unit_test(providers),
        cmocka_unit_test(servers),
        cmocka_unit_test(servers_with_the_certificate_of_another),
        cmocka_unit_test(servers_of_names_with_records),
        cmocka_unit_test(questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
