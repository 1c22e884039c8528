#!/usr/bin/python3
"""A policy host with several addresses: which of them are asked, in what order and what for, and how that ends early."""
import os
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
from answers import A, Answers  # noqa: E402
from running import STOPPED, Scan, until, write  # noqa: E402
from trap import Trap  # noqa: E402

BLOCKLISTED, REFUSED, NOT_TLS, TLS_TIMEOUT, STOP, NO_ROUTE = 42, 50, 82, 84, 113, 116
SUSPENDED_SECONDS = 6
GARBAGE = b"this is no TLS\r\n"
FOUR = ["127.0.7.1", "127.0.7.2", "127.0.7.3", "::1"]


class First:
    """The first address that is asked says what no sender takes for a policy; the others hold on without a word."""

    def __init__(self):
        self.address = None

    def __call__(self, address, port):
        self.address = self.address or address
        return GARBAGE if address == self.address else None


def scan(directory, name, port, greet, *options):
    """Of one name, whose policy host has four addresses."""
    answers, trap = Answers({}, port=port), Trap([443], greet)
    answers.add_domain("p.test", "mx.p.test", sts=True)
    for address in FOUR:
        answers.add_host("mta-sts.p.test", address)
    answers.table["mta-sts.p.test", A] = FOUR[:3]
    return answers, trap, Scan(directory, name, ["p.test"], answers.servers, "--no-starttls", *options)


def told(entries):
    return [(entry["ip"], entry["oc"]) for entry in entries]


def end(answers, trap, found):
    trap.close()
    answers.close()
    policy, = found.policy.values()
    return policy, told(policy["att"]), told(policy.get("also", []))


def test_option(directory):
    orders = {}
    for number, (value, families) in enumerate({"all": [4, 4, 4, 6], "family": [4, 6], "one": None}.items()):
        answers, trap, running = scan(directory, value, 5310 + number, lambda address, port: GARBAGE, "--policy-addresses", value)
        found = running.end()
        contacted = [c.address for c in trap.seen]
        policy, att, also = end(answers, trap, found)
        assert att + also == [(address, NOT_TLS) for address in contacted] and len(att) == 1, (att, also, contacted)
        assert policy["oc"] == NOT_TLS and policy["ip"] == contacted[0], policy
        assert families is None or sorted(6 if ":" in ip else 4 for ip in contacted) == families, contacted
        options = {o["n"]: o["v"] for o in found.stream[0][0][1]["options"]}
        assert options["policy-addresses"] == value, options
        orders[value] = contacted
    assert sorted(orders["all"]) == FOUR and orders["one"] == orders["all"][:1], orders
    assert orders["family"] == [ip for i, ip in enumerate(orders["all"])
                                if (":" in ip) not in [":" in before for before in orders["all"][:i]]], orders
    print("--policy-addresses:", {value: len(order) for value, order in orders.items()}, "addresses asked, in one order")


def test_limit(directory):
    answers, trap, running = scan(directory, "limit", 5313, lambda address, port: GARBAGE, "--address-limit", "2")
    _, att, also = end(answers, trap, running.end())
    assert len(att) == len(also) == 1, (att, also)
    print("--address-limit 2: one address decides, one more is asked")


def test_stop(directory):
    """Two signals: the fetch in flight is cut off, and there is none behind it."""
    answers, trap, running = scan(directory, "stop", 5314, First(), "--policy-timeout", "1h")
    until("the second address", lambda: len(trap.seen) == 2, running)
    second = trap.seen[1].address
    policy, att, also = end(answers, trap, running.stop())
    assert policy["oc"] == NOT_TLS and [oc for _, oc in att] == [NOT_TLS] and also == [(second, STOP)], policy
    print("stopped: the policy has its outcome, the address in flight says why no other was asked")


def test_drain(directory):
    """One signal: the fetch in flight comes to its end, and the next entry says why there is no other."""
    answers, trap, running = scan(directory, "drain", 5315, First(), "--policy-timeout", "2s", "--grace", "1h")
    until("the second address", lambda: len(trap.seen) == 2, running)
    running.process.send_signal(signal.SIGTERM)
    policy, att, also = end(answers, trap, running.end(STOPPED))
    assert policy["oc"] == NOT_TLS and len(att) == 1 and [oc for _, oc in also] == [TLS_TIMEOUT, STOP], policy
    assert "ms" in policy["also"][0] and "ms" not in policy["also"][1] and len(trap.seen) == 2, policy
    print("told to stop: the address in flight had its time, the next was not asked")


