"""What the rows of the benchmarks (bench/rows/NAME.py) use: servers and clients pinned to their cores, CPU time a unit,
alternating pairs, results.

A row is a module with

    TITLE    the words of its line in the table
    UNIT     of its figures: "us CPU a query"
    GOAL     the most that ours / peer may be, or the figure itself where there is no peer; None: no goal
    STRETCH  the same, of what would be better still
    AFTER    names of rows of which it reads the figures; they are run before it, also when it alone is asked for
    def run(bench): ...    -> a Result, or a list of them

Figures are how rows speak to one another and to the projection: Result(figures={...}), read as bench.figures. Microseconds
of CPU time: dns_us a query of our DNS module, fetch_us a policy fetch, probe_us a STARTTLS probe, record_us a record packed
and compressed. Of whole scans: lib.per_name().

It runs as root in a network namespace that holds loopback alone. All time is CPU time, user and system, of the process
that is measured and of its children; wall time and memory are told beside it, never judged.
"""
import contextlib
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "score"))
import perf  # noqa: E402
import run  # noqa: E402

Error = run.RunError  # what went wrong, in words: ends the row, not the run
FROM_ROW = object()   # a goal is that of the row
LAST_WORDS = 2000     # bytes of a failed program's messages that are shown


@dataclass
class Sample:
    """One run of one program. `rss_mib` is never below what this Python needs (some 20 MiB: exec() keeps the peak); peak()
    says so."""
    cpu_us: float   # a unit: user and system
    user_us: float
    sys_us: float
    wall_s: float
    rss_mib: float
    out: str = ""   # what it wrote to standard output
    switches: tuple = (0, 0)  # context switches in all: waited for something, was put off the core
    traffic: int = 0          # bytes over loopback meanwhile, IP and Ethernet headers included, both ways
    metadata: dict = None     # of a scan: its --metadata-file
    dir: str = ""             # of a scan: its records, until the next scan


@dataclass
class Result:
    """A line of the table. `ratio` is ours / peer where it is not given."""
    ours: float
    peer: float = None
    peer_name: str = ""
    suffix: str = ""    # behind the row's title, where a row has several lines
    goal: float = FROM_ROW
    stretch: float = FROM_ROW
    unit: str = ""      # other than the row's
    note: str = ""      # below the table
    ratio: float = None
    skipped: str = ""   # why there is no figure: "massdns: not named by --massdns"
    samples: dict = field(default_factory=dict)  # label -> Samples, for the JSON and the line of wall time and memory
    figures: dict = field(default_factory=dict)  # what the projection reads, by name

    def __post_init__(self):
        if self.ratio is None and self.peer:
            self.ratio = self.ours / self.peer


def skipped(words, **more):
    """The line of a peer that is not here."""
    return Result(None, skipped=words, **more)


def median(samples, what="cpu_us"):
    """The median of one field of some Samples; `what` may be a function of a Sample."""
    get = what if callable(what) else lambda sample: getattr(sample, what)
    return statistics.median(get(sample) for sample in samples)


def per(sample, parts):
    """The same run by a smaller unit, of which each of its units has so many."""
    return replace(sample, **{key: getattr(sample, key) / parts for key in ("cpu_us", "user_us", "sys_us")})


def peak(samples):
    """The median of their peak memory, in words."""
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    mib = median(samples, "rss_mib")
    return f"peak {mib:.0f} MiB" if mib > mine + 1 else f"peak under {mine + 1:.0f} MiB"


def compare(pairs, ours, peer, **more):
    """The Result for two labels of Bench.pairs(): medians, and the median of the ratios of the pairs."""
    if min(sample.cpu_us for sample in pairs[peer]) <= 0:
        raise Error("too little was done for its time to be seen: a larger --scale")
    ratios = [a.cpu_us / b.cpu_us for a, b in zip(pairs[ours], pairs[peer])]
    return Result(median(pairs[ours]), median(pairs[peer]), more.pop("peer_name", peer), ratio=statistics.median(ratios),
                  samples={ours: pairs[ours], peer: pairs[peer]}, **more)


