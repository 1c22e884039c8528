"""A million registered names, DNS and the few policies alone, records written: what a name costs that is like most."""
import lib

TITLE = "names as in zone files, --no-starttls"
UNIT = "us CPU a name"
GOAL, STRETCH = 20, 15

NAMES = 1000000
ARGS = ["--no-starttls", "--fetch-policy", "signalled"]


def run(bench):
    with bench.stsim(bench.n(NAMES)) as server:
        pairs = bench.pairs({"ours": lambda: bench.scan(server.names_file, ARGS)})
    last = pairs["ours"][-1].metadata
    names, counters = last["positions"], last["counters"]
    figures = {"zone_us": lib.median(pairs["ours"]), "zone_queries_a_name": last["queries"] / names,
               "zone_bytes_a_name": last["bytes_written"] / names, "zone_fetches_a_name": counters["policies"] / names}
    note = (f"{figures['zone_queries_a_name']:.2f} queries a name, {figures['zone_bytes_a_name']:.1f} bytes written; "
            f"{counters['names_mx']} of {names} names with MX, {counters['hosts']} MX hosts, {counters['policies']} policies, "
            f"{counters['dns_timeouts']} queries that nobody answers")
    return lib.Result(figures["zone_us"], samples=pairs, note=note, figures=figures)
