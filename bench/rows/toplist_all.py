"""Popular names, everything on: MTA-STS is more common among them, and so are MX hosts."""
import lib

TITLE = "names as in top lists, everything on"
UNIT = "us CPU a name"
GOAL = STRETCH = None

NAMES = 20000
POPULATION = ["--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]  # nobody is turned away


def run(bench):
    with bench.stsim(bench.n(NAMES), profile="toplist", args=POPULATION) as server:
        pairs = bench.pairs({"ours": lambda: bench.scan(server.names_file)})
    figures = lib.per_name("toplist_all", pairs["ours"])
    note = "; ".join(f"{figures['toplist_all_' + what]:.4g} {words} a name" for what, words in (
        ("queries", "queries"), ("probes", "probes"), ("fetches", "fetches"), ("disk", "bytes written"),
        ("traffic", "bytes of traffic")))
    return lib.Result(figures["toplist_all_us"], samples=pairs, figures=figures, note=note)
