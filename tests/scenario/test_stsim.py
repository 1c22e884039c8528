#!/usr/bin/python3
"""The command line of stsim: what it refuses and why, the servers' start and stop, and that its answers are computed."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench", "score"))
import run  # noqa: E402

STSIM = os.environ["STSIM"]
LIMIT_SECONDS = 120
DONE, FAILED, REFUSED, USAGE = 0, 1, 2, 64


def stsim(*words):
    done = subprocess.run([STSIM, *words], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


class Commands(unittest.TestCase):
    def refused(self, status, words, *command):
        found, out, err = stsim(*command)
        self.assertEqual((found, out), (status, ""), err)
        self.assertIn(words, err)

    def test_usage(self):
        for words, command in (("a command is missing", ()),
                               ('no "scan"', ("scan",)),
                               ('one command at a time: "names"', ("truth", "names")),
                               ("--names takes a number from 1", ("names", "--names", "0")),
                               ("--names takes a number from 1", ("names", "--names", "10x")),
                               ("--seed takes a number from 0", ("names", "--seed", "-1")),
                               ("--dns-port takes a number from 1 to 65535", ("serve", "--dns-port", "65536")),
                               ("--latency takes a factor from 0 to 1000", ("serve", "--latency", "fast")),
                               ('--format: no "csv"', ("names", "--format", "csv")),
                               ("unrecognized option", ("names", "--nmaes", "3"))):
            self.refused(USAGE, words, *command)

    def test_classes(self):
        self.refused(REFUSED, "nope: no such class", "names", "--only", "nope")
        self.refused(REFUSED, "nope: no group, table or class", "names", "--oversample", "nope=3")
        self.refused(REFUSED, "'operators' is not key=value", "names", "--set", "operators")

    def test_profile(self):
        with tempfile.NamedTemporaryFile("w", suffix=".profile") as file:
            self.refused(REFUSED, "nowhere/x: No such file", "names", "--profile", "nowhere/x")
            for line in ("mail.mail-nope 0.1 # ASM", "operators many # ASM", "mail.mail-null 1.5 # ASM", "operators"):
                file.seek(0)
                file.truncate()
                file.write(f"# two lines\noperators 5 # ASM\n{line}\n")
                file.flush()
                self.refused(REFUSED, f"{file.name}:3: ", "names", "--profile", file.name)

    def test_pure(self):
        """The same words, the same internet; any part of it alone is that part of the whole."""
        _, names, _ = stsim("names", "--names", "50", "--profile", "zone")
        self.assertEqual(len(set(names.split())), 50)
        self.assertEqual(stsim("names", "--names", "50", "--profile", "zone"), (DONE, names, ""))
        _, part, _ = stsim("names", "--names", "50", "--profile", "zone", "--first", "20", "--count", "3")
        self.assertEqual(part.split(), names.split()[20:23])
        _, other, _ = stsim("names", "--names", "50", "--profile", "zone", "--seed", "2")
        self.assertNotEqual(other, names)
        _, truth, _ = stsim("truth", "--names", "50", "--profile", "zone")
        self.assertEqual([json.loads(line)["name"] for line in truth.splitlines()[1:]], names.split())


class Serve(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        self.stats, self.ca = (os.path.join(self.dir.name, name) for name in ("stats.json", "ca.pem"))
        self.addCleanup(self.dir.cleanup)

    def start(self, *words):
        process = subprocess.Popen([STSIM, "serve", "--names", "10", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        first = process.stderr.readline()
        self.assertTrue(first.endswith("ready\n"), first)
        return process

    def test_stop(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = self.start("--stats-json", self.stats, "--ca-out", self.ca)
            with open(self.ca, encoding="ascii") as file:
                self.assertTrue(file.read().startswith("-----BEGIN CERTIFICATE-----"))
            with socket.create_connection(("127.3.2.1", 2525)) as smtp, socket.create_connection(("127.3.2.1", 8443)):
                smtp.settimeout(0.5)
                with contextlib.suppress(TimeoutError):
                    smtp.recv(1)  # an address that nobody has may say nothing; by then it was seen
                process.send_signal(number)
                out, err = process.communicate(timeout=LIMIT_SECONDS)
            self.assertEqual((process.returncode, out), (DONE, ""), err)
            self.assertIn("Connections as addresses and networks", err)
            with open(self.stats, encoding="utf-8") as file:
                statistics = json.load(file)
            self.assertEqual((statistics["counts"]["smtp.accepted"], statistics["counts"]["https.accepted"]), (1, 1))

    def test_stats_out(self):
        process = self.start("--stats-json", "-")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, DONE, err)
        self.assertEqual(json.loads(out)["counts"]["dns.queries"], 0)

    def test_cannot(self):
        process = self.start("--stats-json", "/dev/full")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, FAILED)
        self.assertIn("/dev/full: the statistics cannot be written", err)
        status, _, err = stsim("serve", "--names", "10", "--ca-out", "/nowhere/ca.pem")
        self.assertEqual(status, FAILED)
        self.assertIn("/nowhere/ca.pem", err)

    def test_taken(self):
        for option, kind in (("--dns-port", socket.SOCK_DGRAM), ("--dns-port", socket.SOCK_STREAM),
                             ("--https-port", socket.SOCK_STREAM), ("--smtp-port", socket.SOCK_STREAM)):
            with socket.socket(type=kind) as taken:
                taken.bind(("127.0.0.1", 0))
                if kind == socket.SOCK_STREAM:
                    taken.listen()
                port = str(taken.getsockname()[1])
                status, _, err = stsim("serve", "--names", "10", option, port)
            self.assertEqual(status, FAILED, err)
            self.assertIn(f"port {port}", err)
            self.assertIn("address already in use", err.lower())


if __name__ == "__main__":
    run.isolate()
    unittest.main()