def per_name(row, scans):
    """The figures of whole scans, a name, each called after its row: zone_dns_us (CPU), zone_dns_queries, _probes and
    _fetches (TLS handshakes), _disk and _traffic (bytes)."""
    last = scans[-1].metadata
    names, counters = last["positions"], last["counters"]
    figures = {"us": median(scans), "queries": last["queries"] / names, "probes": counters["endpoints_tls"] / names,
               "fetches": counters["policies_ok"] / names, "disk": last["bytes_written"] / names,
               "traffic": median(scans, "traffic") / names}
    return {f"{row}_{what}": value for what, value in figures.items()}


def verify(directory):
    """The scan is whole, or an Error."""
    proof = subprocess.run([run.program("ststat"), "verify", directory], capture_output=True, text=True, check=False)
    if proof.returncode != 0:
        raise Error("ststat verify: " + (proof.stdout + proof.stderr)[-LAST_WORDS:])


def find(name, where=None):
    """The path of a peer: as it was named, or from PATH; None if it is not here."""
    if where is not None:
        return where if os.access(where, os.X_OK) else None
    return shutil.which(name)


def loopback_bytes():
    with open("/proc/net/dev", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.split()[0] == "lo:")


class Bench:
    """What a row's run() is given. Public: runs, scale, build, tmp, massdns, zdns, unbound, figures, and the methods."""

    def __init__(self, runs=5, scale=1.0, massdns=None, zdns=None, unbound=False, profile=False):
        self.runs = runs          # pairs of which the median is taken
        self.scale = scale        # of every number of units
        self.massdns = massdns    # paths of peers that no package has, or None
        self.zdns = zdns
        self.unbound = unbound    # nxdomain: answered by unbound, too
        self.profile = profile and perf.here()
        self.profiles = []        # of the row so far: in words
        self.before = []          # stands before every client's command: perf
        self.build = os.path.dirname(run.program("stscan"))
        self.tmp = tempfile.mkdtemp(prefix="stsbench-")  # a row's files; emptied after it
        self.figures = {}         # of all rows so far
        self.measured = {}        # how, see saved.how()
        cores = sorted(os.sched_getaffinity(0))
        self.server_core = cores[1 % len(cores)]
        self.client_cores = [core for core in cores if core != self.server_core] + [self.server_core]
        self.server = None        # the stsim that serves now

    def close(self):
        shutil.rmtree(self.tmp, ignore_errors=True)

    def path(self, name):
        """Of a file of the row's."""
        return os.path.join(self.tmp, name)

    def program(self, name):
        """A program of bench/limits."""
        return os.path.join(self.build, "bench", name)

    def n(self, units):
        """A number of units, times --scale."""
        return max(1, round(units * self.scale))

    def pin(self, cores=1):
        """The words before a command that keep a client on its cores; with 2 it may share the server's."""
        return ["taskset", "-c", ",".join(map(str, self.client_cores[:cores]))]

    def pin_server(self):
        return ["taskset", "-c", str(self.server_core)]

    @contextlib.contextmanager
    def stsim(self, names=20000, profile="zone", args=(), latency=0):
        """stsim serve on the server's core, ready. Gives .names_file (its names, one a line), .ca_file, .pid, .ports.dns,
        .https and .smtp, and behind the block .cpu_s and .stats (its --stats-json)."""
        directory = self.path(f"stsim-{time.monotonic_ns()}")
        os.mkdir(directory)
        population = ["--names", str(names), "--profile", profile, *args]
        world = run.Run(directory, population, latency)
        run.write(world.path("names.csv"), world.stsim("names"))
        server = SimpleNamespace(ca_file=world.path("ca.pem"), names_file=world.path("names.csv"), names=names, cpu_s=None,
                                 stats=None, ports=SimpleNamespace(dns=run.DNS, https=run.HTTPS, smtp=run.SMTP), world=world)
        with run.Simulator(world, self.pin_server()) as simulator:
            server.pid = simulator.process.pid
            self.server, before = server, self.server
            try:
                yield server
            finally:
                self.server = before
        server.stats = run.statistics(world)
        server.cpu_s = server.stats["cpu_seconds"]

    def client(self, argv, units, stdin=None, env=None, cores=1, good=(0,)):
        """A Sample of one run of a command that does so many units, pinned to the client's core. `stdin` is a path; `env` is
        added to the environment; an exit status not in `good` is an Error."""
        carried = loopback_bytes()
        out, err = self.path("out"), self.path("err")
        with open(stdin or os.devnull, "rb") as source, open(out, "wb") as to, open(err, "wb") as errors:
            began = time.monotonic()
            process = subprocess.Popen(self.pin(cores) + self.before + list(argv), stdin=source, stdout=to, stderr=errors,
                                       env={**os.environ, **(env or {})})
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in good:
            with open(err, encoding="utf-8", errors="replace") as file:
                raise Error(f"{' '.join(map(str, argv[:3]))} ...: status {process.returncode}: {file.read()[-LAST_WORDS:]}")
        with open(out, encoding="utf-8", errors="replace") as file:
            text = file.read()
        user, system = usage.ru_utime * 1e6 / units, usage.ru_stime * 1e6 / units
        return Sample(user + system, user, system, wall, usage.ru_maxrss / 1024, text, (usage.ru_nvcsw, usage.ru_nivcsw),
                      loopback_bytes() - carried)

    def scan(self, names_file, args=(), units=None, cores=1, before=()):
        """A Sample of stscan: 1 worker, window 10,000, no rates, 500 connections, short waits and rests, no second rounds, the
        loop-back settings of the stsim that serves now; `args` come last and so win. Units: the names, unless told. `before`
        stands in front of the command: perf and the like."""
        if units is None:
            with open(names_file, "rb") as file:
                units = sum(1 for _ in file)
        sample = self.client([*before, *self.scan_words(names_file), *args], units, cores=cores)
        sample.dir = self.path("scan")
        with open(self.path("metadata.json"), encoding="utf-8") as file:
            sample.metadata = json.load(file)
        return sample

    def scan_words(self, names_file):
        """The command of scan(). Its records go to path("scan"), where those of the last one are no more."""
        where, server = self.path("scan"), self.server
        shutil.rmtree(where, ignore_errors=True)
        argv = [run.program("stscan"), "-q", "-f", names_file, "-o", where, "--lab", "127.0.0.0/8,::1", "-T", "1",
                "--seed", "1", "--ehlo-name", "scan.sim.test", "--contact", "postmaster@sim.test", "--control-rate", "0",
                "--window", "10000", "--dns-rate", "0", "--connect-rate", "0", "--per-ip-smtp", "0", "--per-ip-interval", "0",
                "--per-prefix-smtp", "0", "--max-connections", "500", "--per-ip-hosts", "0", "--per-ip-signalled-hosts", "0",
                "--per-ip-https", "0", "--per-prefix-https", "0", "--per-ip-https-rate", "0", "--dns-timeout", "1s", "--dns-deadline", "2s", "--dns-retry-after", "0",
                "--connect-timeout", "2s", "--greeting-timeout", "3s", "--smtp-timeout", "5s", "--policy-timeout", "5s",
                "--attempts", "1", "--retry-after", "1s", "--metadata-file", self.path("metadata.json"), "--name-servers", f"127.0.0.1:{run.DNS}"]
        if server is not None:
            argv += ["--ca-file", server.ca_file, "--https-port", str(server.ports.https), "--smtp-port",
                     str(server.ports.smtp)]
        return argv

    def pairs(self, what):
        """{label: function without arguments that gives a Sample} -> {label: Samples}. The functions take turns, self.runs
        times, after a round that does not count. With --profile the first of them is once more run under perf."""
        found = {label: [] for label in what}
        for turn in range(self.runs + 1):
            for label, function in what.items():
                sample = function()
                if turn > 0:
                    found[label].append(sample)
        if self.profile:
            self.profiles.append(self.profile_of(*next(iter(what.items()))))
        return found

    def profile_of(self, label, function):
        data = self.path("perf.data")
        self.before = perf.before(data)
        try:
            function()
        finally:
            self.before = []
        return f"{label}, by perf: {perf.words(data)}"
