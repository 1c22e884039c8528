#!/usr/bin/python3
"""The field tables of sinks/SCHEMA.md, from sinks/record.def and sinks/outcome.def.

schema.py --write  puts them between the markers; schema.py  fails (exit 1) where the file differs from them."""
import os
import re
import sys

ROOT = os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TYPES = {"UINT": "unsigned", "SINT": "integer", "BOOL": "boolean", "STR": "string", "BIN": "binary",
         "STRS": "list of string", "BINS": "list of binary"}


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def structs():
    kinds = {name: number for number, name in re.findall(r"^KIND\((\d+), (\w+)\)", read("sinks/record.def"), re.M)}
    out = []
    for name, doc, body in re.findall(r"^STRUCT\((\w+)\) *(?:/\* (.*?) \*/)?\n(.*?)^END", read("sinks/record.def"), re.M | re.S):
        title = f"### `{name}`" + (f", kind {kinds[name]}" if name in kinds else "")
        rows = [title, "", doc[:1].upper() + doc[1:] + ".", "", "| key | type | meaning |", "|---|---|---|"]
        for macro, args in re.findall(r"^(\w+)\(\w+, (.*)\)$", body, re.M):
            text = args.replace('\\"', "\0")
            key, meaning = re.findall(r'"([^"]*)"', text)
            kind = TYPES.get(macro) or (f"map `{args.split(', ')[1]}`" if macro == "SUB" else f"list of `{args.split(', ')[1]}`")
            meaning = meaning.replace("\0", '"')
            rows.append(f"| `{key}` | {kind} | {meaning} |")
        out.append("\n".join(rows))
    return "\n\n".join(out)


def outcomes():
    rows = ["| number | name | class | meaning |", "|---|---|---|---|"]
    for number, name, kind, text in re.findall(r'^OUTCOME\((\d+), (\w+), (\w+), "(.*)"\)', read("sinks/outcome.def"), re.M):
        rows.append(f"| {number} | {name} | {kind} | {text} |")
    return "\n".join(rows)


def sources():
    rows = ["| src | raw is |", "|---|---|"]
    for number, name, text in re.findall(r'X\((\d+), (\w+), "(.*?)"\)', read("sinks/outcome.h")):
        rows.append(f"| {number} | {text or 'nothing'} |")
    return "\n".join(rows)


def filled(text):
    for mark, table in (("fields", structs()), ("outcomes", outcomes()), ("sources", sources())):
        text = re.sub(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text, flags=re.S)
    return text


def main():
    path = "sinks/SCHEMA.md"
    old = read(path)
    new = filled(old)
    if sys.argv[1:] == ["--write"]:
        with open(os.path.join(ROOT, path), "w", encoding="utf-8") as file:
            file.write(new)
    elif old != new:
        sys.exit(f"{path} differs from sinks/record.def or sinks/outcome.def: run tests/schema.py --write")


main()
