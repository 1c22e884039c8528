"""A million registered names, DNS and the few policies alone, records written: what a name costs that is like most. The goal in
us is that of a machine (2.6 GHz, 2 cores) where the bare client of system calls takes 2.1 us a query; on any other the second
line tells more: a query of the scan, with all that comes of it, against one TXT query of that client, in pairs.

Tried: a question of 104 bytes and a try of one cache line, in place of some 320 and 384 (24.1 to 22.3 us). The profile below
says where the rest goes: most of it is the kernel's, and row dns_transport tells what was tried there."""
import dns_client
import lib

TITLE = "names as in zone files, --no-starttls"
UNIT = "us CPU a name"
GOAL, STRETCH = 20, 15

NAMES = 1000000
ARGS = ["--no-starttls", "--fetch-policy", "signalled"]
QUERY_GOAL = 1.5  # GOAL, by the queries of a name, against the bare client there
BARE_WINDOW = 10000


def run(bench):
    with bench.stsim(bench.n(NAMES)) as server:
        pairs = bench.pairs({"ours": lambda: bench.scan(server.names_file, ARGS), "bare": lambda: bare(bench, server)})
    return [name(pairs["ours"]), query(pairs)]


def bare(bench, server):
    """CPU time a query that it sent: some of this world are never answered."""
    address = f"127.0.0.1:{server.ports.dns}"
    sample = bench.client([bench.program("dns_bare"), server.names_file, address, str(BARE_WINDOW)], server.names)
    found = dns_client.counts(sample)
    if found["answers"] + found["timeouts"] != server.names:
        raise lib.Error(f"dns_bare: not all of {server.names} names were asked for: {sample.out}")
    return lib.per(sample, (found["queries"] + found["resent"]) / server.names)


def name(scans):
    figures, counters = lib.per_name("zone_dns", scans), scans[-1].metadata["counters"]
    note = (f"{figures['zone_dns_queries']:.2f} queries a name, {figures['zone_dns_disk']:.1f} bytes written, "
            f"{figures['zone_dns_traffic']:.0f} bytes of traffic; {counters['names_mx']} names of {counters['names_done']} with "
            f"MX, {counters['hosts']} MX hosts, {counters['policies']} policies, {counters['dns_timeouts']} queries unanswered")
    return lib.Result(figures["zone_dns_us"], samples={"ours": scans}, note=note, figures=figures)


def query(pairs):
    ours = [lib.per(sample, sent(sample) / sample.metadata["positions"]) for sample in pairs["ours"]]
    return lib.compare({"ours": ours, "bare": pairs["bare"]}, "ours", "bare", peer_name="bare sendmmsg", goal=QUERY_GOAL,
                       stretch=None, unit="us CPU a query", suffix=": a query of it")


def sent(sample):
    counters = sample.metadata["counters"]
    return counters["queries"] + counters["dns_retries"]
