#!/usr/bin/python3
"""Compares scans of the lab with what must be observed, field by field.

    LAB_DIR=... check.py SCAN...      SCAN is a directory of parts, or one file

A line for each name with ok or FAIL, before it a line for each difference, last the counts. Several scans must also
agree with each other, times and order aside. Exit status 1 on any difference.
"""
import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgpack

import expect
import expect_peers
import expect_scripted
import names
from expect import OC, Either, Where

KIND = {1: "scan", 2: "domain", 3: "host", 4: "policy", 5: "endpoint", 6: "ip", 7: "cert", 8: "end"}
IDENTITY = {"domain": ("pos",), "host": ("host",), "policy": ("name",), "endpoint": ("host", "ip", "port"),
            "ip": ("ip",), "cert": ("fp",)}
COUNTED = ("domain", "host", "policy", "endpoint")  # kinds that have outcomes
# What may differ between two scans: times, the Date line, and which of its errors unbound names (9, from its cache 6)
TIMES = {"t", "ms", "tcp_ms", "ttfb", "ttl", "hdr", "attempt", "ede"}
UNJUDGED = {"k", "attempt", "t", "ms", "tcp_ms", "ttfb"}  # what the table says nothing about
ORDERLESS = {"mx", "txt", "addr", "tlsa", "ede"}


class Scan:
    """The records of a scan, joined: self.domain, self.host, ... are dicts by identity, superseded records dropped."""

    def __init__(self, path):
        path, self.problems, self.stream = Path(path), [], []
        parts = sorted(path.glob("part-*.msgpack.zst")) if path.is_dir() else [path]
        if not parts:
            raise SystemExit(f"check: no part-*.msgpack.zst in {path}")
        for part in parts:
            raw = subprocess.run(["zstd", "-dcq", part], stdout=subprocess.PIPE)
            if raw.returncode:
                self.problems.append(f"{part.name}: zstd says it is damaged")
            unpacker = msgpack.Unpacker(raw=False, strict_map_key=True)
            unpacker.feed(raw.stdout)
            self.stream.append([(KIND.get(r.get("k"), "?"), r) for r in unpacker])
        for kind in IDENTITY:
            setattr(self, kind, {})
        self._join()

    def _join(self):
        cited = set()
        for kind, record in (row for part in self.stream for row in part):
            if kind == "cert":
                cited.add(record["fp"])
            early = [fp for shown in (record, *record.get("also", [])) for fp in shown.get("tls", {}).get("chain", [])
                     if fp not in cited]
            if early:
                self.problems.append(f"{kind} {self.key(kind, record)}: {len(early)} certificates come after it")
            if kind not in IDENTITY:
                continue
            table, key = getattr(self, kind), self.key(kind, record)
            if kind not in ("cert", "ip") and key in table and table[key].get("attempt", 0) == record.get("attempt", 0):
                self.problems.append(f"{kind} {key}: twice with the same attempt")
            if key not in table or kind == "ip" or table[key].get("attempt", 0) < record.get("attempt", 0):
                table[key] = record

    @staticmethod
    def key(kind, record):
        key = tuple(record.get(k) for k in IDENTITY.get(kind, ()))
        return key[0] if len(key) == 1 else key


def ordered(key, value):
    if key in ORDERLESS and isinstance(value, list):
        return sorted(value, key=lambda v: repr(sorted(v.items()) if isinstance(v, dict) else v))
    return value


def differences(want, got, path=""):
    """(field, expected, observed) of every difference. None stands for a field that is not there."""
    if isinstance(want, Either):
        tries = [list(differences(w, got, path)) for w in want]
        if all(tries) and isinstance(got, (dict, list)):
            yield from min(tries, key=len)  # the nearest
        elif all(tries):
            yield path, " or ".join(show(w) for w in want), show(got)
    elif isinstance(want, Where):
        try:
            right = want.test(got)
        except (TypeError, KeyError, AttributeError):
            right = False
        if not right:
            yield path, want.text, show(got)
    elif isinstance(want, dict) and isinstance(got, dict):
        for key in {**want, **got}:
            if key not in UNJUDGED and (key != "att" or key in want) and (key, path) != ("k", ""):
                inner = f"{path}.{key}".strip(".")
                yield from differences(ordered(key, want.get(key)), ordered(key, got.get(key)), inner)
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            yield path, f"{len(want)} items", f"{len(got)} items, {show(got)}"
        for i, (w, g) in enumerate(zip(want, got)):
            yield from differences(w, g, f"{path}[{i}]")
    elif want != got:
        yield path, show(want), show(got)


def show(value):
    if value is None:
        return "nothing"
    if isinstance(value, Where):
        return value.text
    text = repr(value.hex() if isinstance(value, bytes) and len(value) == 32 else value)
    return text if len(text) < 300 else text[:300] + "..."


def with_lookup_attempts(record):
    """In each DNS answer, the last attempt must have the outcome of the whole."""
    return [key for key, value in record.items() if isinstance(value, dict) and "oc" in value
            and value.get("att") and value["att"][-1].get("oc") != value["oc"]]


def expected_domains():
    for pos, rank, given, name, outcome in names.positions():
        if name:
            record = {**expect.DOMAIN[name], "name": name}
        else:
            codes = [OC[o] for o in ([outcome] if isinstance(outcome, str) else outcome)]
            offset = Where("an offset", lambda v: v is None or 0 <= v <= 300, 0)
            record = {"oc": Either(*codes), "src": Either(None, expect.SRC_OFFSET), "raw": offset}
        record.update(pos=pos, rank=rank)
        if given != (name or "").encode() and given:
            record["in"] = given
        yield pos, name or f"line {pos} {given[:40]!r}", record


