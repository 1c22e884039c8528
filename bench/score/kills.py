#!/usr/bin/python3
"""Is nothing lost when a scan dies? Scans of one simulated internet are stopped at random moments, gone on with to their end,
some stopped again on the way, and each must then say what the scan says that nobody disturbed.

    ./dev kills [--runs N] [--names N] [--stop kill|int|term|mixed] [--threads N] [--seed S] ...

Exit status 0: ststat verify has nothing against any of them, and their rows are those of the undisturbed scan, each
position there once; 1: not so; 3: void, since rows differ where the scanner stood still for over 500 ms, as on a machine
with too much to do. No packet leaves this machine.
"""
import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import rows
import run

GOOD, BAD, VOID = 0, 1, 3
VOID_RUNS = 3
DONE, NO_START, STOPPED = 0, 2, 3  # exit status of stscan
MOST_STOPS = 4  # of one scan: the first, and up to three while it goes on
TORN_MOST_BYTES = 64 << 10
LIMIT_SECONDS = 900  # for one run of stscan
POLL_SECONDS = 0.001
SHOWN = 6  # differences of a scan

# What a name or a server says depends on nothing but the seed, or two scans could not be compared. So these do not occur:
# what depends on how often it is asked,
COUNTING = {"smtp": ("greylist", "second-look"), "query": ("lost-once",)}
# what keeps a scan waiting: then every deadline can be so long that a busy machine meets none,
SLOW = {"smtp": ("timeout", "silent", "slow", "endless", "go-stall"),
        "policy": ("timeout", "tls-stall", "endless", "drip", "stall", "silent"),
        "sts": ("timeout", "truncated-dead"), "query": ("timeout",)}
# and failures at the addresses that many hosts share: three of them in a row stand for those that wait there (by_ip).
SHARED = ("refused", "reset", "554", "421", "450", "timeouts", "early-close")
TABLES = {"smtp": ("smtp-self", "smtp-sts", "smtp-operator"), "policy": ("policy-self", "policy-third"),
          "sts": ("sts", "sts-no-mx"), "query": ("query",)}
# Few operators, so that a scan has more names than handshakes; no limit at an address that anybody could meet.
WORLD = ("operators=100", "mxset.mx-operator=0.67", "mxset.mx-second=0.02", "smtp-per-ip=100000", "smtp-rate-per-ip=1000000")


