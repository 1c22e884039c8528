"""The fetch of a policy by libcurl as we set it up, its evidence and certificates on record; against a GET with epoll and
OpenSSL alone from the same servers, and against libcurl as the distribution ships it, which reads its CAs anew for each
connection: that must never come back.

Beyond the bare client, about half is the SSL_CTX that libcurl makes for each connection, which it lets nobody share (11 %
of a fetch by perf); what is ours of a fetch (http_*.c, evidence, records) is 3 %."""
import os

import lib
import tls

TITLE = "HTTPS policy fetch CPU"
UNIT = "us CPU a fetch"
GOAL, STRETCH = 1.40, None

DEFAULT_GOAL = 1 / 15
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
FEWER = 40  # fetches at 20 ms
DEFAULT_NOTE = ("the goal is for OpenSSL 3.0 (Debian 12); 3.5 (Debian 13) reads a bundle of CAs in a third of the time, and the "
                "ratio is 0.13 there")


def run(bench):
    with bench.stsim(bench.n(tls.NAMES), args=["--only", "policy-ok", *tls.POPULATION]) as server:
        targets, n = tls.servers(bench, server, tls.FETCHES, "policies")
        bare = [bench.program("tls_bare"), "https", server.ca_file, str(tls.CONCURRENT)]
        what = {"ours": lambda: tls.complete(bench.scan(server.names_file, tls.FETCHES, n), "policies_ok", n),
                "without": lambda: bench.scan(server.names_file, tls.NEITHER, n),
                "bare": lambda: bench.client(bare, n, stdin=targets)}
        if os.path.exists(BUNDLE):
            what["default"] = default(bench, server, targets, min(n, FEWER))
        pairs = tls.beyond(bench.pairs(what))
    return [lib.compare(pairs, "ours", "bare", peer_name="bare epoll+OpenSSL client", suffix=" against the bare client",
                        figures={"fetch_us": lib.median(pairs["ours"])},
                        note=f"ECDSA, TLS 1.3; {n} fetches, {tls.CONCURRENT} at a time; {tls.DNS_WORDS}"), guard(pairs)]


def default(bench, server, targets, n):
    """libcurl with the CAs of the system and that of stsim in one file."""
    bundle, fewer = bench.path("bundle.pem"), bench.path("fewer.txt")
    tls.concatenate(bundle, BUNDLE, server.ca_file)
    with open(targets, encoding="ascii") as all_targets, open(fewer, "w", encoding="ascii") as out:
        out.writelines(line for _, line in zip(range(n), all_targets))
    return lambda: bench.client([bench.program("curl_default"), bundle], n, stdin=fewer)


def guard(pairs):
    more = {"suffix": " against libcurl's default", "goal": DEFAULT_GOAL, "stretch": 1 / 25}
    if "default" not in pairs:
        return lib.skipped(f"no {BUNDLE}", **more)
    return lib.compare(pairs, "ours", "default", peer_name="libcurl, CAINFO given and CAPATH as it is", note=DEFAULT_NOTE, **more)
