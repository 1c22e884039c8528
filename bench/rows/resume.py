"""A scan of a million registered names that kill -9 ends when half of them are through, and `stscan --resume`: how long until it
asks anything new, how much memory it needs until then, and what scan and resume cost together. The records are read back
first: they say what is done, and what was begun and has no record. The time is wall time, from the start of the program, with
the questions of the preflight."""
import csv
import json
import os
import re
import statistics
import subprocess
import time
from dataclasses import dataclass

import lib

TITLE = "kill -9 at half, then --resume:"
UNIT = "s"
GOAL = STRETCH = None

NAMES = 1000000
ARGS = ["--no-starttls", "--fetch-policy", "signalled"]
POLL_SECONDS = 0.05


def run(bench):
    n = bench.n(NAMES)
    with bench.stsim(n) as server:
        whole = bench.scan(server.names_file, ARGS)
        stops = [stop(bench, server, ARGS) for _ in range(bench.runs)]
        everything = [stop(bench, server, [])]
    title = f" {n} names, --no-starttls: "
    cpu = statistics.median(one.cpu_us for one in stops) / n
    return [*lines(title, n, stops), lib.Result(cpu, whole.cpu_us, "nothing stopped it", suffix=title + "CPU of both", unit="us CPU a name"),
            *lines(f" {n} names, everything on: ", n, everything)]


def lines(title, n, stops):
    def of(what):
        return statistics.median(getattr(one, what) for one in stops)
    note = (f"{of('names') / n:.0%} of the names had their record, {of('bytes') / 1e6:.1f} MB were read back; peak memory at the end "
            f"{of('end_kib') * 1024 / 1e6:.0f} MB; runs: {len(stops)}, each verified by ststat")
    return [lib.Result(of("seconds"), suffix=title + "until its first question", note=note),
            lib.Result(of("load_kib") * 1024 / 1e6, suffix=title + "peak memory until then", unit="MB")]


@dataclass
class Stop:
    bytes: int      # of the records that were there
    names: int      # that had their record
    seconds: float  # until the records were read back
    load_kib: int   # peak memory by then
    end_kib: int    # by the end
    cpu_us: float   # of the scan that was killed and of the one that went on


def stop(bench, server, args):
    killed = kill_at_half(bench, server, args)
    there = sum(entry.stat().st_size for entry in os.scandir(bench.path("scan")))
    process = subprocess.Popen([*bench.pin(), lib.run.program("stscan"), "--resume", bench.path("scan")], stderr=subprocess.PIPE, text=True)
    began, said, found = time.monotonic(), "", None
    for line in process.stderr:
        said += line
        match = re.search(r"goes on: (\d+) names have their record", line)
        if match:
            found = int(match[1]), time.monotonic() - began, peak_kib(process.pid)
    usage = ended(process)
    if process.returncode != 0 or found is None:
        raise lib.Error(f"stscan --resume: status {process.returncode}: {said[-lib.LAST_WORDS:]}")
    lib.verify(bench.path("scan"))
    return Stop(there, *found, usage.ru_maxrss, 1e6 * (cpu_seconds(usage) + cpu_seconds(killed)))


def kill_at_half(bench, server, args):
    """What the killed scan used."""
    status = bench.path("status.csv")
    if os.path.exists(status):
        os.unlink(status)
    process = subprocess.Popen([*bench.pin(), *bench.scan_words(server.names_file), *args, "--status-updates-file", status])
    while names_done(status) < server.names / 2:
        if process.poll() is not None:
            raise lib.Error("the scan is through too soon: a larger --scale")
        time.sleep(POLL_SECONDS)
    process.kill()
    return ended(process)


def names_done(status):
    if not os.path.exists(status):
        return 0
    with open(status, encoding="ascii") as file:
        return max((int(row["names_done"] or 0) for row in csv.DictReader(file)), default=0)


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM:"))


def ended(process):
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage


def cpu_seconds(usage):
    return usage.ru_utime + usage.ru_stime
