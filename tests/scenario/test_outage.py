#!/usr/bin/python3
"""Resolvers that fall silent in the middle of a scan: it pauses, says so, and no name pays for it.

The real stscan in a network namespace without any way out, against scripted name servers."""
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lab"), HERE]
import check  # noqa: E402
import lab  # noqa: E402
from programs import program, ststat  # noqa: E402
import responder  # noqa: E402
from responder import Responder  # noqa: E402

DONE, STOPPED = 0, 3
NXDOMAIN, NODATA, TIMEOUT, OUR_STOP = 10, 11, 14, 113
NAMES = 3000
LIMIT_SECONDS = 120


class Outage(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def setUp(self):
        temp = tempfile.TemporaryDirectory()
        self.addCleanup(temp.cleanup)
        self.dir, self.out = temp.name, os.path.join(temp.name, "out")
        self.server = Responder()
        self.addCleanup(lambda: self.server.close())

    def start(self, *options, servers=None, more=()):
        """Of a scan some names have an answer when this returns."""
        names = os.path.join(self.dir, "names.txt")
        with open(names, "w", encoding="ascii") as file:
            file.writelines(f"{name}\n" for name in [*(f"n{i}.example" for i in range(NAMES)), *more])
        self.process = subprocess.Popen(
            [program("STSCAN"), "-f", names, "-o", self.out, "--name-servers", servers or self.server.servers, "--lab", "127.0.0.0/8",
             "--no-starttls", "--fetch-policy", "never", "--records", "mx", "--control-rate", "0", "--window", "500", "--dns-rate",
             "1500", "--dns-timeout", "500ms", "--dns-deadline", "1500ms", "--dns-retry-after", "1s", "-T", "2", *options],
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.process.stderr.close)
        self.addCleanup(self.process.wait)
        self.addCleanup(self.process.kill)
        self.until(lambda: self.server.n_asked >= 500)

    def until(self, condition):
        end = time.monotonic() + LIMIT_SECONDS
        while not condition():
            self.assertTrue(time.monotonic() < end and self.process.poll() is None)
            time.sleep(0.01)

    def says(self, words):
        """Reads its messages up to the one that has these words."""
        for line in self.process.stderr:
            if words in line:
                return line
        return self.fail(f"did not say: {words}")

    def ends(self, expected=DONE):
        said = self.process.communicate(timeout=LIMIT_SECONDS)[1]
        self.assertEqual(self.process.returncode, expected, said)
        return said

    def outcomes(self):
        code, text, error = ststat("verify", self.out)
        self.assertEqual(code, 0, text + error)
        return [domain["mx"]["oc"] for domain in check.Scan(self.out).domain.values()]

    def all_answered(self):
        self.assertEqual(self.outcomes(), [NXDOMAIN] * NAMES)

    def pauses_and_goes_on(self, end_outage):
        self.assertIn("127.0.0.1:5300", self.says("the scan pauses"))
        self.says("paused: no resolver answers")  # the status line
        end_outage()
        self.says("answers come again")
        self.ends()
        self.all_answered()

    def test_silent(self):
        self.start()
        self.server.mute = True
        self.pauses_and_goes_on(lambda: setattr(self.server, "mute", False))

    def test_comes_back_slow(self):
        """An answer that takes longer than it is from one look to the next is an answer."""
        self.start("--dns-timeout", "3s", "--dns-deadline", "9s")
        self.server.mute = True
        self.server.delay_s = 1.3
        self.pauses_and_goes_on(lambda: setattr(self.server, "mute", False))

    def test_slow(self):
        """Each answer takes longer than --dns-timeout: that is a pause at the most, when the first is awaited, and no name's
        loss."""
        self.start("-T", "1")
        self.server.delay_s = 0.75
        self.assertLessEqual(self.ends().count("the scan pauses"), 2)
        self.all_answered()

    def test_hardly_an_answer(self):
        self.start()
        self.server.answers_one_in = 10
        self.pauses_and_goes_on(lambda: setattr(self.server, "answers_one_in", 1))

    def test_refuses_all(self):
        self.start()
        self.server.refuses = True
        self.pauses_and_goes_on(lambda: setattr(self.server, "refuses", False))

    def test_ends_and_is_started_again(self):
        """Its port is closed: the system says so at once."""
        self.start()
        self.server.close()
        self.pauses_and_goes_on(lambda: setattr(self, "server", Responder()))

    def test_one_of_two_ends(self):
        """No pause: the other takes it all."""
        other = Responder(port=5301)
        self.addCleanup(other.close)
        self.start(servers=self.server.servers + "," + other.servers)
        self.server.mute = True
        self.assertNotIn("pauses", self.ends())
        self.all_answered()

    def test_names_that_are_dead(self):
        """Nobody answers for them, whoever asks: that is no outage, and they have their end."""
        dead = [f"slow-{i}.example" for i in range(600)]
        self.start(more=dead)
        self.assertNotIn("pauses", self.ends())
        outcomes = self.outcomes()
        self.assertEqual((outcomes.count(NXDOMAIN), outcomes.count(TIMEOUT)), (NAMES, len(dead)))

    def test_no_witness(self):
        """Names that are there, while their own servers answer for nothing below them: that says nothing of the resolver, however
        many others fail."""
        def answer(name, _):
            if name.startswith("_") or name.endswith("0.example") or name.endswith("5.example"):
                return None
            return responder.NOERROR if name.endswith(".example") else responder.NXDOMAIN, [], False
        self.server.close()
        self.server = Responder(answers=answer)
        self.start("--dns-rate", "500", "--dns-retry-after", "0")
        self.assertNotIn("pauses", self.ends())
        outcomes = self.outcomes()
        self.assertEqual((outcomes.count(NODATA), outcomes.count(TIMEOUT)), (NAMES * 4 // 5, NAMES // 5))

    def test_for_too_long(self):
        """Then the scan stops, to go on later."""
        self.start("--outage-wait", "3s", "--grace", "1s")
        self.server.mute = True
        said = self.ends(STOPPED)
        self.assertIn("no resolver answered for --outage-wait, stopping", said)
        self.assertIn(f"stscan --resume {self.out}", said)
        self.assertLessEqual(set(self.outcomes()), {NXDOMAIN, OUR_STOP})
        self.server.mute = False
        done = subprocess.run([program("STSCAN"), "--resume", self.out, "-q"], capture_output=True, text=True,
                              timeout=LIMIT_SECONDS, check=False)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.all_answered()


if __name__ == "__main__":
    lab.isolate()
    unittest.main()
