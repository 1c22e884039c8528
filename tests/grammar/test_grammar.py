#!/usr/bin/python3
"""Runs every case of cases.txt through ststat parse, and the command's own failures."""
import codecs
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
STSTAT = os.environ.get("STSTAT", "build/ststat")
# What the list of edge cases says of texts. 18, 19, 21 to 23 and 25 are about lookups: tests/unit/test_classes.c.
WANTED = {*range(1, 18), 20, 24, *range(50, 66), 85}
KINDS = {"sts-txt": ("id",), "tlsrpt": ("rua",), "sts-policy": ("mode", "max_age", "mx")}
# An input is over the limit: exit code, words.
LARGER = (2, "standard input: larger than 65536 bytes")
# How ststat prints a byte that is no part of UTF-8.
codecs.register_error("as_latin_1", lambda e: (e.object[e.start:e.end].decode("latin-1"), e.end))


def expand(text):
    return re.sub(r"\{(\d+)\*([^{}]*)\}", lambda m: int(m[1]) * m[2], text)


def unescape(text):
    return expand(text).encode("latin-1").decode("unicode_escape").encode("latin-1")


class Case:
    def __init__(self, line_no, line):
        number, self.kind, rest = re.fullmatch(r"(\d+) (\S+)(?: (.*))?", line).groups()
        self.where = f"cases.txt:{line_no}: case {number}"
        self.number, self.input = int(number), unescape(rest or "")
        self.want = {"defects": [], "rescued": False}
        self.larger = False

    def add(self, line):
        word, _, rest = line.partition(" ")
        if word == "larger":
            self.larger = True
        elif word == "rescued":
            self.want["rescued"] = True
        elif word in ("n_texts", "n_defects", "read"):
            self.want[word] = int(rest)
        elif word == "defects":
            self.want["defects"] = [d for item in rest.split() for d in defects(item)]
        elif word in ("strict", "lenient"):
            self.want[word] = self.want["strict"] if rest == "same" else reading(self.kind, rest)
        else:
            raise ValueError(f"{self.where}: {word}?")


def defects(item):
    """NAME@OFFSET, or NAME@FIRST..LAST for one at each byte."""
    name, first, last = re.fullmatch(r"([a-z-]+)@(\d+)(?:\.\.(\d+))?", item).groups()
    return [(name, offset) for offset in range(int(first), int(last or first) + 1)]


def reading(kind, rest):
    """VERDICT FIELD=VALUE...: a value is bare, in double quotes, or a list in brackets."""
    verdict, *fields = re.findall(r'[a-z_]+="[^"]*"|[a-z_]+=\[.*?\](?= |$)|\S+', rest)
    want = {"verdict": verdict}
    if kind != "sts-policy":
        want["n_records"] = 1
    for field in fields:
        key, _, value = field.partition("=")
        value = expand(value)
        if value.startswith("["):
            want[key] = [item.strip('"') for item in value[1:-1].split(",") if item]
        else:
            want[key] = int(value) if key in ("n_records", "max_age") else value.strip('"')
    missing = set(KINDS[kind]) - set(want)
    if missing:
        raise ValueError(f"{rest}: without {missing}")
    return want


def read_cases():
    cases = []
    with open(os.path.join(HERE, "cases.txt"), encoding="ascii") as table:
        for line_no, line in enumerate(table, 1):
            line = line.rstrip("\n")
            if line.startswith("  "):
                cases[-1].add(line.strip())
            elif line and not line.startswith("#"):
                cases.append(Case(line_no, line))
    return cases


def run(args, data=b""):
    done = subprocess.run([STSTAT, *args], input=data, capture_output=True, check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


def as_read(kind, got):
    """One reading of the output in the form of the table. The scheme of each URI is checked here."""
    got = dict(got)
    if kind == "tlsrpt":
        for item in got["rua"]:
            scheme = item["uri"].split(":")[0]
            if item["scheme"] != (scheme.lower() if scheme.lower() in ("mailto", "https") else scheme):
                return {"scheme": item}
        got["rua"] = [item["uri"] for item in got["rua"]]
    return got


def differences(case):
    code, out, err = run(["parse", case.kind], case.input)
    if case.larger:
        if code != LARGER[0] or LARGER[1] not in err or out:
            yield f"exit code {code}, {err!r}"
        return
    if code != 0 or err:
        yield f"exit code {code}, {err!r}"
        return
    got = json.loads(out)
    found = [(d["name"], d["offset"]) for d in got["defects"]]
    seen = {"defects": found, "rescued": got.get("rescued", False),
            "n_defects": got["n_defects"], "n_texts": got.get("n_texts"), "read": got.get("read"),
            "strict": as_read(case.kind, got["strict"]), "lenient": as_read(case.kind, got["lenient"])}
    if got["kind"] != case.kind or any(not d["rule"].startswith("RFC 846") or not d["text"] for d in got["defects"]):
        yield f"kind, or the words of a defect: {out!r}"
    for key, want in {"n_defects": len(case.want["defects"]), **case.want}.items():
        if seen[key] != want:
            yield f"{key}: {str(seen[key])[:500]}, not {str(want)[:500]}"
    if case.kind != "sts-policy" and "read" in got:
        text = case.input.split(b"\n")[got["read"]]
        if got["text"] != text.decode("utf-8", "as_latin_1"):
            yield f"text: {got['text'][:200]!r}"


def check_cases():
    cases, failed = read_cases(), 0
    missing = WANTED - {case.number for case in cases}
    if missing:
        failed += 1
        print(f"cases without a row: {sorted(missing)}")
    for case in cases:
        for difference in differences(case):
            failed += 1
            print(f"{case.where}: {case.input[:100]!r}: {difference}")
    print(f"{len(cases)} rows of {len({case.number for case in cases})} cases, {failed} differences")
    return failed


def check_use():
    """Files, wrong use, and what cannot be read: a clear line, and the exit code says which."""
    rows = [(["parse"], 1, "something is missing"), (["parse", "spf"], 1, "spf: not one of"),
            (["parse", "sts-txt", "a", "b"], 1, "one argument too many: b"),
            (["parse", "--frob", "sts-txt"], 1, "--frob: unknown option"),
            (["parse", "sts-txt", "/no/such/file"], 2, "/no/such/file: No such file"),
            (["parse", "sts-txt", HERE], 2, "cannot read: Is a directory"),
            (["parse", "sts-policy", "/dev/zero"], 2, "/dev/zero: larger than 65536 bytes")]
    failed = 0
    for args, want, words in rows:
        code, out, err = run(args)
        if code != want or words not in err or err.count("\n") != 1 or out:
            failed += 1
            print(f"ststat {args}: exit code {code}, {err!r}")
    from_file = run(["parse", "sts-txt", os.path.join(HERE, "cases.txt")])
    with open(os.path.join(HERE, "cases.txt"), "rb") as table:
        text = table.read()
    for args in (["parse", "sts-txt"], ["parse", "sts-txt", "-"]):
        if run(args, text) != from_file or from_file[0] != 0:
            failed += 1
            print(f"ststat {args}: not the same as from the file")
    code, out, err = run(["help", "parse"])
    if code != 0 or b"n_discarded" not in out:
        failed += 1
        print(f"ststat help parse: {err!r}")
    return failed


if __name__ == "__main__":
    sys.exit(1 if check_cases() + check_use() else 0)
