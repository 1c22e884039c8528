/* ststat verify: a small scan, sound or with one thing wrong. */
#include "tests/unit/verify_scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void expect(uint64_t wrong, uint64_t n_problems, const char *words)
{
    char *text;
    uint64_t n = verify_scan_made(wrong, &text);

    if (n != n_problems || strstr(text, words) == NULL)
        fail_msg("%#llx: %u problems, not %u; or not \"%s\":\n%s", (unsigned long long)wrong, (unsigned)n,
                 (unsigned)n_problems, words, text);
    free(text);
}

static void test_sound(void **state)
{
    (void)state;
    expect(NOTHING, 0, "3 of domains, as many as were taken up: 1 to 3, each there");
    expect(NOTHING, 0, "no problems");
    expect(NOTHING, 0, "cited 3 times");
    expect(NO_ROUTE, 0, "no problems");
    expect(POSITION_REPEATED, 0, "repeated      1 superseded");
    expect(RESUMED, 0, "state         complete");
    expect(NOTHING, 0, "2 of MX hosts, each has its endpoint record, but for 0 sampled and 0 beyond");
    expect(ENDPOINT_MISSING | SAMPLED, 0, "but for 2 sampled and 0 beyond the limit");
    expect(ENDPOINT_MISSING | ADDRESS_CUT, 0, "but for 0 sampled and 1 beyond the limit");
    expect(ENDPOINT_MISSING | NO_STARTTLS, 0, "addresses     none was to be probed");
    expect(NOTHING, 0, "2 of bodies, that of the trust store (1 certificate), that of the input /tmp");
    expect(ALSO_OTHER, 0, "2 of bodies");
    expect(FOREIGN, 0, "passed over   5 records of kinds that only a later version knows");
    expect(SHARDED, 0,
           "as many as were taken up by this shard, 1 of 4: each of them belongs to it; 3 domain");
}

static void test_problems(void **state)
{
    (void)state;
    expect(POSITION_MISSING, 2, "positions 2 to 2 have no record"); /* and the number of positions */
    expect(POSITION_TWICE, 1, "a second record of position 2 with attempt 0");
    expect(POSITION_ZERO, 2, "a domain record without a position");
    expect(HOST_CUT, 1, "cut.example: an MX host of position 1 without a host record");
    expect(HOST_MISSING, 2, "mx.example: an endpoint without a host record");
    expect(HOST_TWICE, 1, "mx.example: a second host record with attempt 0");
    expect(POLICY_MISSING, 1, "a.example: a policy to fetch without a policy record");
    expect(ALSO_MISSING, 1, "a.example: certificate 0 of its chain is not in the scan before it");
    expect(CERT_MISSING, 3, "certificate 0 of its chain is not in the scan before it");
    expect(CERT_LATE, 4, "the certificate stands behind a record that cites it");
    expect(CERT_DIGEST, 1, "the certificate is not what its fingerprint says");
    expect(COUNT_WRONG, 1, "says 7 domain records with outcome BLOCKLISTED; there are 1");
    expect(ENDPOINT_MISSING, 1, "mx.example: 1 of its addresses without an endpoint record, and not sampled");
    expect(ENDPOINT_TWICE, 1, "mx.example: a second endpoint record with attempt 0");
    expect(BODY_WRONG, 1, "a.example: the body is not what its digest says");
    expect(ALSO_WRONG, 1, "a.example: the body from further address 0 is not what its digest says");
    expect(ALSO_OTHER | ALSO_WRONG, 1, "the body from further address 0 is not what its digest says");
    expect(COUNT_TWICE, 1, "says 2 host records over all outcomes; there are 1");
    expect(TRUST_LACKS, 1, "the trust store had 1 certificates; 0 are there");
    expect(TRUST_WRONG, 1, "the trust store is not what its digest says");
    expect(INPUT_LONGER, 2, "names: has 31 bytes, the input of the scan had 21");
    expect(INPUT_OTHER, 2, "names: its edges are not those of the input of the scan");
    expect(INPUT_OTHER, 2, "names: is not what the digest of the input says");
    expect(RESUMED | OTHER_INPUT, 2, "this part is of a scan of another input");
    expect(COUNT_LEFT_OUT, 1, "says nothing of 1 ip records with outcome 0");
    expect(BEHIND_END, 2, "a record behind the end of the scan");
    expect(ATTEMPT_DIFFERS, 1, "its outcome is OK, but that of its last attempt is TCP_RESET");
    expect(NO_ROUTE_ENDPOINT, 1, "its outcome is TCP_REFUSED, but that of its last attempt is OUR_NETWORK");
    expect(SHARDED | SHARD_WRONG, 3, "c.example: position 5 belongs to shard 1, not to this one");
    expect(SHARDED | SHARD_WRONG, 3, "as many as were taken up by this shard, 2 of 4; 3 domain");
    expect(SHARDED | SHARD_WILD, 2, "the scan record says shard 4 of 4");
    expect(LAST_POS_WILD, 1, "positions 4 to 18446744073709551614 have no record");
}

/* What was stopped is checked for what was written, and it says so. */
static void test_stopped(void **state)
{
    (void)state;
    expect(STOPPED, 0, "stopped before its end, SIGINT: checked for what was written");
    expect(STOPPED | POLICY_MISSING, 0, "1 without a policy record, as may be in a scan that was stopped");
    expect(NO_END | HOST_MISSING, 0, "not ended, the end record is missing: checked for what was written");
    expect(NO_END | POSITION_TWICE, 1, "a second record of position 2 with attempt 0");
    expect(STOPPED | ENDPOINT_MISSING, 0,
           "1 without an endpoint record, as may be in a scan that was stopped");
    expect(STOPPED | COUNT_WRONG, 1, "says 7 domain records");
    expect(STOPPED | HOST_MISSING, 1, "an endpoint without a host record");
    expect(RESUMED | STOPPED, 0, "stopped before its end, SIGINT: checked for what was written");
    expect(RESUMED | NO_END, 0, "not ended, the end record is missing: checked for what was written");
    expect(RESUMED | COUNT_WRONG, 1, "says 7 domain records");
    expect(RESUMED | BEHIND_END, 2, "a record behind the end of the scan");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sound), cmocka_unit_test(test_problems),
                                       cmocka_unit_test(test_stopped)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
