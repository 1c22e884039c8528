#!/usr/bin/python3
"""Can the score fail? Eleven errors, one at a time in a scratch copy; ./dev accuracy must turn red for each.

    ./dev mutations [WORD]      only those with the word in their kind, file or text

Each error is a slip that no compiler warns of. The copy, without any, must be full with the same options. Exit status 0:
it is, and every error was found.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

import run

RUN_SECONDS = 300
BUILD_SECONDS = 1200
FULL, RED = 0, 1  # exit status of accuracy
PROGRAMS = ("stsim", "stscan", "ststat")


class MutationError(Exception):
    """What went wrong, in words."""


@dataclass(frozen=True)
class Mutation:
    kind: str
    what: str
    file: str
    old: str     # there once: the table follows the code
    new: str
    shown: str   # options of accuracy that show it


MUTATIONS = (
    Mutation("grammar", "the largest max_age is over the limit", "analysis/sts_policy.c",
             "*age_s > STS_MAX_AGE_MOST", "*age_s >= STS_MAX_AGE_MOST", "--only body-age-most --names 40"),
    Mutation("grammar", "of several ids the last counts", "analysis/sts_txt.c",
             "if (walk->seen_id || !sts_str_equal(name, sts_str(\"id\")))", "if (!sts_str_equal(name, sts_str(\"id\")))",
             "--only sts-two-ids --names 40"),
    Mutation("verdict", "none listed, none down: all that are listed are down", "analysis/verdict.c",
             "bool all_down = v->n_listed > 0 && v->n_down == v->n_listed;", "bool all_down = v->n_down == v->n_listed;",
             "--only list-domain --names 40"),
    Mutation("verdict", "TLS 1.1 is good enough", "analysis/mx_facts.c",
             "return seen->version == TLSV_1_0 || seen->version == TLSV_1_1 ? MX_TLS_OLD : MX_TLS_ENCRYPTED;",
             "return seen->version == TLSV_1_0 ? MX_TLS_OLD : MX_TLS_ENCRYPTED;", "--only smtp-tls11 --names 40"),
    Mutation("outcome", "304 is a redirect", "scanner/http_outcome.c",
             "f->status >= 300 && f->status < 400 && f->status != 304", "f->status >= 300 && f->status < 400",
             "--only policy-304 --names 40"),
    Mutation("outcome", "closed before the greeting: as if behind it", "scanner/smtp.c",
             "{OC_SMTP_GREETING_TIMEOUT, OC_SMTP_CLOSED_EARLY, OC_SMTP_RESET}",
             "{OC_SMTP_GREETING_TIMEOUT, OC_SMTP_CLOSED, OC_SMTP_RESET}", "--only smtp-early-close --names 40"),
    Mutation("join", "the addresses of a host: the last lookup's alone", "analysis/join.c",
             "n += lookups[i]->addr.n;", "n = lookups[i]->addr.n;", "--only mx-bogon --names 40"),
    Mutation("join", "Z and z are two letters in a name", "analysis/table.c",
             "name.p[i] >= 'A' && name.p[i] <= 'Z' ?", "name.p[i] >= 'A' && name.p[i] < 'Z' ?", "--only mx-case --names 60"),
    Mutation("join", "a certificate names every host or none", "analysis/chain.c",
             "key = key_join(key_of(chain->v[0].p, chain->v[0].len), key_of_name(host));",
             "key = key_of(chain->v[0].p, chain->v[0].len);", "--only mx-cert-other-host --names 40"),
    Mutation("sampling", "one host more than --per-ip-hosts", "scanner/site.c",
             "s->n_kept[class_] >= common->most[class_])", "s->n_kept[class_] > common->most[class_])",
             "--profile toplist --names 200 --sampling --per-ip-hosts 3"),
    Mutation("sampling", "one connection more than --per-ip-smtp", "scanner/gate.c",
             "lane->open >= limits->most_open)", "lane->open > limits->most_open)",
             # so slow that a connection outlasts --per-ip-interval: else the next one may find it closed
             "--only mx-second --names 20 --latency 0.5"),
)


def options():
    p = argparse.ArgumentParser(prog="./dev mutations", description=__doc__.partition("\n")[0])
    p.add_argument("--check", action="store_true", help="only: is the text of each found once in its file?")
    p.add_argument("word", nargs="?", default="", help="only those with it in their kind, file or text")
    return p.parse_args()


def call(command, seconds, **more):
    """(exit status, output); what it started ends with it."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               errors="replace", start_new_session=True, **more)
    try:
        printed, _ = process.communicate(timeout=seconds)
        return process.returncode, printed
    except subprocess.TimeoutExpired as error:
        raise MutationError(f"{' '.join(command[:3])}: not done within {seconds} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def copy_tree(to):
    """The files that git knows or would take, as they are now."""
    listed = subprocess.run(["git", "-C", run.ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            stdout=subprocess.PIPE, text=True, check=False)
    if listed.returncode:
        raise MutationError("git cannot list the files")
    for name in filter(None, listed.stdout.split("\0")):
        if os.path.lexists(os.path.join(run.ROOT, name)):  # else removed, but not yet in git
            os.makedirs(os.path.dirname(os.path.join(to, name)), exist_ok=True)
            shutil.copy(os.path.join(run.ROOT, name), os.path.join(to, name), follow_symlinks=False)


class Copy:
    """A scratch copy of the tree, built."""

    def __init__(self, root):
        self.root = root
        self.build_dir = os.path.join(root, "build")
        self.env = os.environ | {"CCACHE_BASEDIR": root, "CCACHE_NOHASHDIR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self.env |= {name.upper(): os.path.join(self.build_dir, name) for name in PROGRAMS}
        copy_tree(root)
        cache = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        self.must(["cmake", "-S", root, "-B", self.build_dir, "-G", "Ninja", *cache])
        self.build()

    def must(self, command):
        status, printed = call(command, BUILD_SECONDS, env=self.env)
        if status:
            raise MutationError(f"{' '.join(command[:3])}: status {status}:\n{printed[-3000:]}")

    def build(self):
        self.must(["ninja", "-C", self.build_dir, *PROGRAMS])

    def accuracy(self, shown):
        """(exit status, what it printed)"""
        command = [sys.executable, os.path.join(self.root, "bench/score/accuracy.py"), "--quiet", "--latency", "0.05",
                   "--keep", os.path.join(self.root, "run"), *shown.split()]
        status, printed = call(command, RUN_SECONDS, env=self.env)
        if status not in (FULL, RED):
            raise MutationError(f"accuracy {shown}: status {status}:\n{printed[-3000:]}")
        return status, printed


def text_of(m):
    """The file that it changes, as it is."""
    with open(os.path.join(run.ROOT, m.file), encoding="utf-8") as f:
        text = f.read()
    if text.count(m.old) != 1:
        raise MutationError(f"{m.file}: {text.count(m.old)} times, not once: {m.old}\n"
                            "The code has changed, and bench/score/mutations.py must follow it.")
    return text


def try_one(copy, m, text):
    """(exit status, what accuracy printed) with the error planted; the copy is restored."""
    path = os.path.join(copy.root, m.file)

    def put(content):
        with open(path, "w", encoding="utf-8") as f:
            f.write(content)
    put(text.replace(m.old, m.new))
    try:
        copy.build()
        return copy.accuracy(m.shown)
    finally:
        put(text)


def complaint(printed):
    """The first thing that accuracy has against the scan."""
    for pattern in (r"disagreements .*:\n +(\S.*?)  ", r"^(lost|twice|not of this population): ", r"^(politeness: [^:]*):",
                    r"^(summary: .*?): \w+ is", r"^(ststat verify)"):
        found = re.search(pattern, printed, re.MULTILINE)
        if found:
            return found.group(1)
    return "?"


def differ(printed):
    true, asked, others = map(int, re.search(r"NOT FULL: .* (\d+) of (\d+) answers are true, (\d+) other", printed).groups())
    return f"{asked - true} of {asked} answers, {others} other complaints; first: {complaint(printed)}"


def run_all(base, mutations):
    """How many are red; None: the copy as it is is not full."""
    texts = {m: text_of(m) for m in mutations}
    print("==> a scratch copy, built", flush=True)
    copy = Copy(base)
    for shown in dict.fromkeys(m.shown for m in mutations):
        status, printed = copy.accuracy(shown)
        if status != FULL:
            words = printed.partition("The scan, the truth")[0]  # which go with the copy
            print(f"without any error: ./dev accuracy --latency 0.05 {shown} is not full:\n{words}")
            return None
    print("without any error: full, with the options of each\n", flush=True)
    red = 0
    for m in mutations:
        status, printed = try_one(copy, m, texts[m])
        red += status == RED
        print(f"{'red' if status == RED else 'NOT RED':8}{m.kind:9} {m.file:24} {m.what}\n"
              f"{'':17} {m.shown}: {differ(printed) if status == RED else 'full'}", flush=True)
    return red


def check(mutations):
    """Is each still to be made?"""
    try:
        for m in mutations:
            text_of(m)
    except MutationError as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 2
    return 0


def main():
    o = options()
    chosen = [m for m in MUTATIONS if o.word in f"{m.kind} {m.file} {m.what}"]
    if not chosen:
        print(f"mutations: none has {o.word} in it", file=sys.stderr)
        return 2
    if o.check:
        return check(chosen)
    began = time.monotonic()
    base = tempfile.mkdtemp(prefix="stsim-mutations-")
    try:
        red = run_all(base, chosen)
    except MutationError as error:
        print(f"mutations: {error}", file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if red is None:
        return 1
    print(f"\n{red} of {len(chosen)} errors were found, {time.monotonic() - began:.0f} s")
    return 0 if red == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
