"""Scans of one simulated internet (bench/score/kills.py: what it says depends on nothing but the seed) that something befalls, beside
the one that nobody disturbed: records that differ, and attempts that blame a peer for what the other scan has not seen it do."""
import argparse
import csv
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "..", "bench", "score"), os.path.join(HERE, "..", "lab")]  # in both is a rows.py
import check  # noqa: E402
import kills  # noqa: E402
import programs  # noqa: E402
import rows  # noqa: E402
import run  # noqa: E402

DONE, NO_START, STOPPED, OUTPUT = 0, 2, 3, 4
LIMIT_SECONDS = 240
SHOWN = 6
OK = 1
TABLES = ("domain", "host", "policy", "endpoint")
MORE_OFTEN = ("n_attempts",)  # an attempt of ours that failed is listed, too
UNFINISHED = ("ehlo_tls", "pipelining", "smtputf8", "requiretls")  # after the handshake, when the outcome is known: may be missing


def classes():
    """Class by number, as in sinks/outcome.def."""
    with open(os.path.join(HERE, "..", "..", "sinks", "outcome.def"), encoding="utf-8") as file:
        return {int(number): word for number, word in re.findall(r"^OUTCOME\((\d+), \w+, (\w+),", file.read(), re.M)}


def attempts(value):
    """Outcomes of all attempts in a record, at whatever depth."""
    if isinstance(value, list):
        return set().union(*(attempts(v) for v in value))
    if not isinstance(value, dict):
        return set()
    return {a["oc"] for a in value.get("att", [])}.union(*(attempts(v) for k, v in value.items() if k != "att"))


class Disturbed:
    """A scan at work, its messages as they come."""

    def __init__(self, world, name, options, environment):
        self.world, self.run, self.said = world, kills.Scan(world.options, world.dir, name).run, []
        self.start([*self.run.stscan(), "--status-updates-file", self.run.path("status.csv"), *options], environment)

    def start(self, command, environment=None):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **(environment or {})})
        self.reader = threading.Thread(target=lambda stream: self.said.extend(stream), args=[self.process.stderr], daemon=True)
        self.reader.start()

    def end(self, status=DONE):
        found = self.process.wait(LIMIT_SECONDS)
        self.reader.join()
        self.process.stderr.close()
        assert found == status, f"status {found}: {self.messages()}"
        return self.messages()

    def until(self, counter, least):
        """In the middle: of what the status counts, there is so much."""
        end = time.monotonic() + LIMIT_SECONDS
        while True:
            assert self.process.poll() is None and time.monotonic() < end, f"{counter} < {least}: {self.messages()}"
            if os.path.exists(self.run.path("status.csv")):
                with open(self.run.path("status.csv"), encoding="utf-8", newline="") as file:
                    status = list(csv.DictReader(file))
                if status and int(status[-1].get(counter) or 0) >= least:
                    return
            time.sleep(0.05)

    def messages(self):
        return "".join(self.said)

    def resume(self, *options, status=DONE):
        self.said = []
        self.start([run.program("stscan"), "--resume", self.run.path("scan"), *options])
        return self.end(status)

    def rows(self):
        found = rows.read(self.run)
        for row in (row for table in found.values() for row in table.values()):
            for column in MORE_OFTEN + UNFINISHED:
                row.pop(column, None)
        return found

    def blamed(self):
        """Attempts that hold against somebody what nobody has seen in the undisturbed scan."""
        mine, theirs, of = check.Scan(self.run.path("scan")), self.world.records, classes()
        return [f"{table} {key}: {sorted(extra)}" for table in TABLES for key, record in getattr(mine, table).items()
                if (extra := {oc for oc in attempts(record) - attempts(getattr(theirs, table).get(key, {}))
                              if of[oc] != "ours" and oc != OK})]

    def wrong(self):
        """What is not as in the undisturbed scan."""
        found = self.rows()
        words = run.verify(self.run)
        return ([words] if words else []) + rows.misplaced(found, self.world.options.names) + \
            rows.differences(self.world.rows, found, SHOWN) + self.blamed()[:SHOWN]


class World:
    """While the block runs: the simulator, and what an undisturbed scan found. `seconds`: all deadlines at peers; `only`: every
    name is of this class; `serve`: options of the simulator."""

    def __init__(self, names, seconds, latency=0.0, only=None, serve=()):
        self.wait = 2 if programs.is_sanitized() else 1
        deadline, dns = f"{seconds * self.wait * 1000:.0f}ms", f"{400 * self.wait:.0f}ms"
        more = ["--connect-timeout", deadline, "--greeting-timeout", deadline, "--smtp-timeout", deadline, "--policy-timeout", deadline,
                "--dns-timeout", dns, "--dns-deadline", f"{2400 * self.wait:.0f}ms", "--flush-seconds", "1"]
        self.options = argparse.Namespace(names=names, seed=1, threads=2, more=more)
        self.latency, self.only, self.serve = latency, only, serve

    def __enter__(self):
        self.temp = tempfile.TemporaryDirectory()
        self.dir = self.temp.name
        alone = run.Run(self.dir, kills.population(self.options) + (["--only", self.only] if self.only else []), self.latency)
        run.write(alone.path("names.csv"), alone.stsim("names"))
        self.simulator = run.Simulator(alone, serve=self.serve)
        self.simulator.__enter__()
        try:
            first = self.scan("undisturbed")
            first.end()
            self.rows, self.records = first.rows(), check.Scan(first.run.path("scan"))
            assert not rows.by_chance(self.rows) and not run.verify(first.run)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *error):
        self.simulator.__exit__(*error)
        self.temp.cleanup()

    def scan(self, name, *options, environment=None):
        return Disturbed(self, name, options, environment)
