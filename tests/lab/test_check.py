#!/usr/bin/python3
"""Tests the checker itself, without root or daemons: a scan made from the table passes, and with any one value of any
record changed, taken away or added it does not."""
import contextlib
import copy
import hashlib
import io
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import msgpack

import check
import domains
import exim
import expect_scripted
import mail
import names
import pki
import rows
import web
from expect import Either, Where

KIND = {name: number for number, name in check.KIND.items()}


def sample(value):
    """A value that the table allows."""
    if isinstance(value, Either):
        return sample(value[0])
    if isinstance(value, Where):
        return copy.deepcopy(value.sample)
    if isinstance(value, dict):
        filled = {k: sample(v) for k, v in value.items()}
        return {k: v for k, v in filled.items() if v not in (None, 0, "", b"", [], False)}
    return [sample(v) for v in value] if isinstance(value, list) else value


def leaves():
    return web.leaves() + mail.leaves() + exim.leaves() + expect_scripted.leaves()


def ideal(lab_dir):
    """The records of a scan that is right in everything."""
    middle = [{"k": KIND[kind], **sample(record)} for kind, _, _, record in check.rows(lab_dir)]
    certs = {hashlib.sha256(der).digest(): der for name, _, _ in leaves()
             for der in pki.der(Path(lab_dir) / "pki", name)}
    n = len(names.positions())
    counts = Counter((r["k"], r["oc"]) for r in middle)
    end = {"k": KIND["end"], "complete": True, "positions": n, "last_pos": n,
           "in_digest": hashlib.sha256(names.csv()).digest(),
           "counts": [{"k": k, "oc": oc, "n": number} for (k, oc), number in counts.items()]}
    return [{"k": KIND["scan"], "schema": 1}] + [{"k": KIND["cert"], "fp": f, "der": d} for f, d in certs.items()] \
        + middle + [end]


def verdict(records, path, lab_dir):
    packed = b"".join(msgpack.packb(r) for r in records)
    path.write_bytes(subprocess.run(["zstd", "-qc1"], input=packed, stdout=subprocess.PIPE, check=True).stdout)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        right = check.check([path], lab_dir)
    return right, out.getvalue()


def mutations(record):
    """(what, changed record): every leaf changed, every field taken away, one field added."""
    for key, value in record.items():
        if key in check.UNJUDGED | {"k"}:
            continue
        yield f"without {key}", {k: v for k, v in record.items() if k != key}
        if isinstance(value, dict):
            for what, inner in mutations(value):
                yield f"{key}.{what}", {**record, key: inner}
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for what, inner in mutations(value[0]):
                yield f"{key}[0].{what}", {**record, key: [inner, *value[1:]]}
        else:
            other = {int: 77777, str: "other", bytes: b"other", bool: None, list: ["other"]}[type(value)]
            yield f"other {key}", {**record, key: other}
    yield "with a field too many", {**record, "extra": 1}


OPEN = re.compile(r"(without|other) (base|src|raw|body|body_h|group|sigalg)|other t|without t|"
                  r"(.*\.)?(att|ede|verify)\[0\]\.with a field too many|(.*\.)?a(aaa)?\.with a field too many")


def tolerated(what):
    """Where the table leaves a value open on purpose."""
    return OPEN.fullmatch(what) or OPEN.fullmatch(what.rpartition(".")[2])


def main():
    with tempfile.TemporaryDirectory() as directory:
        pki.make(f"{directory}/pki", leaves())
        scan = Path(directory) / "scan"
        records = ideal(directory)
        right, said = verdict(records, scan, directory)
        if not right:
            print(said)
            return 1
        expected = {(kind, key): (label, want) for kind, key, label, want in check.rows(directory)}
        tried = missed = 0
        for (kind, key), (label, want) in expected.items():
            for what, changed in mutations(sample(want)):
                tried += 1
                if not list(check.differences(want, changed)) and not tolerated(what):
                    missed += 1
                    print(f"not noticed: {kind} {label}: {what}")
        for i in (0, 1, len(records) // 2, len(records) - 1):
            tried += 1
            if verdict(records[:i] + records[i + 1:], scan, directory)[0]:
                missed += 1
                print(f"not noticed: record {i} is not there: {str(records[i])[:100]}")
        gaps = rows.faults(domain.name for domain in domains.DOMAINS)
        print("".join(gap + "\n" for gap in gaps) + f"{len(rows.ROWS)} rows of edge cases, {len(gaps)} faults")
        missed += len(gaps)
        print(f"{tried} changes, {missed} not noticed")
        return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
