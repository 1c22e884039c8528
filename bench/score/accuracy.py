#!/usr/bin/python3
"""Does the measurement find the truth? A simulated internet is served, scanned and compared, name by name.

    ./dev accuracy [--names N] [--profile zone|toplist|FILE] [--seed S] [--only CLASS|all] ...

Exit status 0: every answer is the true one, no name is lost and none is there twice, the tables of ststat summary are
those of the truth, and no address saw more of the scanner than was asked for; 1: not so;
3: void, since the scanner stood still for over 500 ms, as on a machine with too much to do. No packet leaves this machine.
"""
import argparse
import os
import shutil
import sys
import tempfile
import time

import compare
import politeness
import run
import tables

GOOD, BAD, VOID = 0, 1, 3
VOID_RUNS = 3


def options():
    p = argparse.ArgumentParser(prog="./dev accuracy", description=__doc__.partition("\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--names", type=int, default=20000)
    p.add_argument("--profile", default="toplist", help="zone, toplist or a file")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--oversample", action="append", metavar="CLASS=FACTOR", help="as stsim has it (default sts=20)")
    p.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="as stsim has it")
    p.add_argument("--only", metavar="CLASS", help="every name is of this class; all: one run for each class")
    p.add_argument("--latency", type=float, default=0.1, help="factor for the latencies of the profile")
    p.add_argument("--sampling", action="store_true", help="with the limits of MX hosts at an address")
    p.add_argument("--per-ip-hosts", type=int, default=run.Pace.per_ip_hosts, metavar="N", help="that limit, with --sampling")
    p.add_argument("--keep", metavar="DIR", help="leave scan, truth and logs there")
    p.add_argument("--unscored", action="store_true", help="hold nothing against the truth: the scan ends well, ststat verify "
                   "finds it whole, ststat reads it (for sanitizers, which are too slow for deadlines)")
    p.add_argument("--quiet", action="store_true", help="of a good run, one line")
    p.add_argument("more", nargs="*", help="options of stscan, behind --")
    return p.parse_args()


def population(o, only):
    words = ["--names", str(o.names), "--seed", str(o.seed), "--profile", o.profile]
    for text in o.oversample if o.oversample is not None else [] if only else ["sts=20"]:
        words += ["--oversample", text]
    for text in o.set:
        words += ["--set", text]
    return words + (["--only", only] if only else [])


def judge(o, this):
    """The score, and the list of what else is wrong. After run.read()."""
    lines = run.truth(this)
    next(lines)  # the world
    names = {line["name"]: line for line in lines}
    score = compare.compare(names, lambda table: run.export(this, table), o.sampling)
    found = run.summary(this)
    wrong = []
    words = run.verify(this)
    if words:
        wrong.append("ststat verify: " + words)
    wrong += tables.differences(names, found, o.sampling)
    wrong += politeness.breaches(run.statistics(this), this.pace)
    if o.sampling:
        wrong += politeness.crowds(names, run.export(this, "endpoints"), this.pace)
    return score, wrong


def unscored(this, what, began):
    words = run.verify(this)
    run.read(this)
    names = sum(1 for _ in run.export(this, "domains"))
    print(f"{'NOT WHOLE: ' + words if words else 'whole'}: {what}: {names} names, {run.gaps(this)} stalls, "
          f"{time.monotonic() - began:.1f} s", flush=True)
    return BAD if words else GOOD


def one(o, directory, only):
    """GOOD, BAD or VOID."""
    pace = run.Pace(sampling=o.sampling, per_ip_hosts=o.per_ip_hosts)
    this = run.Run(directory, population(o, only), o.latency, pace, o.more)
    what = only or f"{o.profile}, seed {o.seed}"
    began = time.monotonic()
    run.scan(this)
    if o.unscored:
        return unscored(this, what, began)
    gaps = run.gaps(this)
    if gaps:
        print(f"VOID: {what}: stscan stood still {gaps} times for over 500 ms: nothing is said of the truth", flush=True)
        return VOID
    run.read(this)
    score, wrong = judge(o, this)
    good = score.good() and not wrong
    if not good or not o.quiet:
        for text in wrong:
            print(text)
        compare.print_score(score, sys.stdout)
    n = sum(score.asked.values())
    print(f"{'full' if good else 'NOT FULL'}: {what}: {o.names} names, {sum(score.equal.values())} of {n} answers are true, "
          f"{len(wrong)} other complaints, {time.monotonic() - began:.1f} s", flush=True)
    return GOOD if good else BAD


def one_that_counts(o, directory, only):
    """A run that is void is made again, VOID_RUNS times in all."""
    for _ in range(VOID_RUNS):
        shutil.rmtree(os.path.join(directory, "scan"), ignore_errors=True)
        result = one(o, directory, only)
        if result != VOID:
            break
    return result


def main():
    o = options()
    try:
        run.isolate()
        base = o.keep or tempfile.mkdtemp(prefix="stsim-")
        os.makedirs(base, exist_ok=True)
        results = set()
        classes = run.classes() if o.only == "all" else [o.only]
        for only in classes:
            directory = os.path.join(base, only or "scan") if len(classes) > 1 else base
            os.makedirs(directory, exist_ok=True)
            results.add(one_that_counts(o, directory, only))
            if len(classes) > 1 and not o.keep:
                shutil.rmtree(directory)
    except run.RunError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return 2
    worst = BAD if BAD in results else max(results)
    if o.keep or worst == BAD:
        print(f"The scan, the truth and the logs are in {base}; to see one name: ststat show {base}/scan NAME")
    else:
        shutil.rmtree(base)
    return worst


if __name__ == "__main__":
    sys.exit(main())
