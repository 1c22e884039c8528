"""Registered names, everything on: does the whole cost more than its parts? Each part as its own row has it, in this run:
queries of our DNS module alone, policy fetches, STARTTLS probes, records packed and compressed. Connections that come to
no handshake are not among the parts."""
import lib

TITLE = "names as in zone files, everything on: CPU against the sum of the parts"
UNIT = "us CPU a name"
GOAL, STRETCH = 1.15, 1.05
AFTER = ("dns_transport", "https", "starttls", "writing")

NAMES = 50000
POPULATION = ["--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]  # nobody is turned away
KINDS = ("domain", "host", "policy", "endpoint")


def run(bench):
    missing = [cost for cost in ("dns_us", "fetch_us", "probe_us", "record_us") if cost not in bench.figures]
    if missing:
        return lib.skipped("no figure of " + ", ".join(missing))
    with bench.stsim(bench.n(NAMES), args=POPULATION) as server:
        pairs = bench.pairs({"ours": lambda: bench.scan(server.names_file)})
    parts = parts_of(bench.figures, pairs["ours"][-1].metadata)
    figures = lib.per_name("zone_all", pairs["ours"])
    words = " + ".join(f"{what} {us:.1f} us" for what, us in parts.items())
    return lib.Result(figures["zone_all_us"], sum(parts.values()), "sum of the parts", samples=pairs, figures=figures,
                      note=f"{words}; {figures['zone_all_traffic']:.0f} bytes of traffic, {figures['zone_all_disk']:.1f} written")


def parts_of(costs, scan):
    """{words: us a name}"""
    names, counters = scan["positions"], scan["counters"]
    records = sum(sum(scan["counts"].get(kind, {}).values()) for kind in KINDS)
    parts = ((scan["queries"], "queries", costs["dns_us"]), (counters["policies_ok"], "fetches", costs["fetch_us"]),
             (counters["endpoints_tls"], "probes", costs["probe_us"]), (records, "records", costs["record_us"]))
    return {f"{n / names:.4g} {what} x {us:.4g} us =": n * us / names for n, what, us in parts}
