#!/usr/bin/python3
"""What the scan costs, measured against limits and peers: CPU time a unit, on loopback, client and server each on a core
of its own, in alternating pairs, medians.

    ./dev bench [NAME...] [--runs N] [--scale F] [--json FILE] [--write] ...     (no name: all; --list tells them)

Exit status 0: all rows were measured; 1: one failed. Whether a goal is met does not count: it is read from the table.
"""
import argparse
import importlib.util
import os
import pickle
import shutil
import signal
import sys
import time
import traceback

import lib
import results as report
import saved

ROWS = os.path.join(lib.HERE, "rows")


def options():
    p = argparse.ArgumentParser(prog="./dev bench", description=__doc__.partition("\n\n")[0],
                                formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("names", nargs="*", metavar="NAME", help="rows (default: all)")
    p.add_argument("--list", action="store_true", help="say which rows there are")
    p.add_argument("--runs", type=int, default=5, help="pairs of which the median is taken")
    p.add_argument("--scale", type=float, default=1.0, help="factor for every number of units")
    p.add_argument("--json", metavar="FILE", help="write all samples there")
    p.add_argument("--write", action="store_true", help="write bench/RESULTS.md and .json from this run; with NAMEs, the other rows are those that were there")
    p.add_argument("--earlier", metavar="FILE", action="append", default=[],
                   help="with --write: rows that are not measured are those of this earlier --json, the first that has them")
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


def settle(name, row, result, measured):
    """What a Result leaves to its row."""
    result.row, result.title, result.measured = name, row.TITLE + result.suffix, measured
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
    found = [settle(name, row, result, bench.measured) for result in (found if isinstance(found, list) else [found])]
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


def write(bench, every):
    bench.figures = {name: figure for result in every.results for name, figure in result.figures.items()}
    report.write(bench, rows([]), saved.said(every.results, bench.measured), every, verdict, saved.elsewhere())
    saved.write(saved.PATH, every)


def main():
    o = options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    bench = None
    try:
        chosen = rows(o.names)
        if o.list:
            for name, row in chosen.items():
                print(f"{name:16} {row.TITLE}")
            return 0
        earlier = [saved.read(path) for path in o.earlier]
        if o.write and o.names and os.path.exists(saved.PATH):
            earlier.append(saved.read(saved.PATH))
        lib.run.isolate()
        bench = lib.Bench(o.runs, o.scale, o.massdns, o.zdns, o.unbound, o.profile or o.write)
        bench.measured = saved.how(bench)
        now = saved.Saved([], [])
        for name, row in chosen.items():
            now.results += measure(bench, name, row)
            now.libraries = now.libraries or report.libraries(now.results)
            if o.json:  # after each row: a run of hours that is ended has what it measured
                saved.write(o.json, saved.together(earlier, now))
        if o.write:
            write(bench, saved.together(earlier, now))
        return 1 if any(getattr(result, "failed", False) for result in now.results) else 0
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
