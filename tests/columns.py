#!/usr/bin/python3
"""analysis/COLUMNS.md, from analysis/export.def; and that ststat export keeps to it.

columns.py --write  puts the tables between the markers; columns.py  fails (exit 1) where the file differs, where
--help-columns does, or where rows of the golden scan have other columns, types or words, or CSV differs from NDJSON."""
import csv
import io
import json
import os
import re
import subprocess
import sys

ROOT = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
STSTAT = os.environ.get("STSTAT", os.path.join(ROOT, "build/ststat"))
SCAN = os.path.join(ROOT, "tests/golden/v1")
WORDS = {"TEXT": "text", "WORD": "word", "UINT": "number", "SINT": "integer", "BOOL": "boolean", "LIST": "list",
         "TUPLES": "tuples"}
LINE = re.compile(r'^(TABLE|COLUMN)\((\w+), (?:(\w+), (\w+), )?"(.*?)"(?:, "(.*?)")?\)$', re.M)


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def tables():
    """{table: (a row is, order, [(column, type, meaning)])}"""
    out = {}
    for what, table, name, kind, doc, order in LINE.findall(read("analysis/export.def")):
        if what == "TABLE":
            out[table] = (doc, order, [])
        else:
            out[table][2].append((name, kind, doc))
    return out


def markdown():
    parts = []
    for table, (row, order, columns) in tables().items():
        lines = [f"### `{table}`", "", f"A row is {row}; {order}.", "", "| column | type | meaning |", "|---|---|---|"]
        lines += [f"| `{name}` | {WORDS[kind]} | {doc} |" for name, kind, doc in columns]
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def ststat(*args):
    done = subprocess.run([STSTAT, "export", *args], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode or done.stderr:
        sys.exit(f"ststat export {' '.join(args)}: exit status {done.returncode}\n{done.stderr.decode()}")
    return done.stdout.decode("utf-8")


def is_time(name):
    return name.endswith(("_time", "_ms"))


def fits(kind, value):
    if value is None:
        return True
    if kind in ("LIST", "TUPLES"):
        return isinstance(value, list) and all(isinstance(item, str) for item in value)
    if kind == "WORD":
        return isinstance(value, str) and value.isprintable() and value != ""
    return type(value) is {"TEXT": str, "UINT": int, "SINT": int, "BOOL": bool}[kind] and (kind != "UINT" or value >= 0)


def as_csv(kind, value):
    """What a CSV field says, as far as it can be compared: escapes of unsafe bytes are left to golden.sh."""
    if value is None:
        return ""
    if kind == "BOOL":
        return "true" if value else "false"
    if kind == "LIST":
        return " ".join(item.replace(" ", "\\x20") for item in value)
    return " ".join(value) if kind == "TUPLES" else str(value)


def check_rows(table, columns):
    wrong, seen = [], set()
    text = ststat("--table", table, SCAN)
    rows = [json.loads(line) for line in text.splitlines()]
    parsed = list(csv.reader(io.StringIO(ststat("--table", table, "--format", "csv", SCAN), newline=""), strict=True))
    if parsed[0] != [name for name, _, _ in columns] or len(parsed) != len(rows) + 1:
        wrong.append(f"{table}: header or number of rows of CSV")
    for row, fields in zip(rows, parsed[1:]):
        if list(row) != [name for name, _, _ in columns]:
            wrong.append(f"{table}: a row has the columns {list(row)}")
            continue
        for (name, kind, _), field in zip(columns, fields):
            if not fits(kind, row[name]):
                wrong.append(f"{table}.{name}: {row[name]!r} is no {WORDS[kind]}")
            if "\\" not in field.replace("\\x20", "") and field != as_csv(kind, row[name]):
                wrong.append(f"{table}.{name}: {field!r} in CSV, {row[name]!r} in NDJSON")
            if row[name] is not None:
                seen.add(name)
    timeless = [json.loads(line) for line in ststat("--no-times", "--table", table, SCAN).splitlines()]
    if timeless != [{k: v for k, v in row.items() if not is_time(k)} for row in rows]:
        wrong.append(f"{table}: --no-times")
    never = [name for name, _, _ in columns if name not in seen]
    return wrong + ([f"{table}: never set in the golden scan: {', '.join(never)}"] if set(never) - NEVER else [])


# What the golden scan has no evidence of.
NEVER = {"location", "age", "cert_aia"}


def check():
    wrong, help_text = [], ststat("--help-columns")
    for table, (_, _, columns) in tables().items():
        for name, kind, doc in columns:
            if not re.search(rf"^  {name} +{WORDS[kind]} +{re.escape(doc)}$", help_text, re.M):
                wrong.append(f"--help-columns: {table}.{name}")
        wrong += check_rows(table, columns)
    return wrong


def main():
    path = "analysis/COLUMNS.md"
    old = read(path)
    new = re.sub(r"(<!-- columns -->\n).*?(<!-- /columns -->)", lambda m: f"{m[1]}{markdown()}\n{m[2]}", old, flags=re.S)
    if sys.argv[1:] == ["--write"]:
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(new)
        return
    wrong = check()
    if old != new:
        wrong.append(f"{path} differs from analysis/export.def: run tests/columns.py --write")
    if wrong:
        sys.exit("\n".join(wrong))


main()
