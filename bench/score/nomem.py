#!/usr/bin/python3
"""Does a scan survive that memory is refused? The n-th allocation of stscan fails, for one n after the other, in our own code
and in every library (tests/nomem.c): each scan must end well, or say that memory was out and be gone on with to the same rows.

    ./dev nomem [--every K | --random N] [--everything] [--seed S] ...

Without --everything 20 names are scanned, in the DNS alone; with it, policies and MX hosts too. Exit status 0: no scan
crashed, hung, lost or changed a record; 1: not so. No packet leaves this machine.
"""
import argparse
import collections
import contextlib
import functools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import kills
import rows
import run

DONE, USAGE, NO_START, STOPPED, OUTPUT_FAILED = range(5)  # exit status of stscan
LIMIT_SECONDS = 60  # of one run of stscan: an undisturbed one takes about a second
SHOWN = 4  # differences of a scan
WELL, NOTHING, RESUMED, BAD = "ended well", "did not start", "stopped, and resumed to the same rows", "WRONG"
WORLD = ("operators=100", "smtp-per-ip=100000", "smtp-rate-per-ip=1000000")
SMALL = ("sts.sts-ok=0.1", "sts.sts-truncated=0.15", "sts.sts-huge=0.05")  # a truncated answer goes by c-ares


def options():
    p = argparse.ArgumentParser(prog="./dev nomem", description=__doc__.partition("\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--everything", action="store_true", help="a scan with policies and MX hosts")
    p.add_argument("--names", type=int, help="(default: 20; 30 with --everything)")
    p.add_argument("--every", type=int, default=1, metavar="K", help="each K-th allocation, the first one by the seed")
    p.add_argument("--random", type=int, metavar="N", help="so many allocations, drawn by the seed")
    p.add_argument("--own", action="store_true", help="of the allocations of our own code alone")
    p.add_argument("--only", type=int, nargs="+", metavar="n", help="these")
    p.add_argument("--count", type=int, default=1, help="allocations that fail, in a row")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=1, help="workers of the scan")
    p.add_argument("--at-once", type=int, default=2, help="scans side by side")
    p.add_argument("--keep", metavar="DIR", help="leave the scans that went wrong there")
    o = p.parse_args()
    o.names = o.names or (30 if o.everything else 20)
    return o


def population(o):
    words = ["--names", str(o.names), "--seed", "1", "--profile", os.path.join(run.ROOT, "data", "every.profile")]
    zero = [f"{table}.{group}-{name}" for which in (kills.COUNTING, kills.SLOW) for group, names in which.items()
            for table in kills.TABLES[group] for name in names]
    zero += [f"smtp-operator.smtp-{name}" for name in kills.SHARED]
    for text in [f"{key}=0" for key in zero] + list(WORLD) + ([] if o.everything else list(SMALL)):
        words += ["--set", text]
    return words


def scanner(o):
    """Long deadlines, short waits."""
    words = ["--threads", str(o.threads), "--mx-limit", "4", "--attempts", "2", "--retry-after", "20ms", "--dns-retry-after",
             "20ms", "--dns-timeout", "5s", "--dns-deadline", "30s", "--connect-timeout", "30s", "--greeting-timeout", "30s",
             "--smtp-timeout", "30s", "--policy-timeout", "30s", "--connect-rate", "0", "--flush-seconds", "1", "--grace", "1s",
             "--quiet"]
    return words if o.everything else [*words, "--no-starttls", "--fetch-policy", "never"]


