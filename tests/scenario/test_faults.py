#!/usr/bin/python3
"""Faults of our own in the middle of a scan of the simulated internet: it says what happened and what to do, blames nobody, and its
records, gone on with where it stopped, are those of a scan that nobody disturbed (tests/FAULTS.md)."""
import errno
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
from answers import A, MX, Answers  # noqa: E402
from connections import is_connected  # noqa: E402
from programs import program, ststat  # noqa: E402
from undisturbed import DONE, LIMIT_SECONDS, NO_START, OUTPUT, World  # noqa: E402

NAMES = 200
DEADLINE_SECONDS = 5
SUSPENDED_SECONDS = 65 if "--full" in sys.argv else 8
HOUR = 3600
PRELOAD = os.environ["FAULTS_LIBRARY"]
PACE = ("--connect-rate", "40")
NO_STARTTLS, STALL = 67, 115


def preload(**what):
    """The library comes before the sanitizer's, which otherwise minds."""
    return {"LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0", **what}


class Impatient(threading.Thread):
    """An MX host without STARTTLS that greets, and says 421 to who says nothing for a while."""
    PATIENCE_SECONDS = 2

    def __init__(self, address, port):
        super().__init__(daemon=True)
        self.socket = socket.create_server((address, port))
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=[peer], daemon=True).start()

    def talk(self, peer):
        peer.settimeout(self.PATIENCE_SECONDS)
        with peer:
            try:
                time.sleep(1)
                peer.sendall(b"220 mx ESMTP\r\n")
                while line := peer.recv(1000):
                    peer.sendall(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 mx\r\n")
            except TimeoutError:
                peer.sendall(b"421 you are too slow\r\n")


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        cls.world = World(NAMES, DEADLINE_SECONDS, latency=0.5)  # so that much is in flight
        cls.world.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def scan(self, *options, environment=None, suffix=""):
        return self.world.scan(self.id().rpartition(".")[2] + suffix, *PACE, *options, environment=environment)

    def unstarted(self):
        """A scan, and the command that begins it."""
        scan = self.scan(suffix="-unstarted")
        scan.process.kill()
        scan.end(-signal.SIGKILL)
        subprocess.run(["rm", "-rf", scan.run.path("scan")], check=True)
        return scan, scan.run.stscan()

    def stopped(self, scan, words):
        """It stopped at once, said why and what to do, and goes on."""
        said = scan.end(OUTPUT)
        self.assertRegex(said, rf"stscan: \S+/scan/part-\d+\.msgpack\.zst: {words}\n")
        self.assertIn(f"to go on when it can be written again: stscan --resume {scan.run.path('scan')}", said)
        self.assertNotIn("holds", said)
        scan.resume()
        self.assertEqual(scan.wrong(), [])

    # --- descriptors ---

    def limited(self, hard, *options):
        command = [program("STSCAN"), *options]
        return subprocess.run(["prlimit", f"--nofile={min(hard, 64)}:{hard}", *command], capture_output=True, text=True,
                              timeout=LIMIT_SECONDS, check=False)

    def test_few_descriptors(self):
        """The soft limit is raised, and what the hard one leaves room for is said."""
        scan, command = self.unstarted()
        command.remove("--quiet")
        done = self.limited(90, *command[1:], "--max-connections", "3000", "--connect-rate", "0")
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("--max-connections lowered from 3000 to 45: the limit of open files is 90; raise it with ulimit -n", done.stderr)
        self.assertEqual(scan.wrong(), [])

    def test_hardly_any_descriptors(self):
        done = self.limited(12, "-f", "/dev/null", "-o", os.path.join(self.world.dir, "no"), "-T", "8", "--name-servers", "127.0.0.1:5300",
                            "--lab", "127.0.0.0/8", "--ignore-preflight", "--no-starttls", "--fetch-policy", "never")
        self.assertEqual(done.returncode, NO_START, done.stderr)
        self.assertRegex(done.stderr, "too many open files; raise the limit with ulimit -n, or use fewer --threads")

    def test_descriptors_run_out(self):
        """A limit below what is in use: what would connect waits."""
        scan = self.scan("--connect-rate", "0", "--max-connections", "400", "--dns-rate", "400")
        scan.until("endpoints_done", 1)
        subprocess.run(["prlimit", f"--pid={scan.process.pid}", "--nofile=32"], check=True)
        self.assertRegex(scan.end(), r"no file descriptor is left: --max-connections lowered to \d+; what would connect waits")
        self.assertEqual(scan.blamed(), [])
        scan.resume("--retry", "inconclusive")  # questions by TCP do not wait
        self.assertEqual(scan.wrong(), [])

    def test_no_descriptor_for_the_next_part(self):
        """A part is full, and the limit below what is in use meanwhile; names still have their answers."""
        scan = self.scan("--dns-rate", "200", "--part-size", "2K", "--flush-seconds", "1")
        scan.until("names_done", 20)
        subprocess.run(["prlimit", f"--pid={scan.process.pid}", "--nofile=4"], check=True)
        said = scan.end(OUTPUT)
        self.assertRegex(said, r"stscan: \S+/scan/part-\d+\.msgpack\.zst: cannot create: Too many open files\n")
        self.assertIn(f"to go on when it can be written again: stscan --resume {scan.run.path('scan')}", said)
        self.assertEqual(scan.blamed(), [])
        scan.resume("--retry", "inconclusive")
        self.assertEqual(scan.wrong(), [])

    # --- the disk ---

    def test_records_cannot_be_written(self):
        """A used-up quota, a disk that fails at once or at the flush, a limit of the size of files. (A full one: test_resume.py.)"""
        faults = {"cannot write: Disk quota exceeded": {"FAULT_WRITE": f"{errno.EDQUOT}:8000"},
                  "cannot write: Input/output error": {"FAULT_WRITE": f"{errno.EIO}:8000"},
                  "cannot flush to disk: Input/output error": {"FAULT_FSYNC": f"{errno.EIO}:3"},
                  "cannot write: File too large": {}}
        scans = [self.scan(suffix=f"-{i}", environment=preload(**fault) if fault else None) for i, fault in enumerate(faults.values())]
        subprocess.run(["prlimit", f"--pid={scans[-1].process.pid}", "--fsize=10000"], check=True)
        for scan, words in zip(scans, faults):
            with self.subTest(words):
                self.stopped(scan, words)

    # --- pipes ---

    def test_output_pipe_is_closed(self):
        _, command = self.unstarted()
        command[command.index("-o") + 1] = "-"
        del command[command.index("--metadata-file"):][:2]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(1)
        process.stdout.close()
        said = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(LIMIT_SECONDS), OUTPUT, said)
        self.assertIn("standard output: cannot write: Broken pipe", said)

    def test_export_into_head(self):
        path = os.path.join(self.world.dir, "undisturbed", "scan")
        process = subprocess.Popen([program("STSTAT"), "export", path], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.read(1)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        process.wait(LIMIT_SECONDS)

    # --- time ---

    def test_clock_is_set(self):
        """Forward by an hour, then back by two."""
        offset = os.path.join(self.world.dir, "offset")
        began = time.time()
        scan = self.scan("--dns-rate", "300", environment=preload(FAULT_CLOCK=offset))
        for seconds, least in ((HOUR, 3), (-HOUR, 40)):
            scan.until("endpoints_done", least)
            with open(offset + ".new", "w", encoding="ascii") as file:
                file.write(str(seconds))
            os.rename(offset + ".new", offset)
        scan.end()
        lasted_ms = (time.time() - began) * 1000
        self.assertEqual(scan.wrong(), [])
        with open(scan.run.path("status.csv"), encoding="ascii") as file:  # the steps were seen
            days = re.findall(r"^(\d{4}-\d\d-\d\dT\d\d)", file.read(), re.M)
        self.assertGreaterEqual(len(set(days)), 3, days)
        self.sane(scan, began * 1000, lasted_ms)

    def sane(self, scan, began_ms, lasted_ms):
        found = check.Scan(scan.run.path("scan"))
        kinds = {kind: record for part in found.stream for kind, record in part}
        start, end = kinds["scan"]["start"], kinds["end"]["end"]
        self.assertTrue(began_ms - 2000 <= start <= end <= began_ms + lasted_ms + 2000, (began_ms, start, end, lasted_ms))
        for table in (found.endpoint, found.policy):
            for record in table.values():
                for attempt in record.get("att", []):
                    self.assertTrue(0 <= attempt.get("t", 0) + attempt.get("ms", 0) <= lasted_ms, record)
        with open(scan.run.path("metadata.json"), encoding="utf-8") as file:
            meta = json.load(file)
        self.assertLessEqual(meta["start"], meta["end"])

    def impatient(self):
        """A scan of one host that hangs up on who is silent, when it is connected."""
        server = Answers({("a.test", MX): "mx.a.test", ("mx.a.test", A): "127.9.9.9"}, port=5399)
        self.addCleanup(server.close)
        peer = Impatient("127.9.9.9", 2599)
        self.addCleanup(peer.socket.close)
        self.out = os.path.join(self.world.dir, "impatient")
        process = subprocess.Popen(
            [program("STSCAN"), "-o", self.out, "--name-servers", server.servers, "--lab", "127.0.0.0/8", "--ehlo-name", "lab.test",
             "--smtp-port", "2599", "--per-ip-interval", "0", "--attempts", "1", "--control-rate", "0", "-q", "a.test"],
            stdout=subprocess.DEVNULL)
        limit = time.monotonic() + LIMIT_SECONDS
        while not is_connected("127.9.9.9", 2599):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.01)
        return process

    def test_suspended(self):
        """For longer than every deadline; a peer hung up meanwhile, and says why: its words are there when the scan wakes."""
        scan = self.scan("--dns-rate", "300")
        scan.until("endpoints_done", 3)
        other = self.impatient()
        for process in (scan.process, other):
            process.send_signal(signal.SIGSTOP)
        time.sleep(SUSPENDED_SECONDS * self.world.wait)
        for process in (scan.process, other):
            process.send_signal(signal.SIGCONT)
        scan.end()
        self.assertEqual(scan.wrong(), [])
        self.assertEqual(other.wait(LIMIT_SECONDS), DONE)
        status, text, error = ststat("verify", self.out)
        self.assertEqual(status, 0, text + error)
        endpoint, = check.Scan(self.out).endpoint.values()
        self.assertEqual([a["oc"] for a in endpoint["att"]], [STALL, NO_STARTTLS])


if __name__ == "__main__":
    lab.isolate()
    unittest.main(argv=[word for word in sys.argv if word != "--full"])
