#!/usr/bin/python3
"""What the scan costs, measured against limits and peers: CPU time a unit, on loopback, client and server each on a core
of its own, in alternating pairs, medians.

    ./dev bench [NAME...] [--runs N] [--scale F] [--json FILE] [--write] ...     (no name: all; --list tells them)

Exit status 0: all rows were measured; 1: one failed. Whether a goal is met does not count: it is read from the table.
"""
import argparse
import importlib.util
import json
import os
import pickle
import shutil
import signal
import sys
import time
import traceback
from dataclasses import asdict, dataclass, fields

import lib
import results as report

ROWS = os.path.join(lib.HERE, "rows")


def options():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__.partition("\n\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME", help="rows (default: all)")
    p.add_argument("--list", action="store_true", help="say which rows there are")
    p.add_argument("--runs", type=int, default=5, help="pairs of which the median is taken")
    p.add_argument("--scale", type=float, default=1.0, help="factor for every number of units")
    p.add_argument("--json", metavar="FILE", help="write all samples there")
    p.add_argument("--write", action="store_true", help="write bench/RESULTS.md from this run")
    p.add_argument("--earlier", metavar="FILE", action="append", default=[],
                   help="with --write and NAMEs: the other rows are those of this earlier --json; more than once: of the first")
    p.add_argument("--profile", action="store_true", help="tell where the time goes, where perf is; --write does, too")
    p.add_argument("--massdns", metavar="PATH", help="massdns, which Debian does not have")
    p.add_argument("--zdns", metavar="PATH", help="zdns, the same")
    p.add_argument("--unbound", action="store_true", help="nxdomain: the same with unbound as the server")
    return p.parse_args()