class Scan:
    """One scan in a directory of its own, from the names that all have."""

    def __init__(self, o, base, name):
        pace = run.Pace(per_ip=0, per_ip_interval_ms=0, per_prefix=0, per_ip_https=0, per_ip_https_rate=0)
        self.run = run.Run(os.path.join(base, name), population(o), 0, pace, scanner(o))
        os.makedirs(self.run.dir)
        for shared in ("names.csv", "ca.pem"):
            os.symlink(os.path.join(base, shared), self.run.path(shared))

    def go(self, command, first=None, o=None):
        """Exit status, negative for a signal, None where it hung; and what it said."""
        env = dict(os.environ)
        if first is not None:
            env.update(LD_PRELOAD=hook(), NOMEM_FIRST=str(first), NOMEM_COUNT=str(o.count), NOMEM_LOG=self.run.path("calls"),
                       **(passed_on() if o.own else {}), ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0:allocator_may_return_null=1")
        with open(self.run.path("stscan.log"), "a+", encoding="utf-8", errors="replace") as log:
            begin = log.tell()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env)
            try:
                status = process.wait(LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                status = None
            log.seek(begin)
            return status, log.read()

    def parts(self):
        directory = self.run.path("scan")
        return os.path.isdir(directory) and any(name.startswith("part-") for name in os.listdir(directory))

    def calls(self):
        """The calls that led to the allocation that failed; nothing: there was none."""
        lines = self.log().splitlines()
        return [line for line in lines if not line.startswith("allocations:") and "/nomem." not in line]

    def n_allocations(self):
        found = re.search(r"allocations: (\d+)", self.log())
        if found is None:
            raise run.RunError(f"{hook()} has counted no allocation: {self.log() or 'it was not loaded'}")
        return int(found[1])

    def log(self):
        """Of tests/nomem.c; empty: there is none."""
        with contextlib.suppress(FileNotFoundError), open(self.run.path("calls"), encoding="utf-8") as file:
            return file.read()
        return ""


def hook():
    path = os.environ.get("NOMEM", os.path.join(run.ROOT, "build", "tests", "nomem.so"))
    if not os.access(path, os.R_OK):
        raise run.RunError(f"{path}: no such library; ./dev build makes it")
    return path


@functools.cache
def passed_on():
    """Where stscan allocates for libraries: all of scanner/memory.c, from the first of its functions to the last."""
    table = subprocess.run(["nm", "--print-size", run.program("stscan")], capture_output=True, text=True, check=True).stdout
    at = {word[-1]: (int(word[0], 16), int(word[1], 16)) for word in map(str.split, table.splitlines()) if len(word) == 4}
    last, size = at["memory_begin"]
    return {"NOMEM_SKIP": str(at["from_reserve"][0]), "NOMEM_SKIP_END": str(last + size)}


def judge_whole(scan, reference):
    """What is wrong with a scan that says it is through."""
    words = run.verify(scan.run)
    return ["ststat verify: " + words] if words else rows.differences(reference, rows.read(scan.run), SHOWN)


def judge_stopped(scan, said, reference):
    """It stopped: with the reason, whole as far as it is there, and to be gone on with. The result, and what is wrong."""
    wrong = [] if "memory" in said.lower() else ["it does not say that memory was out"]
    if not scan.parts():
        return NOTHING, wrong
    words = run.verify(scan.run)
    status, more = scan.go([run.program("stscan"), "--resume", scan.run.path("scan")])
    if status == NO_START and "scan anew" in more:
        return NOTHING, wrong
    wrong += ["ststat verify, before it went on: " + words] if words else []
    wrong += [f"--resume: status {status}: {more[-500:]}"] if status != DONE else judge_whole(scan, reference)
    return RESUMED, wrong


def judge(scan, status, said, reference):
    if status == DONE:
        return WELL, judge_whole(scan, reference)
    if status in (NO_START, STOPPED, OUTPUT_FAILED):
        return judge_stopped(scan, said, reference)
    result, wrong = judge_stopped(scan, said, reference) if scan.parts() else (BAD, [])
    return result, [f"status {status}" if status is not None else f"it hung for {LIMIT_SECONDS} s", *wrong]


def library(calls):
    """Whose allocation it was: the first that called, beyond the C library, the sanitizers, and stscan where it passes on
    what a library of scanner/memory.h wants."""
    names = [os.path.basename(line.partition("(")[0]) for line in calls]
    names = [name for name in names if not name.startswith(("libc.", "ld-linux", "libasan", "libtsan", "libubsan"))]
    passed_on = names[1:] and names[0].startswith("stscan") and names[1].startswith(("libcrypto", "libssl", "libcurl", "libcares"))
    return names[1] if passed_on else names[0] if names else "nothing"


def one(o, base, n, reference):
    """The result, and whose allocation failed."""
    scan = Scan(o, base, f"n-{n}")
    status, said = scan.go(scan.run.stscan(), n, o)
    result, wrong = judge(scan, status, said, reference)
    whose = library(scan.calls())
    if not wrong:
        shutil.rmtree(scan.run.dir)
        return result, whose
    print(f"n = {n}: " + "\n    ".join(wrong), flush=True)
    for line in (said.splitlines()[-6:] + scan.calls()[:24]):
        print(f"        {line}", flush=True)
    return BAD, whose


def undisturbed(o, base):
    """Rows, and how many allocations there are: in a run of its own, as of all that follow."""
    scan = Scan(o, base, "reference")
    status, said = scan.go(scan.run.stscan(), 0, o)
    if status != DONE:
        raise run.RunError(f"the undisturbed scan: status {status}: {said[-2000:]}")
    reference = rows.read(scan.run)
    wrong = judge_whole(scan, reference) + rows.misplaced(reference, o.names) + rows.by_chance(reference)
    if wrong:
        raise run.RunError("the undisturbed scan: " + "; ".join(wrong))
    return reference, scan.n_allocations()


def chosen(o, n_all):
    draw = random.Random(o.seed)
    if o.only:
        return o.only
    if o.random:
        return sorted(draw.sample(range(1, n_all + 1), min(o.random, n_all)))
    return list(range(draw.randint(1, o.every), n_all + 1, o.every))


def series(o, base):
    """Every result with its number, and the number of allocations that were there to fail."""
    first = Scan(o, base, "names")
    run.write(os.path.join(base, "names.csv"), first.run.stsim("names"))
    with run.Simulator(run.Run(base, population(o), 0)):
        began = time.monotonic()
        reference, n_all = undisturbed(o, base)
        print(f"{o.names} names, {'everything' if o.everything else 'DNS alone'}: "
              f"{', '.join(f'{len(v)} {k}' for k, v in reference.items())}; {n_all} allocations, {time.monotonic() - began:.1f} s",
              flush=True)
        tried = chosen(o, n_all)
        with ThreadPoolExecutor(o.at_once) as pool:
            found = list(pool.map(lambda n: one(o, base, n, reference), tried))
    return found, n_all


def tell(found):
    by = collections.Counter(found)
    for result in (WELL, NOTHING, RESUMED, BAD):
        whose = {name: n for (word, name), n in by.items() if word == result}
        if whose:
            print(f"{sum(whose.values()):6} {result}: " + ", ".join(f"{name} {n}" for name, n in sorted(whose.items())))


def main():
    o = options()
    began = time.monotonic()
    try:
        run.isolate()
        base = o.keep or tempfile.mkdtemp(prefix="nomem-")
        os.makedirs(base, exist_ok=True)
        found, n_all = series(o, base)
    except run.RunError as error:
        print(f"nomem: {error}", file=sys.stderr)
        return 2
    tell(found)
    n_bad = sum(result == BAD for result, whose in found)
    print(f"{f'{n_bad} WENT WRONG' if n_bad else 'all well'}: {len(found)} of {n_all} allocations failed, one a scan"
          f"{f' and {o.count - 1} behind it' if o.count > 1 else ''}, {time.monotonic() - began:.0f} s", flush=True)
    if o.keep or n_bad:
        print(f"What went wrong is in {base}")
    else:
        shutil.rmtree(base)
    return 1 if n_bad else 0


if __name__ == "__main__":
    sys.exit(main())
