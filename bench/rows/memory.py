"""What a scan needs at most, by the parts of the promise (DESIGN.md, principle 6), each on its own:

    100 MB + 1 KiB x window + 64 KiB x connections + 200 B x endpoints kept + 32 B x distinct hosts

A part is the difference of the peaks of two scans that differ in its count alone, divided by the difference of the counts.
One run of each: what is asked for is the same each time, what pages of it stay half empty swings by some per cent."""
import itertools
import resource

import lib

TITLE = "Peak memory"
UNIT = "bytes"
GOAL, STRETCH = 1, None

CONSTANT, WINDOW, CONNECTION, ENDPOINT, HOST = 100e6, 1024, 64 << 10, 200, 32
FEW = 20    # the smaller count is the larger one / FEW
# Of hosts and endpoints the smaller count fills the buffers as well: what it did not fill would count as theirs.
MANY_HOSTS = 10  # times as many as endpoints
FEW_ENDPOINTS = 5
ROUNDS = 3  # names for each place in a window, for each connection

# Each host of a name has an address of its own; every server is right, unless a class says otherwise, and never busy.
DISTINCT = ["--set", "mx-count-1=1", "--set", "mx-count-2=0", "--set", "mx-count-3-5=0", "--set", "signed=0", "--set",
            "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]
# Names as short work as can be: what is measured is what they lead to.
PROBES = ["--records", "mx,a", "--fetch-policy", "never", "--window", "1000"]
NO_PROBES = [*PROBES, "--no-starttls"]
# DNS is through long before the second connection: all endpoints but one wait at the gate, and are ended there.
GATE = [*PROBES, "--connect-rate", "1", "--tail", "1s"]
THROUGH = [*PROBES, "--max-connections", "100"]
# All were tried once and wait for the next time.
RETRY = [*PROBES, "--attempts", "2", "--retry-after", "1h", "--max-connections", "100"]
# As a scan of a zone would be, but that it does not wait for the connections, of which a second has so many.
POLITE = ["--connect-rate", "500", "--per-ip-hosts", "50", "--per-ip-signalled-hosts", "1000", "--tail", "60s", "--dns-timeout", "5s",
          "--dns-deadline", "20s"]
POLITE_WORLD = ["--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]
RETRY_RATE = 1000  # endpoints tried a second, at least: how long the tail must be


def run(bench):
    return [constant(bench), *window(bench), connection(bench, "smtp-ok", PROBES, "SMTP"),
            connection(bench, "policy-ok", ["--records", "mx,sts,a", "--no-starttls"], "HTTPS"), *endpoints(bench),
            *populations(bench)]


def peak(sample):
    return sample.rss_mib * (1 << 20)


def floor():
    """Below it no peak is seen (lib.Sample)."""
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + (1 << 20)


def counted(sample, what):
    """How many of a part a scan had."""
    counters = sample.metadata["counters"]
    return counters["endpoints"] - counters["endpoints_sampled"] if what == "endpoints" else counters[what]


def part(suffix, budget, few, many, n, besides=0, **more):
    """The line of a part: `n` more of it in `many` than in `few` (a number, or what is counted), each with `besides` bytes that
    belong to other parts."""
    if isinstance(n, str):
        n = counted(many, n) - counted(few, n)
    samples = {"few": [few], "many": [many]}
    if peak(few) <= floor():
        return lib.skipped("too little to be seen beside what Python needs: a larger --scale", suffix=suffix, samples=samples)
    return lib.Result((peak(many) - peak(few)) / n - besides, budget, "budget", suffix=suffix, samples=samples, **more)


def whole(suffix, sample, note, window=1000, connections=500):
    endpoints, hosts = counted(sample, "endpoints"), counted(sample, "hosts")
    formula = CONSTANT + WINDOW * window + CONNECTION * connections + ENDPOINT * endpoints + HOST * hosts
    words = f"window {window}, {connections} connections, {endpoints} endpoints kept, {hosts} hosts"
    return lib.Result(peak(sample) / 1e6, formula / 1e6, "formula", unit="MB", suffix=suffix, samples={"ours": [sample]},
                      note=f"{note}; {words}")


# ---- parts ----

def constant(bench):
    with bench.stsim(100) as server:
        sample = bench.scan(server.names_file, ["-T", "2", "--window", "100"], cores=2)
    return lib.Result(peak(sample) / 1e6, CONSTANT / 1e6, "budget", unit="MB", suffix=": a scan of 100 names",
                      samples={"ours": [sample]}, note="2 workers")


def window(bench):
    """Full: answers take so long that names wait for them. As a scan has it the limit of questions (--dns-window) holds most
    names back that the window has room for; without that limit all have their questions under way."""
    n, found = bench.n(50000), []
    slow = ["--set", "dns-latency-ms=1000", "--set", "latency-sigma=0"]
    args = ["--fetch-policy", "never", "--no-starttls", "--dns-timeout", "5s", "--dns-deadline", "20s"]
    cases = (": a name in the window", 16000 / 50000, GOAL), (": the same, no limit of questions", 20, None)
    with bench.stsim(ROUNDS * n, args=slow, latency=1) as server:
        for suffix, questions, goal in cases:
            few, many = (scan_first(bench, server, ROUNDS * size,
                                    [*args, "--window", str(size), "--dns-window", str(max(1, round(questions * size)))])
                         for size in (n // FEW, n))
            found.append(part(suffix, WINDOW, few, many, n - n // FEW, goal=goal, note=f"windows of {n // FEW} and {n}, answers "
                              "after 1 s; with the MX hosts that are looked up meanwhile"))
    return found


def connection(bench, only, args, what):
    """All open at a time, in every state of a connection: each reply takes its time."""
    n = bench.n(2000)
    world = ["--only", only, *DISTINCT, "--set", "tcp-latency-ms=1000", "--set", "latency-sigma=0", "--set", "dns-latency-ms=0"]
    long = ["--smtp-timeout", "60s", "--greeting-timeout", "45s", "--policy-timeout", "60s"]
    with bench.stsim(ROUNDS * n, args=world, latency=1) as server:
        few, many = (scan_first(bench, server, ROUNDS * most, [*args, *long, "--max-connections", str(most)])
                     for most in (n // FEW, n))
    return part(f": an {what} connection", CONNECTION, few, many, n - n // FEW,
                note=f"{n // FEW} and {n} of them; each reply after 1 s")


def endpoints(bench):
    """A distinct host, and the endpoint it leads to, in each state that may last."""
    n = bench.n(100000)
    counts = n // FEW_ENDPOINTS, n
    with bench.stsim(MANY_HOSTS * n, args=["--only", "smtp-ok", *DISTINCT]) as server:
        alone = [scan_first(bench, server, count, NO_PROBES) for count in (n, MANY_HOSTS * n)]
        gate, through = ([scan_first(bench, server, count, args) for count in counts] for args in (GATE, THROUGH))
    with bench.stsim(n, args=["--only", "smtp-421", *DISTINCT]) as server:
        retry = [scan_first(bench, server, count, [*RETRY, "--tail", f"{5 + count // RETRY_RATE}s"]) for count in counts]
    host = part(": a distinct host", HOST, *alone, "hosts", note="nothing probed")
    besides = host.ours or 0
    return [host,
            part(": an endpoint that waits at the gate", ENDPOINT, *gate, "endpoints", besides, note="at an address of its own"),
            part(": an endpoint that is through", ENDPOINT, *through, "endpoints", besides,
                 note="the same, with its certificates"),
            part(": an endpoint that waits for another attempt", ENDPOINT, *retry, "endpoints", besides,
                 note="the same: the one that has most to keep")]


def scan_first(bench, server, n, args):
    """A scan of the first names of the server."""
    names = bench.path("names.txt")
    with open(server.names_file, "rb") as source, open(names, "wb") as to:
        to.writelines(itertools.islice(source, n))
    return bench.scan(names, args)


# ---- populations ----

def populations(bench):
    n, found = bench.n(1000000), []
    with bench.stsim(n, args=["--only", "smtp-ok", *DISTINCT]) as server:
        sample = bench.scan(server.names_file, [*PROBES, "--connect-rate", "500", "--tail", "10s"])
    found.append(whole(f": {n} names with MX hosts of their own", sample, "500 connections/s, the others wait"))
    with bench.stsim(n, args=["--only", "mx-second", *DISTINCT]) as server:
        capped, all_of_them = (bench.scan(server.names_file, [*PROBES, *args]) for args in (
            ["--per-ip-hosts", "50", "--per-ip-signalled-hosts", "1000"], ["--connect-rate", "1", "--tail", "1s"]))
    found.append(whole(f": one operator, a host name for each of {n} customers, four addresses", capped, "50 kept an address"))
    found.append(whole(": the same, all of them kept", all_of_them, "all wait"))
    return [*found, registered(bench)]


def registered(bench):
    n = bench.n(10000000)
    with bench.stsim(n, args=POLITE_WORLD) as server:
        sample = bench.scan(server.names_file, POLITE)
    return whole(f": {n} registered names, everything on", sample, "500 connections/s, what waits 60 s after the last name has its end",
                 window=10000)