def test_reread(directory):
    """A blocklist that comes meanwhile cuts one address off, and bars another; then the host itself."""
    blocklist = write(directory, "mid.list", "192.0.2.0/24")
    answers, trap, running = scan(directory, "reread", 5316, First(), "--policy-timeout", "1h", "-b", blocklist)
    until("the second address", lambda: len(trap.seen) == 2, running)
    first, second = [c.address for c in trap.seen]
    barred, last = [ip for ip in FOUR if ip not in (first, second)]
    write(directory, "mid.list", second, barred)
    running.hang_up("SIGHUP")
    until("the last address", lambda: len(trap.seen) == 3, running)
    write(directory, "mid.list", "mta-sts.p.test")
    running.hang_up("SIGHUP")
    policy, att, also = end(answers, trap, running.end())
    assert {c.address for c in trap.seen} == {first, second, last}, trap.addresses()
    assert policy["oc"] == NOT_TLS and att == [(first, NOT_TLS)], policy
    assert also[0] == (second, BLOCKLISTED) and sorted(also[1:]) == sorted([(barred, BLOCKLISTED), (last, BLOCKLISTED)]), also
    print("SIGHUP: addresses are cut off or passed over, and stand there with that outcome")


def test_stall(directory):
    """After this program stood still the same address is asked anew, and again; the time does not count against it."""
    answers, trap, running = scan(directory, "stall", 5318, First(), "--policy-timeout", "1h")
    until("the second address", lambda: len(trap.seen) == 2, running)
    for again in (3, 4):
        running.process.send_signal(signal.SIGSTOP)
        time.sleep(SUSPENDED_SECONDS)
        running.process.send_signal(signal.SIGCONT)
        until("the same address again", lambda n=again: len(trap.seen) == n, running)
    second = trap.seen[1].address
    assert {c.address for c in trap.seen[1:]} == {second}, trap.addresses()
    policy, _, also = end(answers, trap, running.stop())
    assert also == [(second, STOP)], policy
    print("stood still twice: the address in flight was asked three times, and has one entry")


def test_no_route(directory):
    """A fact about the policy host beats that there is no route from here, in either order."""
    subprocess.run(["ip", "route", "add", "throw", "127.0.8.128/25", "table", "local"], check=True)
    answers = Answers({}, port=5317)
    domains = [f"r{i}.test" for i in range(8)]
    for i, domain in enumerate(domains):
        answers.add_domain(domain, f"mx.{domain}", sts=True)
        answers.add_host(f"mta-sts.{domain}", f"127.0.8.{i}")
        answers.table[f"mta-sts.{domain}", A] = [f"127.0.8.{i}", f"127.0.8.{128 + i}"]
    answers.add_domain("none.test", "mx.none.test", sts=True)
    answers.add_host("mta-sts.none.test", "127.0.8.200")
    found = Scan(directory, "no-route", [*domains, "none.test"], answers.servers, "--no-starttls", "--attempts", "2",
                 "--retry-after", "100ms").end().policy
    answers.close()
    orders = {tuple(a["oc"] for a in found[domain]["att"]) for domain in domains}
    assert orders == {(REFUSED, NO_ROUTE), (NO_ROUTE, REFUSED)}, orders
    for domain in domains:
        assert found[domain]["oc"] == REFUSED and int(found[domain]["ip"].split(".")[3]) < 128 and "also" not in found[domain], found[domain]
    assert [a["oc"] for a in found["none.test"]["att"]] == 2 * [NO_ROUTE] and found["none.test"]["oc"] == NO_ROUTE
    print("no route: decides only where no other address was contacted, in", len(orders), "orders")


def main():
    lab.isolate()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as directory:
        for test in (test_no_route, test_option, test_limit, test_stop, test_drain, test_reread, test_stall):
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(directory)


main()
