#!/usr/bin/python3
"""This host loses its network while DNS, HTTPS and SMTP are in work: the scan pauses, says so, and nobody is blamed; its records
are those of a scan that nobody disturbed (tests/FAULTS.md)."""
import os
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
from undisturbed import STOPPED, World  # noqa: E402

NAMES = 200
DEADLINE_SECONDS = 6  # of peers; without network for longer
SILENT_SECONDS = 60 if "--full" in sys.argv else 9
NO_ROUTE_SECONDS = 30 if "--full" in sys.argv else 4
SLOW = ("--dns-rate", "200", "--connect-rate", "20")  # questions to the end
FAST = ("--dns-rate", "0", "--connect-rate", "15")  # all questions are answered before


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        ip("link", "set", "lo", "up")
        cls.world = World(NAMES, DEADLINE_SECONDS)
        cls.world.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def both(self, seconds, begin, end, *options):
        """Scans with and without questions in work, and what they say."""
        name = self.id().rpartition(".")[2]
        scans = [self.world.scan(f"{name}-{i}", *pace, *options) for i, pace in enumerate((SLOW, FAST))]
        for scan in scans:
            scan.until("endpoints_done", 3)
        ip(*begin)
        time.sleep(seconds * self.world.wait)
        ip(*end)
        return scans

    def test_silent(self):
        """Packets vanish, as behind a cable that is cut."""
        for scan in self.both(SILENT_SECONDS, ("link", "set", "lo", "down"), ("link", "set", "lo", "up")):
            said = scan.end()
            self.assertIn("127.0.0.1:5300: no answer, or hardly any: the scan pauses until they come again", said)
            self.assertRegex(said, r"answers come again after \d+ s, the scan goes on")
            self.assertEqual(scan.wrong(), [])

    def test_no_route(self):
        """The routing table says so, as where the interface is down."""
        for scan in self.both(NO_ROUTE_SECONDS, ("address", "del", "127.0.0.1/8", "dev", "lo"),
                              ("address", "add", "127.0.0.1/8", "dev", "lo")):
            said = scan.end()
            self.assertIn("this host has lost its network: no route even to peers that were reached before; the scan pauses", said)
            self.assertRegex(said, r"there is a network again after \d+ s, the scan goes on")
            self.assertEqual(scan.wrong(), [])

    def test_no_route_for_too_long(self):
        """Then the scan stops, to go on later."""
        for scan in self.both(5, ("address", "del", "127.0.0.1/8", "dev", "lo"), ("address", "add", "127.0.0.1/8", "dev", "lo"),
                              "--outage-wait", "2500ms", "--grace", "1s"):
            said = scan.end(STOPPED)
            self.assertIn("no network for --outage-wait, stopping", said)
            self.assertIn(f"to go on: stscan --resume {scan.run.path('scan')}", said)
            self.assertEqual(scan.blamed(), [])
            scan.resume()
            self.assertEqual(scan.wrong(), [])


if __name__ == "__main__":
    lab.isolate()
    unittest.main(argv=[word for word in sys.argv if word != "--full"])
