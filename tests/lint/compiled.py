#!/usr/bin/python3
"""compiled.py clang|tidy [deep]: a tool that wants compiler flags, over the files of compile_commands.json.

clang: no warning with clang either, in every file (gcc has built them all already), and headers stand alone.
tidy:  clang-tidy with the checks of .clang-tidy, in every folder but tests; "tidy deep" lets its analyzer follow all paths
       that it would, for seven times the time.

Two or more run at once. A file that passed is not looked at again while it, the headers of ours it includes, its
flags and the tool stay the same."""
import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys

import source

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
TIDY_MAJOR = 14  # Debian 12; other versions know other checks


def version(tool):
    return subprocess.run([tool, "--version"], capture_output=True, text=True, check=True).stdout


def with_headers(path, seen):
    """The file and all headers of ours that it reaches."""
    if path not in seen and os.path.exists(os.path.join(source.root(), path)):
        seen.add(path)
        for name in re.findall(r'#\s*include\s*"([^"]+)"', source.read(path)):
            with_headers(name, seen)
            with_headers(os.path.normpath(os.path.join(os.path.dirname(path), name)), seen)
    return seen


def jobs(build):
    """(path, flags) of each compiled file that is not generated; the output and the compiler's name are dropped."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            if os.path.commonpath([entry["file"], os.path.abspath(build)]) == os.path.abspath(build):
                continue
            words = entry.get("arguments") or shlex.split(entry["command"])
            flags, words = [], words[1:]
            while words:
                word = words.pop(0)
                if word in ("-o", "-MF", "-MT", "-MQ"):
                    words.pop(0)
                elif word not in ("-c", "-MD", entry["file"]):
                    flags.append(word)
            yield os.path.relpath(entry["file"], source.root()), flags


def header_jobs(compiled):
    """A header must compile alone; it is given the flags of some file of its folder."""
    flags_of = {path.split("/")[0]: flags for path, flags in compiled}
    for path in source.files(source.OURS, (".h",)):
        if path.split("/")[0] in flags_of:
            yield path, ["-xc", *flags_of[path.split("/")[0]], "-Wno-unused-function", "-Wno-pragma-once-outside-header"]


SHALLOW = ["-Xclang", "-analyzer-config", "-Xclang", "mode=shallow"]


def command(mode, path, flags):
    if mode == "tidy":
        depth = [] if sys.argv[2:] == ["deep"] else SHALLOW
        promise = [] if path == "sinks/base.c" or path.startswith("bench/sim/") else ["-include", os.path.join(HERE, "analyzer.h")]
        return ["clang-tidy", "--quiet", "--warnings-as-errors=*", path, "--", *flags, *promise, *depth]
    return ["clang", "-fsyntax-only", "-Werror", *flags, path]


def key(words, path, tool):
    digest = hashlib.sha256(" ".join(words + [tool]).encode())
    for name in sorted(with_headers(path, set())) + [".clang-tidy", "tests/lint/analyzer.h"]:
        if os.path.exists(os.path.join(source.root(), name)):
            digest.update(f"{name}\0{source.read(name)}\0".encode())
    return digest.hexdigest()


def check(words, path, passed):
    """None, or what the tool said."""
    if os.path.exists(passed):
        return None
    done = subprocess.run(words, cwd=source.root(), capture_output=True, text=True, check=False)
    if done.returncode == 0:
        with open(passed, "w", encoding="utf-8"):
            return None
    return f"{path}:\n{done.stdout}{done.stderr}"


def main():
    mode, build = sys.argv[1], os.environ["BUILD_DIR"]
    tool = version("clang-tidy" if mode == "tidy" else "clang")
    if mode == "tidy" and f"version {TIDY_MAJOR}." not in tool:
        print(f"skipped: the checks are chosen for clang-tidy {TIDY_MAJOR}, here is: {' '.join(tool.split())}")
        sys.exit(SKIPPED)
    work = list(jobs(build))
    if mode == "clang":
        work += list(header_jobs(work))
    else:
        work = [job for job in work if job[0].startswith(source.OURS + ("bench",))]
    cache = os.path.join(build, "lint-cache")
    os.makedirs(cache, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        def one(job):
            words = command(mode, *job)
            return check(words, job[0], os.path.join(cache, key(words, job[0], tool)))
        findings = [said for said in pool.map(one, work) if said]
    source.finish(mode, findings, len(work))


main()
