"""A scan that asks one TXT record of each name and writes its record, against a client that asks the same and keeps nothing."""
import dns_client
import lib

TITLE = "DNS stage: one TXT a name, records written"
UNIT = "us CPU a name"
GOAL, STRETCH = 2.0, 1.6

NAMES = 1000000
# Where there is no record no second question follows.
ONLY = "sts-none"
ARGS = ["--records", "sts", "--no-starttls", "--fetch-policy", "never"]


def run(bench):
    n = bench.n(NAMES)
    with bench.stsim(n, args=["--only", ONLY]) as server:
        pairs = bench.pairs({"ours": lambda: scan(bench, server),
                             "bare": lambda: dns_client.of_limits(bench, server, "dns_bare", dns_client.WINDOW)})
    metadata = pairs["ours"][-1].metadata
    note = (f"window {dns_client.WINDOW}; {metadata['bytes_written'] / n:.1f} bytes a name written; "
            f"{dns_client.served(server, 2 * n * (bench.runs + 1))}")
    return lib.compare(pairs, "ours", "bare", peer_name="bare sendmmsg", note=note, figures={"dns_stage_us": lib.median(pairs["ours"])})


def scan(bench, server):
    sample = bench.scan(server.names_file, [*ARGS, "--window", str(dns_client.WINDOW)], units=server.names)
    counters = sample.metadata["counters"]
    if counters["queries"] != server.names or counters["answers"] != server.names:
        raise lib.Error(f"not one answer a name: {counters['queries']} queries, {counters['answers']} answers, {server.names} names")
    return sample
