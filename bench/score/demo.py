#!/usr/bin/python3
"""./dev demo: a simulated internet on this machine, a scan of it, what the scan says, and whether that is true."""
import argparse
import os
import re
import shutil
import signal
import sys
import tempfile
import time

import accuracy
import run

NAMES, OVERSAMPLED = 20000, 20
LATENCY = 0.5  # of the profile's: medians of 10 ms (DNS) and 30 ms (TCP)
SLOW_GREETING_MS = 2500  # before that factor: all of them come within the scan's greeting timeout
# Far more than anyone may ask of one address in the Internet: nobody is bothered here, and all hosts at it are probed.
# The servers bear it: their own limits are above that.
BEAR = ["--set", "smtp-per-ip=64", "--set", "smtp-rate-per-ip=200"]
PACE = run.Pace(per_ip=32, per_ip_interval_ms=10, per_prefix=32, per_ip_https=16)
# So that two cores, with others at work on them, keep up with both sides.
EASY = ["--window", "3000", "--dns-rate", "8000", "--dns-timeout", "1s", "--dns-deadline", "6s"]
SECTIONS = ("Names\n", "MTA-STS records", "MTA-STS policies\n", "STARTTLS, by endpoint", "A message from an MTA-STS sender")
QUESTIONS = {"name: sts_record": "MTA-STS record", "name: policy": "fetch of the policy", "name: mode": "mode of the policy",
             "endpoint: starttls": "STARTTLS at an address of an MX host", "endpoint: tls_version": "version of TLS there",
             "endpoint: cert_valid": "certificate there", "name: mta_sts": "what becomes of a message"}
MOST_SHOWN = 10  # complaints
PROGRESS_SECONDS = 10  # between two lines, where they do not replace one another


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def options():
    p = argparse.ArgumentParser(prog="./dev demo", description=__doc__.partition(": ")[2],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--names", type=int, default=NAMES, help="how many")
    p.add_argument("--profile", default="toplist", help="zone, toplist or a file")
    p.add_argument("--seed", type=int, default=1, help="what all chance comes from")
    return p.parse_args()


class Progress:
    """Shows of the scan's status lines what a reader follows, and all else that it says."""

    def __init__(self):
        self.live = sys.stdout.isatty()
        self.shown = time.monotonic()

    def __call__(self, line):
        parts = line.split("; ")
        if " next: " in line:
            return
        if not re.match(r"\d\dh:\d\dm:\d\ds$", parts[0]) or "Scan Complete" in line:
            self.put(line, "\n")
            return
        kept = [p for p in parts if p in parts[:2] or p.startswith(("policies:", "endpoints:"))]
        if self.live:
            self.put("; ".join(kept)[:shutil.get_terminal_size().columns - 1], "")
        elif time.monotonic() >= self.shown + PROGRESS_SECONDS:
            self.shown = time.monotonic()
            self.put("; ".join(kept), "\n")

    def put(self, text, end):
        print(("\r\033[K" if self.live else "") + text, end=end, flush=True)


def keep(this, place):
    """The scan outlives the demo, and so does the truth."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(this.path("scan"), place)
    shutil.copy(this.path("truth.ndjson"), place + ".truth.ndjson")


def worth_a_look(this):
    """A name whose policy some of its MX hosts pass and some fail; else the first of all."""
    found = None
    for line in list(run.truth(this))[1:]:
        found = found or line["name"]
        if line["sts_state"] == "enforced" and line["results"] and line["mta_sts"] == "authenticated":
            return line["name"]
    return found


def summary(this):
    """The chosen sections of ststat summary."""
    with open(this.path("summary.txt"), encoding="utf-8") as f:
        sections = [text for text in f.read().split("\n\n") if text.lstrip("\n").startswith(SECTIONS)]
    print("\n\n".join(text.strip("\n") for text in sections), flush=True)


def judge(this):
    """Whether all is true, in words and as an exit status."""
    score, wrong = accuracy.judge(argparse.Namespace(sampling=False), this)
    for question, words in QUESTIONS.items():
        print(f"  {words:36} {score.equal[question]:8} of {score.asked[question]:8}")
    print(f"  {'all questions':36} {sum(score.equal.values()):8} of {sum(score.asked.values()):8}")
    wrong += [f"{question} of {name}: {found}, in truth {expected}" for question, name, expected, found, _ in score.wrong]
    wrong += [f"lost, twice or not of this population: {name}" for name in score.lost + score.twice + score.strange]
    for text in wrong[:MOST_SHOWN]:
        print("  " + text)
    if len(wrong) > MOST_SHOWN:
        print(f"  and {len(wrong) - MOST_SHOWN} more")
    return 0 if score.good() and not wrong else 1


def hints(this):
    stat, name = os.path.relpath(run.program("ststat")), worth_a_look(this)
    lines = ((f"{stat} show scan-demo {name}", "the verdict on one name, step by step"),
             (f"grep {name} scan-demo.truth.ndjson", "what is true of it"),
             (f"{stat} summary scan-demo", "all tables"),
             ("./dev accuracy --only policy-404", "a population of one class, scored"),
             ("./dev lab", "a small internet of real daemons"))
    say("The scan is in scan-demo, the truth in scan-demo.truth.ndjson. To go on:")
    for command, words in lines:
        print(f"  {command:48} # {words}")


def demo(o, base):
    population = ["--names", str(o.names), "--seed", str(o.seed), "--profile", o.profile,
                  "--oversample", f"sts={OVERSAMPLED}", "--set", f"greeting-ms={SLOW_GREETING_MS}", *BEAR]
    this = run.Run(base, population, LATENCY, PACE, EASY)
    say(f"A simulated internet: {o.names} names as in the profile {o.profile}, but MTA-STS {OVERSAMPLED} times as often.")
    print("stsim answers DNS, HTTPS and SMTP for them, at half the latencies of the real one. All this\n"
          "happens in a network namespace of its own: no packet leaves this machine.")
    say("$ stscan -f names.csv -o scan " + " ".join(this.stscan()[5:9]) + " ...")
    run.scan(this, Progress())
    run.read(this)
    keep(this, os.path.join(os.getcwd(), "scan-demo"))
    say("$ ststat summary scan-demo        # some tables of it")
    summary(this)
    say("Is it true? Answers that are what stsim knows to be right:")
    status = judge(this)
    hints(this)
    return status


def main():
    o = options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    base = None
    try:
        run.isolate()
        base = tempfile.mkdtemp(prefix="stsim-demo-")
        return demo(o, base)
    except run.RunError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        if base is not None:
            shutil.rmtree(base, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
