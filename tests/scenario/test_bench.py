#!/usr/bin/python3
"""./dev bench: every row can be loaded and says what it is, a small one runs, and what is written follows from what was
measured. Nothing is timed."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
BENCH = os.path.join(HERE, "..", "..", "bench")
sys.path.insert(0, BENCH)
import bench  # noqa: E402
import lib  # noqa: E402
import projection  # noqa: E402
import results  # noqa: E402
import saved  # noqa: E402

LIMIT_SECONDS = 120


def command(*words):
    done = subprocess.run([sys.executable, os.path.join(BENCH, "bench.py"), *words], capture_output=True, text=True,
                          timeout=LIMIT_SECONDS, check=False)
    return done.returncode, done.stdout, done.stderr


def sample(cpu_us, **more):
    return lib.Sample(cpu_us, cpu_us, 0, 1.0, 500.0, **more)


def result(row, **more):
    found = lib.Result(**more)
    found.profiles = []
    return bench.settle("row", row, found, {})


class Row:
    """A row."""
    TITLE, UNIT, GOAL, STRETCH = "a|b", "us CPU a name", 1.5, 1.0


class Command(unittest.TestCase):
    def test_rows(self):
        known = bench.rows([])
        for name, row in known.items():
            self.assertTrue(row.__doc__ and row.TITLE and row.UNIT and callable(row.run), name)
            self.assertTrue(row.GOAL is None or row.GOAL >= (row.STRETCH or 0), name)
        status, out, _ = command("--list")
        self.assertEqual((status, [line.split()[0] for line in out.splitlines()]), (0, list(known)))

    def test_order(self):
        """Who reads figures comes behind those who make them, and brings them along."""
        for names in (list(bench.rows(["zone_all"])), list(bench.rows([]))):
            self.assertGreater(names.index("zone_all"), max(names.index(name) for name in ("https", "starttls")))

    def test_refused(self):
        for words, more in ((("nope",), "no row nope"), (("--write", "--earlier", "x"), "x: not what --json has written")):
            status, _, err = command(*words)
            self.assertEqual(status, 1)
            self.assertIn(more, err)

    def test_small(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "found.json")
            status, out, err = command("nxdomain", "--scale", "0.0005", "--runs", "1", "--json", path)
            self.assertEqual((status, err), (0, ""))
            with open(path, encoding="utf-8") as file:
                found = json.load(file)["results"][0]
        self.assertIn("for 500 names", found["note"])
        self.assertGreater(found["ours"], 0)
        self.assertGreater(found["samples"]["ours"][0]["traffic"], 500 * 2 * 60)
        self.assertIn("us CPU a name", out)


class Apart(unittest.TestCase):
    def test_memory(self):
        """What a row needs itself is not taken for the need of what later rows start."""
        def peak():
            return lib.resource.getrusage(lib.resource.RUSAGE_SELF).ru_maxrss
        before = peak()
        self.assertGreater(bench.apart(lambda: (bytearray(64 << 20), peak())[1]), before + (32 << 10))
        self.assertLess(bench.apart(peak), before + (32 << 10))

    def test_ended(self):
        with self.assertRaises(lib.Error):
            bench.apart(lambda: os.kill(os.getpid(), signal.SIGKILL))


class Figures(unittest.TestCase):
    def test_compare(self):
        """The median of the pairs' ratios, not the ratio of the medians."""
        pairs = {"ours": [sample(1), sample(4), sample(9)], "peer": [sample(1), sample(2), sample(1)]}
        found = lib.compare(pairs, "ours", "peer")
        self.assertEqual((found.ours, found.peer, found.ratio), (4, 1, 2))
        with self.assertRaises(lib.Error):
            lib.compare({"ours": [sample(1)], "peer": [sample(0)]}, "ours", "peer")

    def test_verdict(self):
        for more, words in (({"ours": 3, "peer": 2}, "met"), ({"ours": 2, "peer": 2}, "met, stretch too"),
                            ({"ours": 4, "peer": 2}, "falls short"), ({"ours": 1.4}, "met"), ({"ours": 1.6}, "falls short"),
                            ({"ours": 9, "goal": None}, ""), ({"ours": None, "skipped": "not here"}, "")):
            self.assertEqual(bench.verdict(result(Row, **more)), words)

    def test_projection(self):
        """72 h of computing on two cores, 100 h of queries, 50 h of connections: the longest counts."""
        f = {"us": 72 * 3600e6 / 390e6, "queries": 20000 * 100 * 3600 / 390e6, "probes": 500 * 50 * 3600 / 390e6, "fetches": 0,
             "disk": 1000, "traffic": 1e4}
        self.assertAlmostEqual(projection.wall_seconds(390e6, f, 20000) / 3600, 100)
        self.assertAlmostEqual(projection.wall_seconds(390e6, f, 100000) / 3600, 50)
        self.assertAlmostEqual(projection.wall_seconds(390e6, {**f, "probes": 0}, 100000) / 3600, 36)
        rows = projection.ours({f"zone_all_{what}": value for what, value in f.items()})
        self.assertEqual(rows[-1][0], "390 M, all registered names")
        self.assertEqual(rows[-1][4:], ["72 h", "41.7 days", "4.17 days", "50 h", "3.9 TB", "390 GB"])
        self.assertEqual(len(rows), 3)

    def test_text(self):
        """Each row is told, whatever became of it; the table stays one."""
        measured = [result(Row, ours=3, peer=2, peer_name="bare", samples={"ours": [sample(3)], "bare": [sample(2)]}, note="so"),
                    result(Row, ours=None, skipped="not here")]
        this = lib.Bench(5, 0.5)
        self.addCleanup(this.close)
        text = results.text(this, {"row": Row}, "", saved.Saved(measured, ["uv 1"]), bench.verdict)
        self.assertIn("| row | a\\|b | 3 us CPU a name | 2 (bare) | 1.500 | 1.5 | 1 | met |", text)
        self.assertIn("| row | a\\|b | skipped |", text)
        self.assertIn("at --scale 0.5: a small run", text)
        self.assertIn("not here", text)
        self.assertNotIn("None", text)

    def test_earlier(self):
        """A row that is measured again takes the place of that of an earlier run; the others stay as they were."""
        measured = {"version": "v1", "runs": 5, "scale": 1, "machine": "another"}

        def named(name, **more):
            return bench.settle(name, Row, result(Row, **more), measured)
        this = lib.Bench(5, 1)
        self.addCleanup(this.close)
        old = [named("a", ours=3, peer=2, peer_name="bare", samples={"ours": [sample(3)]}, figures={"a_us": 3}, note="so"),
               named("b", ours=7, figures={"b_us": 7}), named("c", ours=None, skipped="not here")]
        old[0].profiles = ["libc 9 %"]
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "old.json")
            saved.write(path, saved.Saved(old, ["uv 1"]))
            earlier = saved.read(path)
        measured = {**measured, "runs": 7}
        every = saved.together([earlier, earlier], saved.Saved([named("b", ours=8)], []))
        found, words = every.results, saved.said(every.results, measured)
        self.assertIn("5 runs, --scale 1: a, c.", words)
        self.assertIn("on another", saved.said(every.results, {**measured, "machine": "this"}))
        self.assertEqual([(r.row, r.ours) for r in found], [("a", 3), ("b", 8), ("c", None)])
        self.assertEqual(found[0].figures, {"a_us": 3})
        text = results.text(this, dict.fromkeys("abcd", Row), words, every, bench.verdict)
        self.assertIn("uv 1", text)
        self.assertIn("Not measured: d.", text)
        self.assertIn("| a | a\\|b | 3 us CPU a name | 2 (bare) | 1.500 | 1.5 | 1 | met |", text)
        self.assertIn("libc 9 %", text)

    def test_elsewhere(self):
        """What was measured on another system has a table of its own, and says with what."""
        this = lib.Bench(5, 1)
        self.addCleanup(this.close)
        there = bench.settle("a", Row, result(Row, ours=5), {**saved.how(this), "version": "v9", "system": "Debian 99"})
        text = results.text(this, {"a": Row}, "", saved.Saved([result(Row, ours=3)], []), bench.verdict, [saved.Saved([there], ["uv 9"])])
        here, _, beside = text.partition("## The same on Debian 99")
        self.assertIn("| 5 us CPU a name |", beside)
        self.assertNotIn("| 5 us CPU a name |", here)
        self.assertRegex(beside, "At v9, 5 runs, on .*, with uv 9\\.")


if __name__ == "__main__":
    unittest.main()