def options():
    p = argparse.ArgumentParser(prog="./dev kills", description=__doc__.partition("\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--runs", type=int, default=100)
    p.add_argument("--names", type=int, default=20000)
    p.add_argument("--seed", type=int, default=1, help="of the simulated internet, and of the moments")
    p.add_argument("--stop", choices=("kill", "int", "term", "mixed"), default="kill",
                   help="SIGKILL; SIGINT, and what is in flight has its grace; SIGTERM twice; any of them")
    p.add_argument("--again", type=float, default=0.4, metavar="SHARE", help="of the scans that go on: stopped again")
    p.add_argument("--tear", type=float, default=0.5, metavar="SHARE",
                   help="of the kills: up to 64 KiB of the last part are gone too, as in a power cut")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--keep", metavar="DIR", help="leave all scans and logs there")
    p.add_argument("--quiet", action="store_true", help="of good runs, the last line only")
    p.add_argument("more", nargs="*", help="options of stscan, behind --")
    return p.parse_args()


def population(o):
    words = ["--names", str(o.names), "--seed", str(o.seed), "--profile", "toplist", "--oversample", "sts=3"]
    zero = [f"{table}.{group}-{name}" for which in (COUNTING, SLOW) for group, names in which.items()
            for table in TABLES[group] for name in names]
    zero += [f"smtp-operator.smtp-{name}" for name in SHARED]
    for text in [f"{key}=0" for key in zero] + list(WORLD):
        words += ["--set", text]
    return words


def scanner(o):
    """Long deadlines, short waits. --mx-limit: hosts of a name beyond the fourth share the addresses of the others."""
    return ["--threads", str(o.threads), "--ip-version", "4", "--mx-limit", "4", "--attempts", "2", "--retry-after", "300ms",
            "--dns-retry-after", "300ms", "--dns-timeout", "5s", "--dns-deadline", "60s", "--connect-timeout", "60s",
            "--greeting-timeout", "60s", "--smtp-timeout", "120s", "--policy-timeout", "120s", "--connect-rate", "0",
            "--window", "2000", "--max-connections", "400", "--flush-seconds", "1", "--grace", "1s", "--quiet", *o.more]


def catches(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
        mask = next((line.split()[1] for line in status if line.startswith("SigCgt:")), "0")
    return int(mask, 16) >> (number - 1) & 1


class Scan:
    """One scan in a directory of its own, from the names that all have; `what` collects what happened to it."""

    def __init__(self, o, base, name):
        pace = run.Pace(per_ip=0, per_ip_interval_ms=0, per_prefix=0, per_ip_https=0, per_ip_https_rate=0)
        self.run = run.Run(os.path.join(base, name), population(o), 0, pace, scanner(o))
        self.what = []
        os.makedirs(self.run.dir)
        for shared in ("names.csv", "ca.pem"):
            os.symlink(os.path.join(base, shared), self.run.path(shared))

    def parts(self):
        directory = self.run.path("scan")
        names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
        return [os.path.join(directory, name) for name in names]

    def command(self):
        """The scan is begun, or gone on with where there is anything to go on with."""
        return [run.program("stscan"), "--resume", self.run.path("scan")] if self.parts() else self.run.stscan()

    def go(self, after=None, signals=()):
        """Runs stscan; `after` that many seconds it has these signals. Its exit status, negative where one killed it."""
        path = self.run.path("stscan.log")
        said = os.path.getsize(path) if os.path.exists(path) else 0
        with open(path, "ab") as log:
            process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            try:
                process.wait(LIMIT_SECONDS if after is None else after)
            except subprocess.TimeoutExpired:
                if after is None:
                    process.kill()
                    raise run.RunError(f"{path}: stscan does not end within {LIMIT_SECONDS} s") from None
                for number in signals:
                    self.send(process, number)
            status = process.wait()
        with open(path, encoding="utf-8", errors="replace") as log:
            log.seek(said)
            self.note(log.read(), status)
        return status

    @staticmethod
    def send(process, number):
        """A signal that is to be caught, once it would be: until the scan begins it ends stscan as any other program."""
        while number != signal.SIGKILL and process.poll() is None and not catches(process.pid, number):
            time.sleep(POLL_SECONDS)
        process.send_signal(number)

    def clear(self):
        shutil.rmtree(self.run.path("scan"))

    def note(self, text, status):
        for found in re.finditer(r"dropped (\d+) bytes|goes on: (.*)", text):
            self.what.append(f"{found[1]} bytes torn off" if found[1] else found[2])
        if status == NO_START and "scan anew" in text:
            self.what.append("nothing whole there: begun anew")
            self.clear()
        elif status not in (DONE, STOPPED, -signal.SIGKILL):
            raise run.RunError(f"stscan: status {status}: {text[-2000:]}")

    def tear(self, moments):
        """The end of the last part did not reach the disk."""
        parts = self.parts()
        size = os.path.getsize(parts[-1]) if parts else 0
        gone = moments.randint(1, TORN_MOST_BYTES)
        if gone < size:
            os.truncate(parts[-1], size - gone)
            self.what.append(f"{gone} bytes lost")

    def finish(self):
        while self.go() != DONE:
            pass


SIGNALS = {"kill": (signal.SIGKILL,), "int": (signal.SIGINT,), "term": (signal.SIGTERM, signal.SIGTERM)}


def disturb(o, scan, seconds, moments):
    """Stop it at a random moment of the time that an undisturbed scan takes, go on, and so on: the number of stops."""
    stops = 0
    while stops < MOST_STOPS and (stops == 0 or moments.random() < o.again):
        how = o.stop if o.stop != "mixed" else moments.choice(sorted(SIGNALS))
        after = moments.uniform(0, seconds)
        if scan.go(after, SIGNALS[how]) == DONE:
            if stops > 0:
                scan.what.append(f"through before {after:.2f} s")
                break
            scan.clear()  # it was faster than the first: once more
            seconds *= 0.7
            continue
        stops += 1
        scan.what.append(f"{how} at {after:.2f} s")
        if how == "kill" and moments.random() < o.tear:
            scan.tear(moments)
        seconds *= 0.7  # the more is done, the less is left
    scan.finish()
    return stops


def judge(scan, o, reference):
    """What is wrong with it."""
    wrong = []
    words = run.verify(scan.run)
    if words:
        wrong.append("ststat verify: " + words)
    found = rows.read(scan.run)
    return wrong + rows.misplaced(found, o.names) + rows.differences(reference, found, SHOWN)


def one(o, base, name, reference, seconds, moments):
    """The result, and how often the scan was stopped."""
    scan = Scan(o, base, name)
    stops = disturb(o, scan, seconds, moments) if seconds else scan.finish() or 0
    wrong = judge(scan, o, reference)
    gaps = run.gaps(scan.run)
    result = GOOD if not wrong else VOID if gaps else BAD
    if wrong or not o.quiet:
        word = {GOOD: "equal", BAD: "NOT EQUAL", VOID: f"VOID: it stood still {gaps} times for over 500 ms, and"}[result]
        print(f"{name}: {'; '.join(scan.what) or 'undisturbed'}: {word}", flush=True)
        for text in wrong:
            print(f"    {text}", flush=True)
    if result != BAD and not o.keep:
        shutil.rmtree(scan.run.dir)
    return result, stops


def series(o, base):
    """Every result, and the number of stops."""
    first = Scan(o, base, "reference")
    moments = random.Random(o.seed)
    results, stops = [], 0
    run.write(os.path.join(base, "names.csv"), first.run.stsim("names"))
    with run.Simulator(run.Run(base, population(o), 0)):
        began = time.monotonic()
        first.finish()
        seconds = time.monotonic() - began
        reference = rows.read(first.run)
        print(f"{o.names} names, seed {o.seed}: {', '.join(f'{len(v)} {k}' for k, v in reference.items())} in {seconds:.1f} s",
              flush=True)
        wrong = judge(first, o, reference) + rows.by_chance(reference)
        if wrong:
            raise run.RunError("the undisturbed scan: " + "; ".join(wrong))
        for i in range(o.runs + 1):
            for trial in range(VOID_RUNS):
                name = (f"run-{i}" if i else "undisturbed") + (f"-{trial}" if trial else "")
                result, n = one(o, base, name, reference, seconds if i else 0, moments)
                stops += n
                if result != VOID:
                    break
            results.append(result)
    return results, stops


def main():
    o = options()
    began = time.monotonic()
    try:
        run.isolate()
        base = o.keep or tempfile.mkdtemp(prefix="kills-")
        os.makedirs(base, exist_ok=True)
        results, stops = series(o, base)
    except run.RunError as error:
        print(f"kills: {error}", file=sys.stderr)
        return 2
    worst = BAD if BAD in results else max(results)
    equal = results[1:].count(GOOD)
    print(f"{'all equal' if worst == GOOD else 'NOT ALL EQUAL'}: {equal} of {o.runs} scans of {o.names} names, stopped {stops} "
          f"times ({o.stop}), {o.threads} workers, are as the undisturbed one, {time.monotonic() - began:.0f} s", flush=True)
    if o.keep or worst == BAD:
        print(f"The scans and their logs are in {base}")
    else:
        shutil.rmtree(base)
    return worst


if __name__ == "__main__":
    sys.exit(main())
