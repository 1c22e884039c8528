#!/usr/bin/python3
"""ststat check and ststat export against the lab: a check shows what a scan shows and leaves nothing behind, whatever
becomes of it; two scans of the same export the same rows."""
import os
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
import programs  # noqa: E402

TABLES = ("domains", "hosts", "endpoints", "policies", "certs")
SECONDS = 120
STUBBORN = """#!/bin/sh
trap 'exit 3' INT
echo ready >&2
while :; do sleep 0.1; done
"""


class Place:
    """A directory for temporary files, and how to run ststat check there."""

    def __init__(self, running):
        self.running, self.tmp = running, os.path.join(running.dir, "tmp")
        os.mkdir(self.tmp)
        self.environment = dict(os.environ, TMPDIR=self.tmp)
        every = programs.stscan(running, "-")
        self.options = every[every.index("--name-servers"):]

    def command(self, *args, options=None):
        return [programs.program("STSTAT"), "check", *args, "--", *(self.options if options is None else options)]

    def check(self, *args, options=None):
        return subprocess.run(self.command(*args, options=options), env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=SECONDS, check=False)

    def is_empty(self):
        return os.listdir(self.tmp) == []


def arrows(text):
    """What ststat makes of the evidence: no times in it."""
    return [line for line in text.splitlines() if line.startswith("  =>")]


def test_check(place, scan, name):
    done = place.check(name)
    assert done.returncode == 0, done.stderr
    assert "Scan Complete; 1 names scanned" in done.stderr, done.stderr
    assert "next:" not in done.stderr and place.tmp not in done.stderr, done.stderr  # of a place that is gone
    status, shown, _ = programs.ststat("show", scan, name)
    assert status == 0 and arrows(shown) and arrows(done.stdout) == arrows(shown), done.stdout + shown
    assert place.is_empty()


def test_keep(place, names):
    kept = os.path.join(place.running.dir, "kept")
    done = place.check(*names, "--keep", kept)
    assert done.returncode == 0 and place.is_empty() and f"next: ststat summary {kept}" in done.stderr, done.stderr
    assert [done.stdout.count(f"\ndomain {name}\n") for name in names] == [1] * len(names), done.stdout
    programs.verified(kept)
    again = place.check(names[0], "--keep", kept)
    assert again.returncode == 2 and "exit code" in again.stderr, again.stderr


def test_failures(place):
    done = place.check("a.example", options=["--no-such-option"])
    assert done.returncode == 2 and "failed with exit code 1" in done.stderr and not done.stdout, done.stderr
    done = place.check("a.example", "--stscan", "/no/such/program")
    assert done.returncode == 2 and "/no/such/program: cannot be run: No such file" in done.stderr, done.stderr
    for option in ("--dry-run", "--help"):
        done = place.check("a.example", options=[*place.options, option])
        assert done.returncode == 1 and "wrote no scan" in done.stderr and not done.stdout, done.stderr
    for names in ([], [f"n{i}.example" for i in range(21)]):
        done = place.check(*names)
        assert done.returncode == 1 and "1 to 20 names" in done.stderr, done.stderr
    assert place.is_empty()


def test_stopped(place):
    """The signal reaches the scanner, and what was begun is removed."""
    path = os.path.join(place.running.dir, "stubborn")
    with open(path, "w", encoding="utf-8") as file:
        file.write(STUBBORN)
    os.chmod(path, 0o755)
    with subprocess.Popen(place.command("a.example", "--stscan", path), env=place.environment, stderr=subprocess.PIPE,
                          text=True) as running:
        assert running.stderr.readline() == "ready\n"
        assert not place.is_empty()
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=SECONDS)[1]
    assert running.returncode == 2 and "stopped before its end" in said, said
    assert place.is_empty()


def test_reader_gone(place, name):
    with subprocess.Popen(place.command(name), env=place.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as running:
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode in (-signal.SIGPIPE, 2), f"{running.returncode}: {said}"
    assert place.is_empty()


def export(scan, table, *options):
    status, rows, said = programs.ststat("export", "--table", table, *options, scan)
    assert status == 0 and not said, f"export {table}: {status} {said}"
    return rows


def test_export(scans):
    for table in TABLES:
        rows = [export(scan, table, "--no-times") for scan in scans]
        assert rows[0].count("\n") > 5, table
        for other in rows[1:]:
            different = [pair for pair in zip(rows[0].splitlines(), other.splitlines()) if pair[0] != pair[1]]
            assert rows[0] == other, f"{table}: {len(different)} rows differ, the first:\n" + "\n".join(different[0])
        assert len(export(scans[0], table, "--format", "csv").splitlines()) == rows[0].count("\n") + 1, table
        print(f"export {table}: {rows[0].count(chr(10))} rows, the same in {len(scans)} scans")


def scan(running, name, workers):
    path = os.path.join(running.dir, name)
    done = subprocess.run(programs.stscan(running, path, workers, "-q"), capture_output=True, text=True,
                          timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return path


def main():
    programs.program("STSCAN"), programs.program("STSTAT")
    lab.isolate()
    lab.stop_on_signals()
    with lab.Lab() as running:
        scans = [scan(running, "first", 1), scan(running, "second", 4)]
        test_export(scans)
        place = Place(running)
        test_failures(place)
        test_stopped(place)
        names = ["enforce.test", "testing.test"]
        test_check(place, scans[0], names[0])
        test_keep(place, names)
        test_reader_gone(place, names[0])
    print("ok")


main()
