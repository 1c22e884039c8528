"""What scans of known size would take on two cores, computed from the figures of a run, beside what the published figures
of peers give for the same."""

CORES = 2
CONNECTS_PER_S = 500                 # stscan --connect-rate, by default
RATES = (2000, 20000, 100000)        # queries a second: stscan's default to one's own resolver, and more
DAY_HOURS = 24
# size in millions, what has it, which rows give the figures of a name
SCANS = ((1, "Tranco", ("toplist_all",)), (90, "four TLDs", ("zone_dns", "zone_all")),
         (390, "all registered names", ("zone_dns", "zone_all")))
WHAT = {"toplist_all": "everything on", "zone_dns": "--no-starttls", "zone_all": "everything on"}

# who, units a second, what one unit is to us, where it is published
PUBLISHED = (
    ("massdns", 350000, "queries", "README.md: \"over 350,000 names per second using publicly available resolvers\""),
    ("massdns, a user's run", 4160, "queries", "massdns#114: 4,160 success/s average, 3.28 % SERVFAIL"),
    ("zdns", 50e6 / 600, "queries", "50 M domains in 10 min; secondary: peakhour.io/blog/zdns on its IMC'22 paper"),
    ("zdns, iterative, 22 cores", 439, "queries", "benchmark/README.md: 7,000 CrUX names in 15.94 s"),
    ("zgrab2, the maintainer's run", 51, "probes", "zgrab2#94: 5,000 targets, 51 targets/s"),
    ("Internet.nl, mail test", 83 / 60, "names", "documentation/Batch-resources.md: 83 domains/min, 4 Xeon cores"),
)
# CPU time a query, where a run has no figure of its own
CPU_US = {"massdns 70331f6, CPU time": (3.81, "measured beside the prototypes of this project: -s 1000, the best of its settings, "
                                        "2 cores at 2.6 GHz")}


def hours(seconds):
    """A duration, in the unit that suits it."""
    h = seconds / 3600
    if h < 1:
        return f"{60 * h:.2g} min"
    return f"{h:.3g} h" if h < 4 * DAY_HOURS else f"{h / DAY_HOURS:,.3g} days" if h < 1000 * DAY_HOURS else \
        f"{h / DAY_HOURS / 365:,.3g} years"


def bytes_words(n):
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} TB"


def wall_seconds(names, f, rate):
    """The longest of what must all be done: queries, connections, computing."""
    return max(names * f["queries"] / rate, names * (f["probes"] + f["fetches"]) / CONNECTS_PER_S,
               names * f["us"] / 1e6 / CORES)


def of_row(figures, row):
    """{what: a name}, or None where the row was not measured."""
    prefix = row + "_"
    found = {key[len(prefix):]: value for key, value in figures.items() if key.startswith(prefix)}
    return found or None


def ours(figures):
    head = ["names", "what", "queries a name", "probes a name", "CPU", *(f"wall at {rate:,} queries/s" for rate in RATES),
            "traffic", "disk"]
    rows = []
    for millions, who, sources in SCANS:
        names = millions * 1e6
        for row in sources:
            f = of_row(figures, row)
            if f is not None:
                rows.append([f"{millions} M, {who}", WHAT[row], f"{f['queries']:.2f}", f"{f['probes']:.3f}",
                             hours(names * f["us"] / 1e6), *(hours(wall_seconds(names, f, rate)) for rate in RATES),
                             bytes_words(names * f["traffic"]), bytes_words(names * f["disk"])])
    return [head, *rows]


def peers(figures, measured):
    """`measured`: {who: us CPU a query} of this run."""
    scans = [(millions * 1e6, of_row(figures, sources[-1])) for millions, _, sources in SCANS]
    head = ["who", "does", *(f"{millions} M names" for millions, _, _ in SCANS), "source"]
    rows = []

    def line(who, does, seconds, source):
        rows.append([who, does, *("" if f is None else hours(seconds(names, f)) for names, f in scans), source])
    for who, per_s, unit, source in PUBLISHED:
        line(who, f"{per_s:,.0f} {unit}/s" if per_s >= 10 else f"{60 * per_s:.0f} {unit}/min",
             lambda names, f, per_s=per_s, unit=unit: names * (1 if unit == "names" else f[unit]) / per_s, source)
    known = {f"{who}, CPU time": (us, "measured in this run") for who, us in measured.items()}
    for who, (us, source) in (known if "massdns" in measured else {**CPU_US, **known}).items():
        line(who, f"{us:.2f} us a query", lambda names, f, us=us: names * f["queries"] * us / 1e6, source)
    return [head, *rows]


WORDS = f"""\
Computed from the figures above, not measured. A scan's wall time is the longest of its queries at the resolver's rate, its
connections at {CONNECTS_PER_S} a second (`--connect-rate`, by default) and its CPU time on {CORES} cores; retries after
minutes and the pace kept at single addresses come on top. MX hosts are shared, and the more names a scan has the more so:
probes a name are those of the small populations measured here, an upper bound for large ones. Traffic is that of loopback,
whose TCP segments are larger: some per cent less than on a network. The 1 M names are as the profile toplist has them, the
others as zone."""
WORDS_PEERS = """\
What the published figures of peers give for the same: as if each of our queries (probes) were one of their names (targets),
at their rate, for that stage alone; on their machines."""
