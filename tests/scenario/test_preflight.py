#!/usr/bin/python3
"""What a user is told when this host or its resolver is unfit for a scan, and that nobody else is blamed for it.

The real stscan in a network namespace without any way out, against scripted name servers."""
import json
import os
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import responder as dns  # noqa: E402
from programs import program, scans, ststat, verified  # noqa: E402

DONE, USAGE, NO_START = range(3)
OK, NXDOMAIN, TIMEOUT, RESOLVER_DOWN, OUR_NETWORK, NO_ADDRESS = 1, 10, 14, 17, 116, 46
FINE, WARNING, FAILED, NOT_LOOKED = range(4)
LIMIT_SECONDS = 150
LAB = ["--lab", "127.0.0.0/8"]
DNS_ONLY = ["--no-starttls", "--fetch-policy", "never"]
CONTACT = ["--contact", "https://example.org/scan"]
OUR_ADDRESS, OUR_NAME = "203.0.113.5", "scan.example.org"
OUR_PTR = "5.113.0.203.in-addr.arpa"


def address(text):
    return bytes(int(part) for part in text.split("."))


class Preflight(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)

    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.dir = self.temp.name
        self.out = os.path.join(self.dir, "out")
        self.addCleanup(self.temp.cleanup)
        self.addCleanup(lambda: [verified(path) for path in scans(self.dir)])

    def server(self, address="127.0.0.1", port=5300, **rules):
        server = dns.Responder(address, port, **rules)
        self.addCleanup(server.close)
        return server

    def stscan(self, *args, status=DONE):
        done = subprocess.run([program("STSCAN"), "--ehlo-name", OUR_NAME, *args], capture_output=True, text=True,
                              timeout=LIMIT_SECONDS, check=False, cwd=self.dir, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout, done.stderr

    def table(self, servers, *args, status=DONE):
        """--preflight: [(state, check, text)]"""
        out, err = self.stscan("--preflight", "--name-servers", servers, *args, status=status)
        self.assertEqual(err, "")
        return [(line[:13].strip(), line[15:26].strip(), line[28:]) for line in out.splitlines()]

    def of(self, table, kind):
        return [(state, text) for state, name, text in table if name == kind]

    def scan(self, servers, *args, status=DONE):
        return self.stscan("-o", self.out, "--name-servers", servers, *args, status=status)[1]

    def found(self):
        verified(self.out)
        return check.Scan(self.out)

    def checks(self):
        """What the scan record says: {check: [(state, text)]}"""
        checks = {}
        for entry in self.found().stream[0][0][1].get("checks", []):
            checks.setdefault(entry["n"], []).append((entry.get("s", FINE), entry["t"]))
        return checks

    def nothing_written(self):
        self.assertEqual(os.listdir(self.dir), [])

    # --- resolvers ---

    def test_all_is_well(self):
        err = self.scan(self.server().servers, "-q", *LAB, *DNS_ONLY, "a.example")
        self.assertEqual(err, "")
        checks = self.checks()
        self.assertEqual({kind: [state for state, _ in found] for kind, found in checks.items()},
                         {"descriptors": [FINE], "route4": [NOT_LOOKED], "route6": [NOT_LOOKED], "ptr": [NOT_LOOKED],
                          "resolver": [FINE], "nxdomain": [FINE], "validation": [NOT_LOOKED]})
        self.assertRegex(checks["resolver"][0][1], r"^127\.0\.0\.1:5300 answers, in \d+ ms$")

    def test_verbose_shows_all(self):
        err = self.scan(self.server().servers, "-v", *LAB, *DNS_ONLY, "a.example")
        self.assertRegex(err, r"stscan: fine +resolver +127\.0\.0\.1:5300 answers")
        self.assertRegex(err, r"stscan: not looked at +route4 ")

    def rewriting(self, kind, rdata):
        def answers(name, asked):
            return dns.NOERROR, [(kind, rdata)] if asked == kind and name else [], False
        return self.server(port=5301, answers=answers).servers

    def test_rewritten_nxdomain(self):
        liar = self.rewriting(dns.A, address("203.0.113.7"))
        err = self.scan(liar, "-q", *LAB, *DNS_ONLY, "a.example", status=NO_START)
        self.assertRegex(err, r"failed: nxdomain: 127\.0\.0\.1:5301 rewrites NXDOMAIN: it answers 203\.0\.113\.7 for [a-z]{24}; "
                              r"its answers cannot be used; use another resolver")
        self.assertIn("--ignore-preflight", err)
        self.nothing_written()

    def test_rewritten_nxdomain_mx(self):
        liar = self.rewriting(dns.MX, dns.mx("ads.example"))
        self.assertRegex(self.scan(liar, *LAB, *DNS_ONLY, "a.example", status=NO_START), "rewrites NXDOMAIN: it answers ads.example for")
        self.nothing_written()

    def test_rewritten_only_for_www(self):
        def answers(name, asked):
            return (dns.NOERROR, [(dns.A, address("203.0.113.7"))], False) if name.startswith("www.") and asked == dns.A else \
                (dns.NXDOMAIN if name else dns.NOERROR, [], False)
        table = self.table(self.server(answers=answers).servers, *DNS_ONLY, status=NO_START)
        (state, text), = self.of(table, "nxdomain")
        self.assertEqual(state, "failed")
        self.assertRegex(text, r"203\.0\.113\.7 for www\.[a-z]{24}\.com")

    def test_ignored_failure_is_recorded(self):
        liar = self.rewriting(dns.A, address("203.0.113.7"))
        err = self.scan(liar, "-q", "--ignore-preflight", *LAB, *DNS_ONLY, "a.example")
        self.assertIn("rewrites NXDOMAIN", err)
        self.assertEqual(self.checks()["nxdomain"][0][0], FAILED)
        options = {o["n"]: o["v"] for o in self.found().stream[0][0][1]["options"]}
        self.assertEqual(options["ignore-preflight"], "yes")

    def test_nodata_for_nxdomain(self):
        (state, text), = self.of(self.table(self.server(answers=lambda name, kind: (dns.NOERROR, [], False)).servers, *LAB), "nxdomain")
        self.assertEqual(state, "warning")
        self.assertIn('says "no such record" where a name does not exist', text)

    def test_quiet_keeps_warnings_for_the_log(self):
        server = self.server(answers=lambda name, kind: (dns.NOERROR, [], False))
        log = os.path.join(self.dir, "log")
        err = self.scan(server.servers, "-q", "-l", log, *LAB, *DNS_ONLY, "a.example")
        self.assertEqual(err, "")
        with open(log, encoding="utf-8") as file:
            self.assertRegex(file.read(), r"(?m)^\S+Z stscan: warning: nxdomain: 127\.0\.0\.1:5300 says")

    def test_dead_at_start(self):
        err = self.scan("127.0.0.1:9", *LAB, *DNS_ONLY, "a.example", status=NO_START)
        self.assertIn("failed: resolver: 127.0.0.1:9 cannot be reached", err)
        self.nothing_written()
        mute = self.server(answers=lambda name, kind: None)
        err = self.scan(mute.servers, *LAB, *DNS_ONLY, "a.example", status=NO_START)
        self.assertIn("failed: resolver: 127.0.0.1:5300 does not answer", err)
        self.nothing_written()

    def test_one_of_several_is_dead(self):
        servers = ",".join([self.server().servers, "127.0.0.1:9", "127.0.0.2:9"])
        table = self.table(servers, *LAB)
        self.assertEqual([state for state, _ in self.of(table, "resolver")], ["fine", "warning"])
        self.assertRegex(table[-4][2] + table[-3][2], r"127\.0\.0\.1:5300 answers.*127\.0\.0\.1:9, 127\.0\.0\.2:9: cannot be reached")

    def test_many(self):
        """More than are asked at a time, and more than are named."""
        servers = [self.server(f"127.0.1.{i}").servers for i in range(1, 71)]
        (state, text), = self.of(self.table(",".join(servers), *LAB), "resolver")
        self.assertEqual(state, "fine")
        self.assertRegex(text, r"^127\.0\.1\.1:5300, .*127\.0\.1\.4:5300 and 66 more: answers, in \d+ to \d+ ms$")

    def test_refused_and_servfail(self):
        for rcode, words in (dns.REFUSED, "let it allow recursion to this host"), (dns.SERVFAIL, "has it a way to the Internet"):
            with self.subTest(rcode=rcode):
                server = dns.Responder(answers=lambda name, kind, rcode=rcode: (rcode, [], False))
                try:
                    for more, state in (LAB, "warning"), (DNS_ONLY, "failed"):
                        found = self.of(self.table(server.servers, *more, status=DONE if state == "warning" else NO_START), "resolver")
                        self.assertEqual(found[0][0], state)
                        self.assertIn(words, found[0][1])
                finally:
                    server.close()

    def test_own_zone(self):
        """A lab without a root: --probe-nxdomain says where to ask."""
        asked = set()

        def answers(name, kind):
            asked.add(name)
            if name != "test" and not name.endswith(".test"):
                return dns.REFUSED, [], False
            return dns.NOERROR if name == "test" else dns.NXDOMAIN, [], False
        table = self.table(self.server(answers=answers).servers, *LAB, "--probe-nxdomain", "test")
        self.assertEqual([self.of(table, kind)[0][0] for kind in ("resolver", "nxdomain")], ["fine", "fine"])
        self.assertTrue(all(name.endswith("test") for name in asked), asked)

    # --- validation ---

    def validation(self, signed, bogus):
        def answers(name, kind):
            return {"": (dns.NOERROR, [], signed), "good.test": (dns.NOERROR, [], signed), "bad.test": (bogus, [], False)}.get(
                name, (dns.NXDOMAIN, [], False))
        server = dns.Responder(answers=answers)
        try:
            return [self.of(self.table(server.servers, *options, status=status), "validation")[0] for options, status in (
                (DNS_ONLY, DONE), ([*LAB, "--probe-signed", "good.test"], DONE),
                ([*LAB, "--probe-signed", "good.test", "--probe-bogus", "bad.test"], DONE), ([*LAB, "--probe-bogus", "bad.test"], DONE))]
        finally:
            server.close()

    def test_no_validation(self):
        root, signed, both, bogus = self.validation(False, dns.NOERROR)
        for state, text in root, signed, both:
            self.assertEqual(state, "warning")
            self.assertIn("no DANE evidence", text)
        self.assertIn("no AD bit for the root", root[1])
        self.assertIn("no AD bit for good.test", signed[1])
        self.assertIn("hands out bogus answers (bad.test)", bogus[1])

    def test_half_validation(self):
        root, signed, both, bogus = self.validation(True, dns.NOERROR)
        self.assertEqual((root[0], signed[0], both[0], bogus[0]), ("fine", "fine", "warning", "warning"))
        self.assertIn("hands out bogus answers", both[1])
        self.assertIn("was not looked at (--probe-bogus)", root[1])

    def test_bogus_name_that_is_just_broken(self):
        both = self.validation(True, dns.SERVFAIL)[2]
        self.assertEqual(both[0], "warning")
        self.assertIn("with checking disabled too", both[1])

    # --- this host ---

    def test_descriptors(self):
        command = 'ulimit -n 500; exec "$@"'
        done = subprocess.run(["bash", "-c", command, "-", program("STSCAN"), "--preflight", "--name-servers", self.server().servers, *LAB,
                               "--ehlo-name", OUR_NAME], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        self.assertEqual(done.returncode, DONE, done.stderr)
        self.assertIn("--max-connections lowered from 3000 to 372: the limit of open files is 500", done.stdout)

    def test_no_route(self):
        """Refused; and where it is wanted all the same, what cannot be reached is ours."""
        server = self.server(records={"a.test": {dns.MX: [dns.mx("mx.a.test")]}, "mx.a.test": {dns.A: [address("198.51.100.1")]},
                                      "_mta-sts.a.test": {16: [b"\x11v=STSv1; id=2026;"]},
                                      "mta-sts.a.test": {dns.A: [address("198.51.100.2")]}})
        outside = [*CONTACT, "--allow-reserved", "198.51.100.0/24", "--attempts", "1", "--tail", "1s", "-q", "a.test"]
        err = self.scan(server.servers, *outside, status=NO_START)
        for family in ("4", "6"):
            self.assertIn(f"failed: route{family}: no way to the Internet by IPv{family} (Network is unreachable): nobody can be contacted",
                          err)
        self.nothing_written()
        err = self.scan(server.servers, "--ignore-preflight", *outside)
        self.assertIn("no way to the Internet", err)
        found = self.found()
        endpoint, = found.endpoint.values()
        policy, = found.policy.values()
        for record, ip in (endpoint, "198.51.100.1"), (policy, "198.51.100.2"):
            self.assertEqual((record["oc"], [a["oc"] for a in record["att"]]), (OUR_NETWORK, [OUR_NETWORK]), record)
            self.assertEqual(record["att"][0].get("ip", record.get("ip")), ip)
        self.assertEqual([state for state, _ in self.checks()["route4"]], [FAILED])

    def ours(self):
        """This host gets an address and a route, on which nothing goes out."""
        subprocess.run(["ip", "address", "add", f"{OUR_ADDRESS}/32", "dev", "lo"], check=True)
        subprocess.run(["ip", "route", "add", "default", "dev", "lo", "src", OUR_ADDRESS], check=True)
        self.addCleanup(subprocess.run, ["ip", "address", "del", f"{OUR_ADDRESS}/32", "dev", "lo"], check=True)
        self.addCleanup(subprocess.run, ["ip", "route", "del", "default", "dev", "lo"], check=True)

    def test_one_family(self):
        self.ours()
        table = self.table(self.server().servers)
        self.assertEqual(self.of(table, "route4"), [("fine", f"there is one, from {OUR_ADDRESS}")])
        (state, text), = self.of(table, "route6")
        self.assertEqual(state, "warning")
        self.assertIn("--ip-version 4 leaves them out", text)
        self.assertEqual(self.of(self.table(self.server(port=5302).servers, "--ip-version", "4"), "route6"),
                         [("not looked at", "switched off by --ip-version")])

    def test_ptr(self):
        self.ours()
        there, back = {dns.PTR: [dns.wire("Scan.example.org")]}, {dns.A: [address("198.51.100.9"), address(OUR_ADDRESS)]}
        for records, state, words in (
                ({}, "warning", f"{OUR_ADDRESS} has no PTR"),
                ({OUR_PTR: {dns.PTR: [dns.wire("host.example")]}}, "warning", "has the PTR host.example, the EHLO name is scan.example.org"),
                ({OUR_PTR: there}, "warning", "has the PTR scan.example.org, but that name has not this address"),
                ({OUR_PTR: there, OUR_NAME: {dns.A: [address("198.51.100.9")]}}, "warning", "give it an A record"),
                ({OUR_PTR: there, OUR_NAME: back}, "fine", f"{OUR_ADDRESS} is {OUR_NAME}, there and back")):
            with self.subTest(words=words):
                server = dns.Responder(records=records)
                try:
                    (found, text), = self.of(self.table(server.servers), "ptr")
                    self.assertEqual(found, state)
                    self.assertIn(words, text)
                finally:
                    server.close()

    def test_private_source(self):
        self.ours()
        (state, text), = self.of(self.table(self.server().servers, "--local-addr", "127.0.0.9"), "ptr")
        self.assertEqual(state, "not looked at")
        self.assertIn("127.0.0.9 is private", text)

    def test_low_rate_is_explained(self):
        self.ours()
        server = self.server(OUR_ADDRESS, 53)
        err = self.scan(server.servers, *CONTACT, *DNS_ONLY, "a.example")
        self.assertRegex(err, rf"warning: resolver: {OUR_ADDRESS}:53 is a public resolver: 200 queries/s .*data/unbound\.conf\) is asked 2000/s")

    def test_usage(self):
        """--preflight needs no input and no contact, but is a whole option."""
        self.table(self.server().servers, *LAB)
        _, err = self.stscan("--preflight", "--name-servers", "8.8.8.8", *LAB, status=USAGE)
        self.assertIn("outside of --lab", err)
        self.assertNotIn("out", os.listdir(self.dir))


    # --- in the middle of a scan ---

    def dies(self, server, count, die, live):
        """Of `count` names some have an answer when `die` is called; told to the user; then `live`. Returns the rest of the messages."""
        names = os.path.join(self.dir, "names.txt")
        with open(names, "w", encoding="ascii") as file:
            file.writelines(f"n{i}.example\n" for i in range(count))
        process = subprocess.Popen([program("STSCAN"), "-f", names, "-o", self.out, "--name-servers", server.servers, *LAB, *DNS_ONLY,
                                    "--records", "mx", "--control-rate", "0", "--window", "500", "--dns-rate", "400", "--dns-timeout", "1s",
                                    "--dns-deadline", "3s", "--dns-retry-after", "0", "--outage-wait", "0", "-T", "2"], stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + LIMIT_SECONDS
        while server.n_asked < 500:
            assert time.monotonic() < end and process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        die()
        told = ""
        while "no answer from" not in told and (line := process.stderr.readline()):
            told += line
        self.assertRegex(told, r"stscan: no answer from 127\.0\.0\.1:5300 for \d+ s \(\d+ questions\)")
        live()
        told = process.communicate(timeout=LIMIT_SECONDS)[1]
        self.assertEqual(process.returncode, DONE, told)
        return told

    def blames_nobody(self, unanswered):
        """What had no answer counts as a temporary failure or as ours, in the records and in the summary."""
        outcomes = [domain["mx"]["oc"] for domain in self.found().domain.values()]
        self.assertLessEqual(set(outcomes), {NXDOMAIN, *unanswered})
        lost = len(outcomes) - outcomes.count(NXDOMAIN)
        self.assertGreaterEqual(lost, 400)
        figures = {row["id"]: row["n"] for row in json.loads(ststat("summary", "--json", self.out)[1])["statistics"]}
        self.assertEqual((figures["mx_nxdomain"], figures["mx_temporary"] + figures["mx_other"], figures["mx_no_mail"]),
                         (outcomes.count(NXDOMAIN), lost, 0))

    def test_resolver_falls_silent_and_comes_back(self):
        server = self.server()
        told = self.dies(server, 6000, lambda: setattr(server, "mute", True), lambda: setattr(server, "mute", False))
        self.assertRegex(told, r"stscan: answers come again after \d+ s")
        self.blames_nobody({TIMEOUT})

    def test_resolver_ends(self):
        """Its port is closed: the system says so at once."""
        server = self.server()
        told = self.dies(server, 3000, server.close, lambda: None)
        self.assertNotIn("answers come again", told)
        self.blames_nobody({TIMEOUT, RESOLVER_DOWN})


if __name__ == "__main__":
    lab.isolate()
    unittest.main()
