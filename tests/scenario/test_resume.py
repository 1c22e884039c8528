#!/usr/bin/python3
"""stscan --resume: a scan that was killed, stopped, or ran out of disk goes on; what cannot go on is refused with the reason.

Names that begin slow- get no answer until they are let go: a scan of them is in the middle until then."""
import csv
import os
import random
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import frames  # noqa: E402
import lab  # noqa: E402
from programs import program, ststat  # noqa: E402
from scene import DONE, LIMIT_SECONDS, NO_START, OUTPUT, STOPPED, USAGE, Scene  # noqa: E402

FAST, SLOW = 300, 20  # names
DOMAIN, HOST = 2, 3  # kinds of records
PATIENT = ("--flush-seconds", "1", "--grace", "0", "--dns-timeout", "10m", "--dns-deadline", "1h", "--control-rate", "0")


class Resume(Scene):
    def setUp(self):
        super().setUp()
        self.responder.holds = True
        self.addCleanup(setattr, self.responder, "holds", True)

    def path(self, name):
        return os.path.join(self.dir, name)

    def parts(self):
        return sorted(os.path.join(self.path("out"), name) for name in os.listdir(self.path("out")))

    def until(self, what, condition, process=None):
        limit = time.monotonic() + LIMIT_SECONDS
        while not condition():
            ended = process is not None and process.poll() is not None
            self.assertTrue(time.monotonic() < limit and not ended, f"waited for: {what}")
            time.sleep(0.05)

    def export(self, out="out"):
        status, rows, err = ststat("export", "--no-times", "--table", "domains", self.path(out))
        self.assertEqual(status, 0, err)
        return rows.splitlines()

    def n_written(self):
        """As far as it can be read by now."""
        status, rows, _ = ststat("export", "--no-times", "--table", "domains", self.path("out"))
        return len(rows.splitlines()) if status == 0 else 0

    def start(self, *command, **options):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=self.dir, **options)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def names_file(self, fast=FAST):
        with open(self.path("names"), "w", encoding="ascii") as file:
            file.writelines(f"n{i}.example\n" for i in range(fast))
            file.writelines(f"slow-{i}.example\n" for i in range(SLOW))

    def begin(self, *options, fast=FAST):
        """A scan of which all but the slow names is on disk."""
        self.names_file(fast)
        process = self.start(*self.command("-f", "names", "-o", "out", *PATIENT, *options))
        self.until(f"{fast} records on disk", lambda: self.parts_are_there() and self.n_written() == fast, process)
        return process

    def parts_are_there(self):
        return os.path.isdir(self.path("out")) and any(os.path.getsize(part) for part in self.parts())

    def end(self, process, *signals, status=STOPPED):
        for number in signals:
            process.send_signal(number)
        self.assertEqual(process.wait(timeout=LIMIT_SECONDS), status)
        return process.stderr.read().decode()

    def kill(self, process):
        return self.end(process, signal.SIGKILL, status=-signal.SIGKILL)

    def killed(self, *options, **more):
        self.kill(self.begin(*options, **more))

    def resume(self, *options, status=DONE):
        done = subprocess.run([program("STSCAN"), "--resume", "out", *options], capture_output=True, timeout=LIMIT_SECONDS,
                              check=False, cwd=self.dir)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stderr.decode()

    def finish(self, *options):
        """What the resumed scan says; it is then as one that nobody disturbed."""
        self.responder.holds = False
        said = self.resume(*options)
        self.verified(self.path("out"))
        if not os.path.isdir(self.path("reference")):
            self.scan("-f", "names", "-o", "reference", "--control-rate", "0")
        self.assertEqual(self.export(), self.export("reference"))
        return said

    # --- what goes on ---

    def test_killed(self):
        self.killed()
        said = self.finish()
        self.assertIn(f"out goes on: {FAST} names have their record", said)
        self.assertEqual(len(self.parts()), 2)

    def test_stopped(self):
        for what, signals in (("once", [signal.SIGINT]), ("twice", [signal.SIGTERM, signal.SIGTERM])):
            with self.subTest(what):
                subprocess.run(["rm", "-rf", self.path("out")], check=True)
                self.responder.holds = True
                said = self.end(self.begin(), *signals)
                self.assertIn("to go on: stscan --resume out", said)
                self.assertIn(f"{FAST + SLOW} names have their record, {SLOW} of them are asked again", self.finish())

    def test_finished(self):
        self.responder.holds = False
        self.names_file()
        self.scan("-f", "names", "-o", "out")
        before = [os.stat(part).st_mtime_ns for part in self.parts()]
        self.assertIn("out: this scan is finished", self.resume())
        self.assertEqual([os.stat(part).st_mtime_ns for part in self.parts()], before)

    def test_three_times(self):
        self.killed()
        for i in range(3):
            process = self.start(program("STSCAN"), "--resume", "out")
            self.until("the next part", lambda n=i: len(self.parts()) == n + 2 and os.path.getsize(self.parts()[-1]) > 0, process)
            self.kill(process)
        self.finish()
        self.assertEqual(len(self.parts()), 5)

    def test_stopped_again_and_again(self):
        """A record that supersedes is superseded in its turn."""
        self.end(self.begin(), signal.SIGINT)
        for _ in range(2):
            asked = self.responder.n_asked
            process = self.start(program("STSCAN"), "--resume", "out")
            self.until("names in flight", lambda n=asked: self.responder.n_asked >= n + SLOW, process)
            self.end(process, signal.SIGINT)
            self.verified(self.path("out"))
        self.finish()
        attempts = {d.get("attempt", 0) for d in check.Scan(self.path("out")).domain.values() if d["name"].startswith("slow-")}
        self.assertEqual(attempts, {3})

    def test_torn(self):
        self.killed()
        part = self.parts()[-1]
        size = os.path.getsize(part) - 5
        os.truncate(part, size)
        said = self.finish()
        found = re.search(r"out/part-000001\.msgpack\.zst: dropped (\d+) bytes at offset (\d+), a torn tail", said)
        self.assertTrue(found, said)
        self.assertEqual(int(found[1]) + int(found[2]), size)
        self.assertEqual(os.path.getsize(part), int(found[2]))

    def test_full_disk(self):
        out = os.path.join(self.mount("size=200k"), "out")
        os.mkdir(out)
        os.symlink(out, self.path("out"))
        self.responder.holds = False
        moments = random.Random(1)
        with open(self.path("names"), "w", encoding="ascii") as file:
            file.writelines(f"{moments.getrandbits(128):x}.example\n" for _ in range(20000))
        _, err = self.scan("-f", "names", "-o", "out", "--flush-seconds", "1", "--control-rate", "0", status=OUTPUT)
        self.assertIn("to go on when it can be written again: stscan --resume out", err)
        self.resume(status=OUTPUT)
        subprocess.run(["mount", "-o", "remount,size=20m", os.path.dirname(out)], check=True)
        self.finish()

    def test_max_runtime(self):
        """Each run has its own."""
        self.names_file()
        process = self.start(*self.command("-f", "names", "-o", "out", *PATIENT, "--max-runtime", "1s"))
        self.assertIn("--max-runtime reached", self.end(process))
        began = time.monotonic()
        self.assertIn("--max-runtime reached", self.resume(status=STOPPED))
        self.assertGreater(time.monotonic() - began, 1)
        self.finish("--max-runtime", "0")

    # --- options ---

    def test_rates(self):
        self.killed()
        self.responder.holds = False
        began = time.monotonic()
        self.finish("--dns-rate", "10", "--window", "400")
        self.assertGreater(time.monotonic() - began, SLOW / 10 / 2)
        scans = [record for part in check.Scan(self.path("out")).stream for kind, record in part if kind == "scan"]
        options = [{option["n"]: option["v"] for option in scan["options"]} for scan in scans]
        self.assertEqual([o["dns-rate"] for o in options], ["0", "10"])
        self.assertEqual([o["window"] for o in options], ["500", "400"])
        self.assertEqual([o["threads"] for o in options], ["2", "2"])

    def test_fixed(self):
        self.killed("--seed", "7")
        for options, why in ((("--records", "mx"), "all names of a scan are measured alike; it was mx,sts,rpt,dmarc,spf,a"),
                             (("--smtp-port", "26"), "all names of a scan are measured alike; it was 25"),
                             (("--keep-txt",), "all names of a scan are measured alike"),
                             (("--seed", "8"), "were made with that of the scan; it was 7"),
                             (("--shards", "2"), "those of this reading of the input"),
                             (("--lab", "127.0.0.0/9"), "settled when the scan began; it was 127.0.0.0/8"),
                             (("-o", "other"), "the scan goes on in its own directory")):
            said = self.resume(*options, status=USAGE)
            self.assertIn(f"{options[0].replace('-o', '--output')} cannot change with --resume: ", said)
            self.assertIn(why, said)
        for options in (("a.example",), ("--dry-run",), ("--preflight",)):
            self.assertIn("--resume", self.resume(*options, status=USAGE))
        self.assertEqual(len(self.parts()), 1)
        self.finish("--seed", "7", "--no-starttls", "--lab", "127.0.0.0/8", "-o", "out")

    def test_retry_alone(self):
        _, err = self.scan("a.example", "--retry", "inconclusive", status=USAGE)
        self.assertIn("--resume", err)

    # --- input ---

    def test_other_input(self):
        self.killed()
        with open(self.path("names"), "a", encoding="ascii") as file:
            file.write("more.example\n")
        self.assertRegex(self.resume(status=NO_START), r"names is not the input of this scan: it has \d+ bytes, that had \d+")
        self.names_file()
        with open(self.path("names"), "r+", encoding="ascii") as file:
            file.write("N")
        self.assertIn("its size is the same, its first or last 64 KiB are not", self.resume(status=NO_START))
        os.unlink(self.path("names"))
        self.assertIn("names: ", self.resume(status=NO_START))
        self.assertEqual(len(self.parts()), 1)
        self.names_file()
        os.rename(self.path("names"), self.path("moved"))
        self.responder.holds = False
        self.resume("--input-file", "moved")
        self.verified(self.path("out"))
        self.assertEqual(self.n_written(), FAST + SLOW)

    def test_standard_input(self):
        process = self.start(*self.command("-f", "-", "-o", "out", *PATIENT), stdin=subprocess.PIPE)
        process.stdin.write(b"a.example\nslow-a.example\n")
        process.stdin.close()
        self.assertIn(b"standard input cannot be read again: if this scan stops early, --resume", process.stderr.readline())
        self.until("a record", lambda: self.parts_are_there() and self.n_written() == 1, process)
        self.assertNotIn("stscan --resume", self.end(process, signal.SIGINT))
        self.assertIn("the names of this scan came from standard input", self.resume(status=USAGE))

    def test_names_of_the_command_line(self):
        process = self.start(*self.command("a.example", "slow-a.example", "-o", "out", *PATIENT))
        self.until("a record", lambda: self.parts_are_there() and self.n_written() == 1, process)
        self.kill(process)
        self.assertIn("the names of this scan came from the command line", self.resume(status=USAGE))

    # --- the directory ---

    def test_lock(self):
        process = self.begin()
        words = "out: another stscan is writing here"
        self.assertIn(words, self.scan("-f", "names", "-o", "out", status=OUTPUT)[1])
        self.assertIn(words, self.resume(status=NO_START))
        self.kill(process)
        self.finish()

    def test_no_scan(self):
        self.resume(status=NO_START)
        os.mkdir(self.path("out"))
        self.assertIn("out: ", self.resume(status=NO_START))

    def test_killed_at_the_start(self):
        """The scan record alone; a piece of it; an empty part."""
        self.damaged.add("out")  # nothing whole is left at the end
        self.names_file(0)
        process = self.start(*self.command("-f", "names", "-o", "out", *PATIENT))
        self.until("the scan record", self.parts_are_there, process)
        self.kill(process)
        part, = self.parts()
        size = os.path.getsize(part)
        with open(part, "rb") as file:
            whole = file.read()
        self.assertIn("0 names have their record", self.finish())
        for left, why in ((size - 1, "its first frame is not whole"), (10, "no frame of a scan at offset 0"), (0, "is empty")):
            for extra in self.parts()[1:]:
                os.unlink(extra)
            with open(part, "wb") as file:
                file.write(whole[:left])
            self.assertIn(f"out/part-000001.msgpack.zst: {why}", said := self.resume(status=NO_START), left)
            self.assertIn("scan anew", said)
            self.assertEqual([os.path.getsize(p) for p in self.parts()], [left])

    def test_damage(self):
        self.damaged.add("out")
        self.killed()
        part = self.parts()[0]
        before = os.path.getsize(part)
        with open(part, "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 0x55]))
        said = self.resume(status=NO_START)
        self.assertRegex(said, r"out/part-000001\.msgpack\.zst: .*offset \d+")
        self.assertIn("--skip-bad-frames", said)
        self.assertEqual((len(self.parts()), os.path.getsize(part)), (1, before))

    def test_records_of_a_later_version(self):
        """Of kinds that are not known yet: among others and in a frame of their own. They are passed over, and stay."""
        self.killed()
        foreign = b"\x82\xa1k\x09\xa1x\x01"  # k: 9, x: 1
        part = self.parts()[-1]
        os.truncate(part, frames.whole_bytes(part))
        with open(part, "ab") as file:
            file.write(frames.frame(DOMAIN, foreign) + frames.frame(HOST, foreign, foreign) + frames.frame(9, foreign))
        said = self.finish()
        self.assertIn("out: passed over 4 records of kinds that only a later version knows", said)
        self.assertIn(f"out goes on: {FAST} names have their record", said)
        self.assertIn("passed over   4 records", self.verified(self.path("out")))

    # --- files beside the records ---

    def test_files(self):
        self.killed("-l", "log", "-u", "status.csv", "--metadata-file", "metadata")
        with open(self.path("log"), encoding="utf-8") as file:
            log = file.read()
        with open(self.path("status.csv"), encoding="utf-8") as file:
            status = file.read()
        self.finish()
        with open(self.path("log"), encoding="utf-8") as file:
            longer = file.read()
        self.assertTrue(longer.startswith(log))
        self.assertIn("out goes on: ", longer[len(log):])
        with open(self.path("status.csv"), encoding="utf-8") as file:
            self.assertTrue(file.read().startswith(status))
            file.seek(0)
            rows = list(csv.reader(file))
        self.assertEqual([row[0] for row in rows].count("time"), 1)
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        with open(self.path("metadata"), encoding="utf-8") as file:
            self.assertIn(f'"positions": {FAST + SLOW}', file.read())


if __name__ == "__main__":
    lab.isolate()
    unittest.main()
