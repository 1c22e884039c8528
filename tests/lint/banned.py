#!/usr/bin/python3
"""Functions that have a better alternative, whoever calls them."""
import re

import source

WHY = {
    "an explicit length": "strcpy strcat strncpy sprintf vsprintf gets stpcpy",
    "strtol and a look at its end": "atoi atol atoll atof scanf sscanf fscanf",
    "our own seeded generator": "rand srand random srandom",
    "the heap": "alloca",
    "fork and exec, or nothing": "system popen",
    "mkstemp": "tmpnam tempnam mktemp",
    "the form with a buffer of the caller, there are threads": "gmtime localtime ctime asctime inet_ntoa strtok",
    "an error code: only main() ends the process": "exit _exit abort",
}
INSTEAD = {name: why for why, names in WHY.items() for name in names.split()}
CALL = re.compile(r"(?<![\w.>])(" + "|".join(INSTEAD) + r")\s*\(")
MAY_EXIT = ("scanner/main.c", "analysis/main.c")


def findings(path):
    bare = source.code(source.read(path))
    for match in CALL.finditer(bare):
        name = match.group(1)
        if name in ("exit", "_exit", "abort") and (path in MAY_EXIT or not path.startswith(source.OURS)):
            continue
        yield f"{path}:{bare.count(chr(10), 0, match.start(1)) + 1}: {name}(); use {INSTEAD[name]}"


def main():
    paths = source.files(source.ALL)
    source.finish("banned", [finding for path in paths for finding in findings(path)], len(paths))


main()
