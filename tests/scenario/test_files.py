#!/usr/bin/python3
"""What goes into a scan and what comes beside its records: zone files, shards, the status, metadata and log files."""
import csv
import gzip
import io
import json
import os
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
from programs import ststat  # noqa: E402
from scene import LIMIT_SECONDS, NO_START, STOPPED, USAGE, Scene  # noqa: E402

ZONE = """; the registry of test
$ORIGIN TEST.
$TTL 900
@ IN SOA a.nic.test. b. ( 1 ; serial
   2 3 4 5 )
 NS a.nic.test.
A NS ns1.a
A NS ns2.a
ns1.a A 192.0.2.1
B 3600 IN NS ns1.a
B 86400 DS 1 13 2 ABCD
*.C NS ns1.a
D NS ns1.a
"""
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


class Files(Scene):
    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as file:
            file.write(data)
        return name

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def rows(self, name):
        """Of a CSV file; none where it is not there yet."""
        return list(csv.DictReader(io.StringIO(self.read(name)))) if os.path.exists(self.path(name)) else []

    def domains(self, name):
        """{pos: name, or outcome of a line that is none}, of a scan that was verified."""
        self.verified(self.path(name))
        return {d["pos"]: d.get("name", d["oc"]) for d in check.Scan(self.path(name)).domain.values()}

    # --- input ---

    def test_zone(self):
        expected = {1: "a.test", 2: "b.test", 3: 34, 4: "d.test"}
        self.scan("-f", self.write("plain", ZONE.encode()), "-o", "out")
        self.assertEqual(self.domains("out"), expected)
        self.scan("-f", self.write("packed.gz", gzip.compress(ZONE.encode())), "-o", "packed", "--input-format", "zone")
        self.assertEqual(self.domains("packed"), expected)
        out, _ = self.scan("-f", "-", "-o", "-", stdin=ZONE.encode())
        self.write("stream", out)
        self.assertEqual(self.domains("stream"), expected)

    def test_zone_that_is_none(self):
        self.write("zone", (ZONE + "E NS ns1.a\nF\nG NS ns1.a\n").encode())
        _, err = self.scan("-f", "zone", "-o", "out", status=STOPPED)
        self.assertIn("zone:15: a record without a type", err)
        self.assertEqual(self.domains("out"), {1: "a.test", 2: "b.test", 3: 34, 4: "d.test", 5: "e.test"})

    def test_origin(self):
        self.write("zone", b"A NS ns1\nB NS ns1\n")
        _, err = self.scan("-f", "zone", "--input-format", "zone", "-o", "out", status=STOPPED)
        self.assertIn("zone:1: a relative name, and no origin for it", err)
        self.assertIn("--origin", err)
        self.scan("-f", "zone", "--input-format", "zone", "--origin", "test", "-o", "with")
        self.assertEqual(self.domains("with"), {1: "a.test", 2: "b.test"})

    def test_shards(self):
        self.names(1000)
        with open(self.path("names.txt"), "a", encoding="ascii") as file:
            file.writelines(f"N{i}.Example.\n" for i in range(0, 1000, 7))
            file.writelines(["no name\n", "a..b\n"])
        self.scan("-f", "names.txt", "-o", "whole")
        whole = self.domains("whole")
        self.assertNotIn("  shard ", ststat("summary", self.path("whole"))[1])
        found = {}
        for shard in range(3):
            self.scan("-f", "names.txt", "-o", f"shard{shard}", "--shards", "3", "--shard", str(shard))
            self.assertIn(f"by this shard, {shard} of 3: each of them belongs to it", self.verified(self.path(f"shard{shard}")))
            self.assertIn(f"  shard     {shard} of 3,", ststat("summary", self.path(f"shard{shard}"))[1])
            part = self.domains(f"shard{shard}")
            self.assertFalse(part.keys() & found.keys())
            names = {name for name in part.values() if isinstance(name, str)}
            self.assertFalse(names & set(found.values()), "a name is in two shards")
            self.assertGreater(len(part), len(whole) // 5)
            found |= part
        self.assertEqual(found, whole)

    def test_shard_that_is_none(self):
        _, err = self.scan("a.example", "--shards", "3", "--shard", "3", status=USAGE)
        self.assertIn("--shard: 3 is out of range", err)

    def test_dry_run(self):
        self.write("names", b"a.example\nno name\nb.example\n1..2\n")
        asked = self.responder.n_asked
        out, err = self.scan("-f", "names", "-o", "out", "--dry-run", "--log-file", "log", "--metadata-file", "meta")
        self.assertEqual(err, "")
        self.assertRegex(out.decode(), r"(?s)input names\n +4  positions\n +2  names\n.*NAME_BAD_CHARACTER.*--window 500\n")
        self.assertEqual(os.listdir(self.dir), ["names"])
        self.assertEqual(self.responder.n_asked, asked)
        self.write("zone", b"$ORIGIN test.\nA NS x\nB\n")
        _, err = self.scan("-f", "zone", "--dry-run", status=NO_START)
        self.assertIn("zone:3: ", err)

    # --- files beside the records ---

    def test_status(self):
        self.scan("-f", self.names(2000), "-o", "out", "-u", "status.csv", "--dns-rate", "700", "-q")
        rows = self.rows("status.csv")
        self.assertGreater(len(rows), 1)
        for row in rows:
            self.assertRegex(row["time"], f"^{STAMP}$")
            self.assertEqual(len(row), 11 + int(subprocess.run(["grep", "-c", "^COUNTER(", os.path.join(
                os.environ["SOURCE_DIR"], "scanner", "counters.def")], capture_output=True, check=True).stdout))
            self.assertNotIn(None, row.values())
        self.assertEqual([int(row["names_done"]) for row in rows], sorted(int(row["names_done"]) for row in rows))
        self.assertEqual(rows[-1]["names_done"], "2000")
        self.assertEqual(rows[-1]["in_flight_names"], "0")
        out, _ = self.scan("a.example", "-u", "-")
        self.assertTrue(out.startswith(b"time,elapsed_s,percent,"), out)
        self.assertEqual(len(out.splitlines()), 2)

    def test_metadata(self):
        self.write("names", b"a.example\nno name\nb.example\n")
        self.scan("-f", "names", "-o", "out", "--metadata-file", "meta.json", "--seed", "18446744073709551615")
        meta = json.loads(self.read("meta.json"))
        self.assertRegex(meta["start"], f"^{STAMP}$")
        self.assertLessEqual(meta["start"], meta["end"])
        self.assertEqual(meta["complete"], True)
        self.assertEqual(meta["reason"], "")
        self.assertEqual(meta["seed"], "18446744073709551615")
        self.assertEqual(meta["options"]["window"], "500")
        self.assertEqual(meta["resolvers"], [self.responder.servers])
        self.assertEqual(meta["counts"]["domain"], {"OK": 2, "NAME_BAD_CHARACTER": 1})
        self.assertEqual(meta["positions"], 3)
        self.assertEqual({key: meta["input"][key] for key in ("name", "positions_read", "positions_of_shard", "no_names")},
                         {"name": "names", "positions_read": 3, "positions_of_shard": 3, "no_names": 1})
        self.assertEqual(meta["input"]["sha256"], subprocess.run(["sha256sum", self.path("names")], capture_output=True, text=True,
                                                                check=True).stdout.split()[0])
        self.assertEqual(meta["queries"], meta["counters"]["queries"])
        self.assertGreater(meta["queries"], 1)
        self.assertEqual(sorted(os.listdir(self.dir)), ["meta.json", "names", "out"])
        out, _ = self.scan("a.example", "--metadata-file", "-", "-q")
        self.assertEqual(json.loads(out)["positions"], 1)

    def test_log(self):
        _, err = self.scan("-f", self.names(10), "-o", "out", "-l", "log", "-v")
        self.scan("a.example", "-o", "two", "-l", "log", "-q")
        _, bad = self.scan("-f", "none", "-o", "three", "-l", "log", status=NO_START)
        lines = self.read("log").splitlines()
        for line in lines:
            self.assertRegex(line, f"^{STAMP} ")
        bare = [line.split(" ", 1)[1] for line in lines]
        shown = [line for line in err.splitlines() if "names/sec; " not in line or "Scan Complete" in line]
        self.assertEqual(bare[:len(shown)], shown)
        self.assertEqual(len([line for line in bare if "Scan Complete" in line]), 2)
        self.assertEqual(bare[-1], bad.strip())

    def test_files_that_cannot_be(self):
        os.mkdir(self.path("dir"))
        for args, word in ((("-u", "no/such"), "no/such: cannot write: No such file"), (("-l", "no/such"), "no/such: cannot open"),
                           (("--metadata-file", "no/such"), "no/such.new: cannot write"),
                           (("--metadata-file", "dir"), "dir: is a directory"), (("-u", "/dev/full"), "No space left")):
            with self.subTest(args=args):
                _, err = self.scan("a.example", "-o", "out", *args, status=NO_START)
                self.assertIn(word, err)
                self.assertEqual(os.listdir(self.dir), ["dir"])
        for args in (("-o", "-", "-u", "-"), ("-u", "-", "--metadata-file", "-"), ("-o", "-", "--metadata-file", "-"), ("-l", "-")):
            with self.subTest(args=args):
                self.scan("a.example", *args, status=USAGE)

    def start(self, *args):
        """A scan that does not end by itself."""
        self.names(20, "slow-")
        process = subprocess.Popen(self.command("-f", "names.txt", "-o", "out", "--dns-timeout", "600s", "--dns-deadline", "1h",
                                                "--grace", "0", *args), stderr=subprocess.PIPE, cwd=self.dir,
                                   bufsize=0)  # communicate() does not see what readline() holds back
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.kill)
        return process

    def test_files_that_fail_later(self):
        os.mkfifo(self.path("status"))
        os.mkfifo(self.path("log"))
        process = self.start("-u", "status", "-l", "log", "--metadata-file", "meta")
        with open(self.path("log"), "rb"), open(self.path("status"), "rb") as status:
            self.assertTrue(status.readline().startswith(b"time,"))
        seen = b""
        while b"status: cannot write: Broken pipe; the scan goes on without it" not in seen:
            line = process.stderr.readline()
            self.assertTrue(line, seen)
            seen += line
        os.mkdir(self.path("meta"))
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=LIMIT_SECONDS)
        seen += rest
        self.assertEqual(process.returncode, STOPPED, seen)
        self.assertEqual(seen.count(b"log: cannot write: Broken pipe; messages go on without it"), 1, seen)
        self.assertEqual(seen.count(b"the scan goes on without it"), 1, seen)
        self.assertIn(b"meta.new: cannot rename: ", seen)
        self.verified(self.path("out"))
        self.assertEqual(sorted(os.listdir(self.dir)), ["log", "meta", "names.txt", "out", "status"])

    # --- ends ---

    def test_max_runtime(self):
        process = self.start("--max-runtime", "1s", "--metadata-file", "meta.json", "-q")
        _, err = process.communicate(timeout=LIMIT_SECONDS)
        self.assertEqual(process.returncode, STOPPED, err)
        self.assertIn(b"--max-runtime reached", err)
        self.assertIn("stopped before its end, --max-runtime reached", self.verified(self.path("out")))
        meta = json.loads(self.read("meta.json"))
        self.assertEqual((meta["complete"], meta["reason"]), (False, "--max-runtime reached"))

    def test_stop_while_waiting_for_input(self):
        process = subprocess.Popen(self.command("-f", "-", "-o", "out", "-u", "status"), stdin=subprocess.PIPE,
                                   stderr=subprocess.PIPE, cwd=self.dir)
        process.stdin.write(b"a.example\n")
        process.stdin.flush()
        limit = time.monotonic() + LIMIT_SECONDS
        while not any(row["names_done"] == "1" for row in self.rows("status")):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        process.wait(timeout=LIMIT_SECONDS)
        err = process.stderr.read().decode()
        process.stdin.close()
        process.stderr.close()
        self.assertEqual(process.returncode, STOPPED, err)
        self.assertNotIn("reading", err)
        self.assertEqual(self.domains("out"), {1: "a.example"})


if __name__ == "__main__":
    lab.isolate()
    unittest.main()
