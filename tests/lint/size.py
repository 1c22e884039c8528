#!/usr/bin/python3
"""Long files and functions: listed over the first limit, refused over the second."""
import re

import source

FILE_LINES = (400, 600)
FUNCTION_LINES = (60, 120)


def functions(text):
    """(name, first line, lines of the body). By the formatting rules a body stands between { and } in column 0."""
    lines = source.code(text).split("\n")
    start = name = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            head = " ".join(lines[max(0, number - 8):number - 1])
            calls = re.findall(r"(\w+)\s*\(", re.split(r"[;}]", head)[-1])
            start, name = number, calls[0] if calls else "?"
        elif line.startswith("}") and start:
            yield name, start, number - start - 1
            start = None


def judge(what, lines, limits, warnings, findings):
    if lines > limits[1]:
        findings.append(f"{what}: {lines} lines, more than {limits[1]}")
    elif lines > limits[0]:
        warnings.append(f"warning: {what}: {lines} lines, more than {limits[0]}")


def main():
    warnings, findings = [], []
    paths = source.files(source.ALL, (".c", ".h"))
    for path in paths:
        text = source.read(path)
        judge(path, text.count("\n"), FILE_LINES, warnings, findings)
        for name, line, lines in functions(text):
            judge(f"{path}:{line}: {name}()", lines, FUNCTION_LINES, warnings, findings)
    for warning in warnings:
        print(warning)
    source.finish("size", findings, len(paths))


main()
