"""Does a name cost more where several workers share the program? On two cores that the server needs, too, 2 workers are as
many as have a core and 4 are too many; what waits for a lock shows in the profile, where perf is there, and as context
switches that a thread asked for. Two processes with a shard each, at the same time, tell what the cores themselves cost
when both are busy: threads of one core, the server beside. Where two workers cost no more than those, it is the cores and
their cache, and no lock: handshakes in memory that share nothing grow as well (row tls_threads)."""
import re

import lib
import perf

TITLE = "CPU a name"
UNIT = "us CPU a name"
GOAL, STRETCH = 1.10, None

WORKERS = (1, 2, 4)
KINDS = {" without STARTTLS": (100000, ["--no-starttls"]), " with everything on": (10000, [])}
# Nobody is turned away, and no query waits for an answer that does not come: names/s are those of work.
POPULATION = ["--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000", "--set", "query.query-timeout=0",
              "--set", "query.query-lost-once=0"]
CORES = 2
LOCKS = re.compile(r"futex|osq_lock|queued_spin|__lll_lock|pthread_(mutex|rwlock|spin|cond)|rwsem|ares__thread")
TWO_PROCESSES = """rm -rf "$0"; "$@" --shard 0 & a=$!; "$@" --shard 1 -o "$0" --metadata-file "$0.json" & b=$!
wait $a && wait $b"""


def run(bench):
    results = []
    for suffix, (names, args) in KINDS.items():
        with bench.stsim(bench.n(names), args=POPULATION) as server:
            what = {label(workers): scan(bench, server, args, workers) for workers in WORKERS}
            what["2 processes"] = shards(bench, server, args)
            pairs = bench.pairs(what)
            locks = locks_of(bench, server, args)
        results += [line(pairs, suffix, 2, locks), line(pairs, suffix, 4, locks)]
    return results


def scan(bench, server, args, workers):
    return lambda: bench.scan(server.names_file, [*args, "-T", str(workers)], cores=CORES)


def shards(bench, server, args):
    return lambda: bench.scan(server.names_file, [*args, "--shards", "2"], cores=CORES,
                              before=["sh", "-c", TWO_PROCESSES, bench.path("other")])


def label(workers):
    return f"{workers} worker" + "s" * (workers > 1)


def line(pairs, suffix, workers, locks):
    """The Result for so many workers against one."""
    some, one = pairs[label(workers)], pairs[label(1)]
    note = (f"{1e6 / lib.median(some, us_wall):.0f} names/s against {1e6 / lib.median(one, us_wall):.0f}; "
            f"{lib.median(some, waits):.1f} waits per 1,000 names against {lib.median(one, waits):.1f}; "
            f"two processes of one worker each: {lib.median(pairs['2 processes']):.4g} us; {locks}")
    return lib.compare(pairs, label(workers), label(1), suffix=f"{suffix}, {label(workers)} against 1",
                       goal=GOAL if workers == 2 else None, note=note)


def us_wall(sample):
    return sample.wall_s * 1e6 / sample.metadata["positions"]


def waits(sample):
    return sample.switches[0] * 1e3 / sample.metadata["positions"]


def locks_of(bench, server, args):
    """What share of the CPU time of 1, 2 and 4 workers is in the functions of locks, waiting or not, in words."""
    if not perf.here():
        return "locks: perf is not installed"
    found = []
    for workers in WORKERS:
        data = bench.path("locks.data")
        bench.scan(server.names_file, [*args, "-T", str(workers)], cores=CORES, before=perf.before(data))
        found.append(sum(percent for percent, symbol in perf.shares(data, "symbol") if LOCKS.search(symbol)))
    return "functions of locks have " + ", ".join(f"{percent:.2f} %" for percent in found) + " of the CPU time of 1, 2, 4 workers"
