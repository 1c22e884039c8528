"""What the lints share: which files there are, and their text without comments and literals."""
import os
import re
import sys

OURS = ("sinks", "scanner", "analysis")
ALL = OURS + ("tests", "bench")


def root():
    return os.path.abspath(os.environ.get("SOURCE_DIR") or os.path.join(os.path.dirname(__file__), "../.."))


def files(folders=OURS, endings=(".c", ".h", ".def")):
    """Paths below the root, sorted."""
    found = []
    for folder in folders:
        for where, _, names in os.walk(os.path.join(root(), folder)):
            found += [os.path.relpath(os.path.join(where, n), root()) for n in names if n.endswith(endings)]
    return sorted(found)


def read(path):
    with open(os.path.join(root(), path), encoding="utf-8", errors="replace") as file:
        return file.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def code(text):
    """The text with comments and the insides of literals blanked; every line keeps its number."""
    def blank(match):
        token = match.group()
        if token[0] == "/":
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[0]
    return TOKEN.sub(blank, text)


def finish(name, findings, count):
    """Say the findings, and leave with the status that ctest reads."""
    for finding in findings:
        print(finding)
    print(f"{name}: {count} files, {len(findings)} findings")
    sys.exit(1 if findings else 0)
