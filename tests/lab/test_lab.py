#!/usr/bin/python3
"""The whole against real daemons and scripted peers: a scan of the lab by one worker into a pipe, and one by four, each
compared with the table, with each other and with what the servers saw; then what ststat makes of them, against the
table and three judges."""
import json
import os
import shutil
import subprocess
import sys
import time

import check
import figures
import judges
import lab
import peers
import programs
import scripted_server
import verdicts
import watch

SCAN_SECONDS = 200
INTERVAL_SECONDS = 3  # of the polite scan: longer than --retry-after, so that a second attempt waits for it


def scan(running, name, workers, *more):
    """One scan into a directory; its path."""
    path = os.path.join(running.dir, name)
    command = programs.stscan(running, path, workers, *more)
    run(command, running, subprocess.DEVNULL)
    return path


def polite_scan(running, name):
    """By 4 workers, each IP once in a while only: its path, and what the IPs and networks have to complain about."""
    begin = time.monotonic()
    with watch.Watch() as watched:
        path = scan(running, name, 4, "--per-ip-interval", f"{INTERVAL_SECONDS}s")
    seen = [c for c in scripted_server.connections(os.path.join(running.dir, "scripted")) if c["at"] > begin]
    return path, watched.complaints(1, 8) + watch.hasty(seen, INTERVAL_SECONDS)


def scan_to_pipe(running, name):
    path = os.path.join(running.dir, name)
    command = programs.stscan(running, "-")
    with open(path, "wb") as f:
        cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=f)
        run(command, running, cat.stdin)
        cat.stdin.close()
        cat.wait()
    return path


def run(command, running, stdout):
    begin = time.monotonic()
    done = subprocess.run(command, env=running.environment, stdin=subprocess.DEVNULL, stdout=stdout,
                          stderr=subprocess.PIPE, text=True, timeout=SCAN_SECONDS)
    print(f"{' '.join(command)}\n   status {done.returncode}, {time.monotonic() - begin:.1f} s")
    if done.returncode:
        print(done.stderr)
        raise lab.LabError(f"stscan: exit status {done.returncode}")


def check_ststat(paths):
    """verify says that each scan is whole; the summary has the figures of the table, and is the same for all."""
    wrong, summaries = [], []
    for path in paths:
        status, out, err = programs.ststat("verify", path)
        if status:
            wrong.append(f"ststat verify {path}: exit status {status}\n{out}{err}")
        status, out, err = programs.ststat("summary", "--json", path)
        if status:
            wrong.append(f"ststat summary {path}: exit status {status}\n{err}")
            continue
        summaries.append(json.loads(out))
        wrong += figures.complaints(summaries[-1])
    wrong += [f"ststat summary of scan {i + 1} differs from that of the first" for i, s in enumerate(summaries)
              if figures.timeless(s) != figures.timeless(summaries[0])]
    print(f"ststat: {len(figures.counters())} counters of the summary compared with the table")
    return wrong


def main():
    programs.program("STSCAN"), programs.program("STSTAT")
    lab.isolate()
    lab.stop_on_signals()
    try:
        with lab.Lab(scripted=True) as running:
            print(f"lab: up in {running.seconds:.1f} s")
            polite, wrong = polite_scan(running, "scan-4")
            paths = [scan_to_pipe(running, "scan-1.zst"), polite]
            right = check.check(paths, running.dir)
            wrong += peers.complaints(running, len(paths)) + check_ststat(paths)
            wrong += verdicts.complaints(paths[0]) + judges.complaints(running, paths[0], check.Scan(paths[0]))
            wrong += running.daemons.dead()
            print("".join(line + "\n" for line in wrong), end="")
            if os.environ.get("LAB_KEEP_SCANS"):
                shutil.copytree(running.dir, os.environ["LAB_KEEP_SCANS"], dirs_exist_ok=True,
                                ignore=shutil.ignore_patterns("queue", "db", "*.sock"))
        print("lab: " + ("all as expected" if right and not wrong else "FAIL"))
        return 0 if right and not wrong and not running.left_over else 1
    except (lab.LabError, subprocess.TimeoutExpired) as error:
        print(f"lab: {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
