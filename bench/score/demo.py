#!/usr/bin/python3
"""./dev demo: a simulated internet on this machine, a scan of it, what the scan says, and whether that is true."""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile

import accuracy
import compare
import run

NAMES, OVERSAMPLE = 20000, "sts=40"


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def options():
    p = argparse.ArgumentParser(prog="./dev demo", description=__doc__,
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--names", type=int, default=NAMES)
    p.add_argument("--profile", default="toplist", help="zone, toplist or a file")
    p.add_argument("--seed", type=int, default=1)
    return p.parse_args()


def keep(this, place):
    """The scan outlives the demo, and so does the truth."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(this.path("scan"), place)
    shutil.copy(this.path("truth.ndjson"), place + ".truth.ndjson")


def worth_a_look(this, score):
    """A name with a policy of which something fails."""
    for line in list(run.truth(this))[1:]:
        if line["sts_state"] == "enforced" and line["results"] and line["mta_sts"] == "authenticated":
            return line["name"]
    return score.lost[0] if score.lost else "NAME"


def summary(place):
    subprocess.run([run.program("ststat"), "summary", place], check=False)


def main():
    o = options()
    base = tempfile.mkdtemp(prefix="stsim-demo-")
    try:
        run.isolate()
        population = ["--names", str(o.names), "--seed", str(o.seed), "--profile", o.profile, "--oversample", OVERSAMPLE]
        this = run.Run(base, population, 1.0, run.Pace())
        say(f"A simulated internet: {o.names} names of the profile {o.profile}, {OVERSAMPLE.replace('=', ' drawn ')} times as "
            "often as in the real one.")
        print("stsim answers DNS, HTTPS and SMTP for them, at real latencies, in a network namespace of its own; no packet "
              "leaves this machine.\n$ stscan " + " ".join(this.stscan()[1:6]) + " ...", flush=True)
        run.scan(this, show=True)
        place = os.path.join(os.getcwd(), "scan-demo")
        keep(this, place)
        say("What it found:")
        summary(place)
        say("Is it true? Each answer against what stsim knows:")
        score, wrong = accuracy.judge(argparse.Namespace(sampling=False), this)
        for question, n in score.asked.items():
            if any(word in question for word in ("sts_record", "policy", "starttls", "tls_version", "cert_valid", "mta_sts")):
                print(f"  {question:28} {score.equal[question]:8} of {n} are true")
        good = score.good() and not wrong
        for text in wrong:
            print("  " + text)
        if not good:
            compare.print_score(score, sys.stdout, 10)
        print(f"  all questions                {sum(score.equal.values()):8} of {sum(score.asked.values())} are true")
        stat, name = os.path.relpath(run.program("ststat")), worth_a_look(this, score)
        say("The scan is in scan-demo, the truth in scan-demo.truth.ndjson. To go on:")
        print(f"  {stat} show scan-demo {name}        # the verdict on one name, step by step\n"
              f"  {stat} export scan-demo --format csv | head\n"
              f"  grep {name} scan-demo.truth.ndjson        # what is true of it\n"
              "  ./dev accuracy --only policy-404        # a population of one class, scored\n"
              "  ./dev lab        # the same with real daemons: knot, unbound, nginx, Postfix, Exim")
        return 0 if good else 1
    except run.RunError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
