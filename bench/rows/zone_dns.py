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
    figures = lib.per_name("zone_dns", pairs["ours"])
    counters = pairs["ours"][-1].metadata["counters"]
    note = (f"{figures['zone_dns_queries']:.2f} queries a name, {figures['zone_dns_disk']:.1f} bytes written, "
            f"{figures['zone_dns_traffic']:.0f} bytes of traffic; {counters['names_mx']} names of {counters['names_done']} with "
            f"MX, {counters['hosts']} MX hosts, {counters['policies']} policies, {counters['dns_timeouts']} queries unanswered")
    return lib.Result(figures["zone_dns_us"], samples=pairs, note=note, figures=figures)
