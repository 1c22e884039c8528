#!/usr/bin/python3
"""This host loses its network while DNS, HTTPS and SMTP are in work: the scan pauses, says so, and nobody is blamed; its records
are those of a scan that nobody disturbed (tests/FAULTS.md)."""
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import daemons  # noqa: E402
import lab  # noqa: E402
from undisturbed import STOPPED, World, run  # noqa: E402

SERVFAIL, TIMEOUT = 12, 14
NAMES = 200
AUTHORITY = 5301  # port of what answers unbound
DEADLINE_SECONDS = 6  # of peers; without network for longer
SILENT_SECONDS = 60 if "--full" in sys.argv else 9
NO_ROUTE_SECONDS = 30 if "--full" in sys.argv else 4
SLOW = ("--dns-rate", "200", "--connect-rate", "20")  # questions to the end
PAUSES = "127.0.0.1:5300: no answers, or hardly any, or from its cache alone: the scan pauses until they come again"
FAST = ("--dns-rate", "0", "--connect-rate", "15")  # all questions are answered before


def ip(*words):
    subprocess.run(["ip", *words], check=True)


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
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
            self.assertIn(PAUSES, said)
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


UNBOUND = """server:
  port: {run.DNS}
  do-not-query-localhost: no
  do-daemonize: no
  use-syslog: no
  username: ""
  chroot: ""
  directory: ""
  pidfile: ""
  module-config: "iterator"
forward-zone:
  name: "."
  forward-addr: 127.0.0.1@{AUTHORITY}
"""


class LocalResolver(unittest.TestCase):
    """The resolver is on this host, as with data/unbound.conf: when the network is gone it answers from its cache, and SERVFAIL."""

    def setUp(self):
        temp, self.daemons = tempfile.TemporaryDirectory(), daemons.Daemons()
        self.addCleanup(temp.cleanup)
        self.addCleanup(self.daemons.stop)
        conf = os.path.join(temp.name, "unbound.conf")
        with open(conf, "w", encoding="ascii") as file:
            file.write(UNBOUND.format(run=run, AUTHORITY=AUTHORITY))
        self.daemons.start("unbound", [daemons.unconfined("unbound", temp.name), "-d", "-c", conf], os.path.join(temp.name, "log"))

    def test_silent(self):
        with World(NAMES // 2, DEADLINE_SECONDS, only="sts-ok", serve=("--dns-port", str(AUTHORITY))) as world:
            scan = world.scan("local", "--dns-rate", "100", "--connect-rate", "40", "--dns-retry-after", f"{SILENT_SECONDS * world.wait + 7}s")
            scan.until("endpoints_done", 3)
            world.simulator.process.send_signal(signal.SIGSTOP)  # nothing that is behind unbound is heard
            time.sleep(SILENT_SECONDS * world.wait)
            world.simulator.process.send_signal(signal.SIGCONT)
            said = scan.end()
            self.assertIn(PAUSES, said)
            self.assertRegex(said, r"answers come again after \d+ s, the scan goes on")
            before = scan.blamed()  # the pause began: these have had a second round
            self.assertEqual([words for words in scan.wrong() if words not in before], [])
            for words in before:
                self.assertRegex(words, rf"^(domain|host|policy) .*: \[({SERVFAIL}|{TIMEOUT}|{SERVFAIL}, {TIMEOUT})\]$")


if __name__ == "__main__":
    lab.isolate()
    ip("link", "set", "lo", "up")
    unittest.main(argv=[word for word in sys.argv if word != "--full"])