def rows(lab_dir):
    """(kind, identity, name to print, expected record) of everything that a scan must hold."""
    for pos, label, record in expected_domains():
        yield "domain", pos, label, record
    for kind, table in (("policy", expect_peers.policies(lab_dir)), ("host", expect.hosts(lab_dir)),
                        ("endpoint", expect_peers.endpoints(lab_dir))):
        for key, record in table.items():
            label = f"{key} policy" if kind == "policy" else key
            if kind == "endpoint":
                label, key = f"{key[0]} {key[1]}", (*key, 25)
            yield kind, key, label, record


def check_records(scan, lab_dir):
    """Prints what differs; (names right, names wrong)."""
    verdicts, known = {}, {kind: set() for kind in IDENTITY}
    for kind, key, label, want in rows(lab_dir):
        known[kind].add(key)
        got = getattr(scan, kind).get(key)
        if got is None:
            found = [("record", f"a {kind} record", "none")]
        else:
            found = list(differences(want, got)) + [(f"{q}.att", "last attempt as the outcome", "another")
                                                    for q in with_lookup_attempts(got)]
        for field, expected, observed in found:
            print(f"{label}: {kind}.{field}: expected {expected}, observed {observed}")
        verdicts[label] = verdicts.get(label, True) and not found
    for kind in (*COUNTED, "ip"):
        for key in set(getattr(scan, kind)) - known[kind]:
            print(f"{key}: {kind} record: expected none, observed {show(getattr(scan, kind)[key])}")
            verdicts[str(key)] = False
    for label, right in verdicts.items():
        print(f"{label}: {'ok' if right else 'FAIL'}")
    return sum(verdicts.values()), sum(not right for right in verdicts.values())


def check_deadlines(scan):
    """No peer costs more than its deadline; twice that, because the machine may be busy."""
    options = {o["n"]: o.get("v", "") for part in scan.stream for kind, record in part[:1] for o in
               record.get("options", [])}
    wrong = []
    for kind, option in (("policy", "policy-timeout"), ("endpoint", "smtp-timeout")):
        most = int(options[option].removesuffix("ms")) if options.get(option, "").endswith("ms") else None
        wrong += [f"{kind} {key}: an attempt of {a['ms']} ms, --{option} is {options[option]}"
                  for key, record in getattr(scan, kind).items() for a in (*record.get("att", []), *record.get("also", []))
                  if most and a.get("ms", 0) > 2 * most]
    return wrong


def check_stream(scan):
    """What holds for every scan: frames' order, certificates, counts. A list of complaints."""
    wrong = list(scan.problems) + check_deadlines(scan)
    stream = [row for part in scan.stream for row in part]
    if any(not part or part[0][0] != "scan" for part in scan.stream):
        wrong.append("a part does not begin with a scan record")
    if not stream or stream[-1][0] != "end":
        return wrong + ["the last record is no end record"]
    wrong += [f"certificate {fp.hex()}: that is not the SHA-256 of its der" for fp, record in scan.cert.items()
              if hashlib.sha256(record["der"]).digest() != fp]
    end, n = stream[-1][1], len(names.positions())
    for field, want in (("complete", True), ("positions", n), ("last_pos", n),
                        ("in_digest", hashlib.sha256(names.csv()).digest())):
        if end.get(field) != want:
            wrong.append(f"end.{field}: expected {show(want)}, observed {show(end.get(field))}")
    counted = Counter({(c["k"], c["oc"]): c["n"] for c in end.get("counts", [])})
    seen = Counter((r["k"], r.get("oc", 0)) for kind, r in stream if kind in COUNTED)
    counted = Counter({key: n for key, n in counted.items() if KIND.get(key[0]) in COUNTED})
    return wrong + [f"end.counts[{KIND[k]}, oc {oc}]: expected {seen[k, oc]} (records there), observed {counted[k, oc]}"
                    for k, oc in sorted(set(seen) | set(counted)) if seen[k, oc] != counted[k, oc]]


def timeless(value, key="", varies=()):
    """A record without what may differ between two scans of the same lab."""
    if isinstance(value, dict):
        return {k: timeless(v, k, varies) for k, v in value.items() if k not in TIMES and k not in varies}
    if isinstance(value, list):
        return ordered(key, [timeless(v, "", varies) for v in value])
    return value


def check_same(first, other, label):
    wrong, varying = [], expect_scripted.varying()
    for kind in IDENTITY:
        one, two = getattr(first, kind), getattr(other, kind)
        for key in set(one) | set(two):
            if key not in one or key not in two:
                wrong.append(f"{label}: {kind} {key!r}: only in {'the first scan' if key in one else 'this one'}")
            else:
                lasting = [timeless(table[key], "", varying.get((kind, key), ())) for table in (one, two)]
                wrong += [f"{label}: {kind} {key!r}: {field}: {want} in the first scan, {got} here"
                          for field, want, got in differences(*lasting)]
    return wrong


def check(paths, lab_dir):
    scans, right, wrong = [], 0, 0
    for path in paths:
        print(f"-- {path}")
        scan = Scan(path)
        complaints = check_stream(scan)
        if scans:
            complaints += check_same(scans[0], scan, str(path))
        scans.append(scan)
        print("".join(line + "\n" for line in complaints), end="")
        ok, bad = check_records(scan, lab_dir)
        right, wrong = right + ok, wrong + bad + len(complaints)
    print(f"{len(paths)} scans: {right} ok, {wrong} FAIL")
    return wrong == 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or "LAB_DIR" not in os.environ:
        raise SystemExit(__doc__)
    sys.exit(0 if check(sys.argv[1:], os.environ["LAB_DIR"]) else 1)