def load(name):
    spec = importlib.util.spec_from_file_location("row_" + name, os.path.join(ROWS, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(wanted):
    """{name: module}, by name, but those that read the figures of others behind them."""
    known = {file[:-3]: load(file[:-3]) for file in sorted(os.listdir(ROWS)) if file.endswith(".py")}
    for name in wanted:
        if name not in known:
            raise lib.Error(f"no row {name}: {' '.join(known)}")
    chosen = {}

    def choose(name):
        for before in getattr(known[name], "AFTER", ()):
            if before in known:
                choose(before)
        chosen.setdefault(name, known[name])
    for name in sorted(wanted or known):
        choose(name)
    return chosen


def settle(name, row, result):
    """What a Result leaves to its row."""
    result.row, result.title = name, row.TITLE + result.suffix
    result.unit = result.unit or row.UNIT
    result.goal = row.GOAL if result.goal is lib.FROM_ROW else result.goal
    result.stretch = row.STRETCH if result.stretch is lib.FROM_ROW else result.stretch
    result.judged = result.ours if result.ratio is None else result.ratio
    return result


def run(bench, name, row):
    try:
        found = row.run(bench)
    except Exception as error:  # the others of a long run are not lost for it
        if not isinstance(error, lib.Error):
            traceback.print_exc()
        found = lib.skipped(f"failed: {error}")
        found.failed = True
    found = [settle(name, row, result) for result in (found if isinstance(found, list) else [found])]
    found[0].profiles = bench.profiles
    return found


def apart(work):
    """What work() returns, done by a process of its own: the memory that it takes is not in the peak of what later ones start
    (lib.Sample)."""
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        hand_over(work, write)
    os.close(write)
    try:
        with os.fdopen(read, "rb") as found:
            return pickle.load(found)
    except EOFError as error:
        raise lib.Error("the process that measured was ended") from error
    except BaseException:
        os.kill(child, signal.SIGTERM)
        raise
    finally:
        os.waitpid(child, 0)


def hand_over(work, write):
    """Ends this process. A signal has stopped what work() had started."""
    try:
        with os.fdopen(write, "wb") as out:
            pickle.dump(work(), out)
        sys.stdout.flush()
    finally:
        os._exit(0)


def measure(bench, name, row):
    """The Results of a row; one that failed is such a Result too."""
    began = time.monotonic()
    found = apart(lambda: run(bench, name, row))
    for result in found:
        bench.figures.update(result.figures)
    clear(bench.tmp)
    print(f"== {name} ({time.monotonic() - began:.0f} s)")
    for result in found:
        print(words(result), flush=True)
    for profile in found[0].profiles:
        print("    " + profile, flush=True)
    return found


def clear(directory):
    for entry in os.listdir(directory):
        path = os.path.join(directory, entry)
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def verdict(result):
    if result.skipped or result.goal is None:
        return ""
    if result.stretch is not None and result.judged <= result.stretch:
        return "met, stretch too"
    return "met" if result.judged <= result.goal else "falls short"


def words(result):
    """A Result, for who watches."""
    if result.skipped:
        return f"{result.title}: skipped: {result.skipped}"
    lines = [f"{result.title}: {result.ours:.4g} {result.unit}"]
    if result.peer is not None:
        lines[0] += f"; {result.peer_name}: {result.peer:.4g}; ratio {result.ratio:.3f}"
    if result.goal is not None:
        lines[0] += f" (goal {result.goal:g}{'' if result.stretch is None else f', stretch {result.stretch:g}'}: {verdict(result)})"
    for label, samples in result.samples.items():
        lines.append(f"    {label}: {lib.median(samples):.3f} us CPU ({lib.median(samples, 'user_us'):.3f} user, "
                     f"{lib.median(samples, 'sys_us'):.3f} sys), wall {lib.median(samples, 'wall_s'):.2f} s, "
                     f"{lib.peak(samples)}, {len(samples)} runs")
    if result.note:
        lines.append("    " + result.note)
    return "\n".join(lines)


def as_json(o, results):
    def plain(result):
        found = {**asdict(result), "profiles": getattr(result, "profiles", []), "row": result.row, "title": result.title,
                 "judged": result.judged, "verdict": verdict(result)}
        for samples in found["samples"].values():
            for sample in samples:
                del sample["out"], sample["metadata"], sample["dir"]
        return found
    return {"runs": o.runs, "scale": o.scale, "version": report.version(), "results": [plain(result) for result in results]}


def save(o, results):
    """After each row: a run of hours that is ended has what it measured."""
    if not o.json:
        return
    with open(o.json + ".new", "w", encoding="utf-8") as file:
        json.dump(as_json(o, results), file, indent=1)
    os.replace(o.json + ".new", o.json)


@dataclass
class Earlier:
    """An earlier run, as --json has left it."""
    what: str  # its version and numbers
    results: list


def read_earlier(path):
    try:
        with open(path, encoding="utf-8") as file:
            run = json.load(file)
        version = run.get("version", "an unknown version")
        return Earlier(f"at {version}, {run['runs']} runs, --scale {run['scale']:g}", [restored(plain) for plain in run["results"]])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise lib.Error(f"--earlier {path}: not what --json has written: {error}") from error


def together(runs, results):
    """What is to be said of rows of earlier runs, and the Results of all: of a row, those measured now, else of the first run
    that has it."""
    words, every = {}, list(results)
    for run in runs:
        others = [result for result in run.results if result.row not in {result.row for result in every}]
        every += others
        words.setdefault(run.what, []).extend(dict.fromkeys(result.row for result in others))
    said = [f"Measured before, {what}: {', '.join(names)}." for what, names in words.items() if names]
    return "\n\n".join(said), sorted(every, key=lambda result: result.row)


def restored(plain):
    result = lib.Result(**{field.name: plain[field.name] for field in fields(lib.Result)})
    result.samples = {label: [lib.Sample(**sample) for sample in samples] for label, samples in result.samples.items()}
    result.row, result.title, result.judged = plain["row"], plain["title"], plain["judged"]
    result.profiles = plain.get("profiles", [])
    return result


def main():
    o = options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    bench = None
    try:
        if o.write and bool(o.names) != bool(o.earlier):
            raise lib.Error("--write is of all rows: without names, or with --earlier, which has the others")
        chosen = rows(o.names)
        if o.list:
            for name, row in chosen.items():
                print(f"{name:16} {row.TITLE}")
            return 0
        runs = [read_earlier(path) for path in o.earlier]
        lib.run.isolate()
        bench = lib.Bench(o.runs, o.scale, o.massdns, o.zdns, o.unbound, o.profile or o.write)
        results = []
        for name, row in chosen.items():
            results += measure(bench, name, row)
            save(o, together(runs, results)[1])
        if o.write:
            before, every = together(runs, results)
            bench.figures = {name: figure for result in every for name, figure in result.figures.items()}
            report.write(bench, rows([]), before, every, verdict)
        return 1 if any(getattr(result, "failed", False) for result in results) else 0
    except lib.Error as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        if bench is not None:
            bench.close()


if __name__ == "__main__":
    sys.exit(main())
