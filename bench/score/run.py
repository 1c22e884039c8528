"""One scan of the simulated internet: stsim and stscan side by side in a network namespace of their own, and what each
left behind."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = "STSIM_NAMESPACE"
READY_SECONDS = 60
STOP_SECONDS = 60
LOAD_LOOKS, LOAD_LOOK_SECONDS = 40, 0.025
DNS, HTTPS, SMTP = 5300, 8443, 2525
CONNECTS = 500  # a second: what two cores carry on both sides without a turn of a loop that takes half a second


class RunError(Exception):
    """What went wrong, in words."""


def program(name):
    path = os.environ.get(name.upper(), os.path.join(ROOT, "build", name))
    if not os.access(path, os.X_OK):
        raise RunError(f"{path}: no such program; ./dev build makes it")
    return path


def isolate():
    """Comes back inside a network namespace in which there is nothing but loopback."""
    if os.environ.get(MARK) != os.readlink("/proc/self/ns/net"):
        if MARK in os.environ and os.environ[MARK] == "wanted":
            os.environ[MARK] = os.readlink("/proc/self/ns/net")
            subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
            return
        os.environ[MARK] = "wanted"
        how = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
        if subprocess.run([*how, "true"], stderr=subprocess.DEVNULL).returncode:
            raise RunError("a network namespace is needed: be root, or let users make one "
                           "(sysctl kernel.unprivileged_userns_clone=1)")
        sys.stdout.flush()
        os.execvp(how[0], [*how, "--", sys.executable, *sys.argv])


def at_work():
    """How many processes run or wait for a core, as seen in LOAD_LOOKS looks: a load average is of a minute that is over."""
    seen = 0
    for _ in range(LOAD_LOOKS):
        with open("/proc/stat", encoding="ascii") as f:
            seen += next(int(line.split()[1]) for line in f if line.startswith("procs_running")) - 1
        time.sleep(LOAD_LOOK_SECONDS)
    return seen / LOAD_LOOKS


def patience():
    """By how much deadlines are longer: where others are at work on this machine, and with a sanitizer."""
    with open(program("stscan"), "rb") as f:
        sanitized = re.search(b"__[at]san_init", f.read())
    return min(4, max(1, at_work() / (os.cpu_count() or 1))) * (2 if sanitized else 1)


@dataclass
class Pace:
    """What the scan is asked to keep to; the simulator tells whether it did."""
    per_ip: int = 1
    per_ip_interval_ms: int = 40
    per_prefix: int = 8
    per_ip_https: int = 4
    per_ip_https_rate: int = 200
    sampling: bool = False
    per_ip_hosts: int = 50  # with sampling: plain MX hosts probed at an address


@dataclass
class Run:
    """`dir` holds ca.pem, names.csv, scan/, truth.ndjson, stats.json, the logs, and what read() makes."""
    dir: str
    population: list  # options of stsim that say which: --names, --seed, ...
    latency: float
    pace: Pace = field(default_factory=Pace)
    more: list = field(default_factory=list)  # options of stscan

    def path(self, name):
        return os.path.join(self.dir, name)

    def stsim(self, command, *args):
        return [program("stsim"), command, *self.population, *args]

    def stscan(self):
        wait = patience()

        def ms(n):
            return f"{n * wait:.0f}ms"
        hosts = ["--per-ip-hosts", str(self.pace.per_ip_hosts)] if self.pace.sampling else [
            "--per-ip-hosts", "0", "--per-ip-signalled-hosts", "0"]
        return [program("stscan"), "-f", self.path("names.csv"), "-o", self.path("scan"),
                "--lab", "127.0.0.0/8,::1", "--name-servers", f"127.0.0.1:{DNS}", "--ca-file", self.path("ca.pem"),
                "--smtp-port", str(SMTP), "--https-port", str(HTTPS), "--ehlo-name", "scan.sim.test",
                "--contact", "postmaster@sim.test", "--seed", "1", "--control-rate", "0", "--attempts", "3",
                "--retry-after", ms(1000), "--tail", ms(3600000), "--dns-rate", "0", "--dns-timeout", ms(1500),
                "--dns-deadline", ms(6000), "--dns-retry-after", ms(1000), "--connect-rate", str(CONNECTS),
                "--connect-timeout", ms(2000), "--greeting-timeout", ms(4000), "--smtp-timeout", ms(6000),
                "--policy-timeout", ms(4000), "--per-ip-smtp", str(self.pace.per_ip),
                "--per-ip-interval", f"{self.pace.per_ip_interval_ms}ms", "--per-prefix-smtp", str(self.pace.per_prefix),
                "--per-prefix-https", "0", "--per-ip-https", str(self.pace.per_ip_https), "--per-ip-https-rate", str(self.pace.per_ip_https_rate),
                "--metadata-file", self.path("metadata.json"), *hosts, *self.more]


def write(path, command):
    with open(path, "wb") as out:
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=False)
    if done.returncode:
        raise RunError(f"{' '.join(command[:2])}: status {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")


def text_of(path):
    return pathlib.Path(path).read_text(encoding="utf-8", errors="replace")


class Simulator:
    """stsim serve, while the block runs; `before` stands in front of its command: taskset and the like; `serve`: more options."""

    def __init__(self, run, before=(), serve=()):
        self.run = run
        self.before, self.serve = list(before), list(serve)

    def __enter__(self):
        run = self.run
        self.log = open(run.path("stsim.log"), "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            self.before + run.stsim("serve", "--latency", str(run.latency), "--ca-out", run.path("ca.pem"), "--quiet",
                      "--stats-json", run.path("stats.json"), *self.serve), stdin=subprocess.DEVNULL, stderr=self.log)
        end = time.monotonic() + READY_SECONDS
        while "ready" not in text_of(run.path("stsim.log")):
            if self.process.poll() is not None or time.monotonic() > end:
                self.process.kill()
                raise RunError("stsim does not serve: " + text_of(run.path("stsim.log"))[-2000:])
            time.sleep(0.05)
        return self

    def __exit__(self, *args):
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "does not stop"
        self.log.close()
        if status != 0 and args[0] is None:
            raise RunError(f"stsim: {status}: " + text_of(self.run.path("stsim.log"))[-3000:])


def watched(command, log, show):
    """Runs it; its messages go to the log, and each to show(line) as it comes. The exit status."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace") as process:
        for line in process.stderr:
            log.write(line)
            show(line.rstrip("\n"))
    return process.returncode


