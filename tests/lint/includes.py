#!/usr/bin/python3
"""Who may include whom, and which parts are pure (bytes and a clock value in, decisions out)."""
import re

import source

MAY = {
    "sinks": {"sinks"},
    "scanner": {"scanner", "sinks"},
    "analysis": {"analysis", "sinks"},
    "bench": {"bench"},
    "bench/limits": {"bench", "scanner", "sinks"},  # our own modules, measured alone
}
IMPURE = re.compile(r"uv\.h$|uv/|openssl/|curl/|ares")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)


def includes(path):
    """(line, quoted, name) of each include that is not in a comment."""
    text = source.read(path)
    bare = source.code(text)
    for match in INCLUDE.finditer(text):
        if "include" in bare[match.start():match.end()]:
            yield text.count("\n", 0, match.start(2)) + 1, match.group(1) == '"', match.group(2)


def folder_findings(path):
    folder = max((known for known in MAY if path.startswith(known + "/")), key=len)
    for line, quoted, name in includes(path):
        target = name.split("/")[0]
        if target.startswith("."):
            yield f"{path}:{line}: include from the top folder, not {name}"
        elif target in MAY and target not in MAY[folder]:
            yield f"{path}:{line}: {folder}/ must not include {name}"
        elif quoted and "/" not in name and folder in source.OURS:
            yield f'{path}:{line}: write "{folder}/{name}", from the top folder'


def pure_findings(start, known):
    """The first way from a pure file, through our own headers, to a library it must not see."""
    todo, seen = [(start, start)], {start}
    while todo:
        path, way = todo.pop()
        for line, quoted, name in includes(path):
            if IMPURE.match(name):
                yield f"{path}:{line}: {start} is pure and must not see {name} (by {way})"
            elif quoted and name in known and name not in seen:
                seen.add(name)
                todo.append((name, f"{way} > {name}"))


def pure_files(known):
    """Headers whose first comment says "Pure." with their .c, and what tests/lint/pure.txt names."""
    names = {path[:-2] for path in known if path.endswith(".h") and says_pure(path)}
    names |= {line.split("#")[0].strip() for line in source.read("tests/lint/pure.txt").split("\n")}
    for name in sorted(names - {""}):
        yield name, [path for path in (name + ".c", name + ".h") if path in known]


def says_pure(path):
    return re.search(r"\bPure\.", source.read(path).split("*/")[0]) is not None


def main():
    known = set(source.files(tuple(MAY)))
    findings = [finding for path in sorted(known) for finding in folder_findings(path)]
    for name, paths in pure_files(known):
        if not paths:
            findings.append(f"tests/lint/pure.txt: {name} is not there")
        for path in paths:
            findings += pure_findings(path, known)
    source.finish("includes", findings, len(known))


main()