def scan(run, show=lambda line: None):
    """Serve, scan, stop; the scan's own lines go to stscan.log."""
    write(run.path("names.csv"), run.stsim("names"))
    write(run.path("truth.ndjson"), run.stsim("truth"))
    with Simulator(run):
        with open(run.path("stscan.log"), "w", encoding="utf-8") as log:
            status = watched(run.stscan(), log, show)
    if status:
        raise RunError(f"stscan: status {status}: " + text_of(run.path("stscan.log"))[-3000:])


TABLES = ("domains", "hosts", "endpoints")
READINGS = {**{table: ("export", "--format", "ndjson", "--no-times", "--table", table) for table in TABLES},
            "summary.json": ("summary", "--json"), "summary.txt": ("summary",)}


def read(run):
    """All that ststat makes of the scan, side by side, into files of these names."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for done in [pool.submit(write, run.path(name), [program("ststat"), *words, run.path("scan")])
                     for name, words in READINGS.items()]:
            done.result()


def export(run, table):
    """The rows of a table, as dictionaries. After read()."""
    with open(run.path(table), encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def summary(run):
    with open(run.path("summary.json"), encoding="utf-8") as f:
        return json.load(f)


def verify(run):
    """What ststat verify has against the scan of these names; nothing: ""."""
    done = subprocess.run([program("ststat"), "verify", "--input", run.path("names.csv"), run.path("scan")], capture_output=True, text=True)
    return "" if done.returncode == 0 else (done.stdout + done.stderr)[-2000:]


def truth(run):
    """The line about the world, and the names' one after the other."""
    with open(run.path("truth.ndjson"), encoding="utf-8") as lines:
        world = json.loads(next(lines))["world"]
        yield world
        for line in lines:
            yield json.loads(line)


def classes():
    """Every class that --only knows."""
    done = subprocess.run([program("stsim"), "classes"], capture_output=True, text=True)
    if done.returncode:
        raise RunError("stsim classes: " + done.stderr)
    return [line.split()[0] for line in done.stdout.splitlines()]


def gaps(run):
    """How often a worker of stscan stood still for over 500 ms: then deadlines say nothing of the peers."""
    with open(run.path("metadata.json"), encoding="utf-8") as f:
        return json.load(f)["loop_gaps"]


def statistics(run):
    with open(run.path("stats.json"), encoding="utf-8") as f:
        return json.load(f)
