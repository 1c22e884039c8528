#!/usr/bin/python3
"""What --resume looks at again: peers and resolvers that failed in the first run and answer in the second. The record of
the second supersedes, and the counts are those of all records."""
import os
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402
from answers import AAAA, MX, TXT, A, Answers  # noqa: E402
from connections import is_connected  # noqa: E402
from running import DONE, LIMIT_SECONDS, STOPPED, Scan, until  # noqa: E402
from trap import Trap  # noqa: E402

OK, SERVFAIL, TCP_TIMEOUT, GREETING_4XX, GREETING_5XX, CLOSED_EARLY, STOP = 1, 12, 51, 61, 62, 64, 113
DROPPED = "10.9.0.0/16"
DEFER, REFUSE = b"421 later\r\n", b"554 go away\r\n"
ONCE = ("--attempts", "1")


def resume(directory, name, *options, status=DONE):
    """The scan after it, verified, and what was said."""
    out = os.path.join(directory, name)
    done = subprocess.run([programs.program("STSCAN"), "--resume", out, *options], capture_output=True, text=True,
                          timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == status, f"status {done.returncode}: {done.stderr}"
    programs.verified(out)
    return check.Scan(out), done.stderr


def stated(found):
    """Counts of the last end record: {(kind, outcome): n}."""
    end = [record for part in found.stream for kind, record in part if kind == "end"][-1]
    assert end["complete"], end
    counts = [(check.KIND[count["k"]], count.get("oc"), count["n"]) for count in end["counts"]]
    return {(kind, oc): n for kind, oc, n in counts if kind in check.COUNTED}


def counted(found):
    """The same of the records that are there."""
    counts = {}
    for kind, record in (row for part in found.stream for row in part):
        if kind in check.COUNTED:
            counts[kind, record["oc"]] = counts.get((kind, record["oc"]), 0) + 1
    return counts


def brief(record):
    return record.get("attempt", 0), record["oc"]


def domain(answers, name, address, sts=False):
    answers.add_domain(name, f"mx.{name}", sts=sts)
    answers.add_host(f"mx.{name}", address)
    answers.add_host(f"mta-sts.{name}", address)
    return name


def test_inconclusive(directory):
    """A name, a host, an endpoint and a policy that failed for the moment; and some that had their answer."""
    answers = Answers({}, port=5301)
    names = [domain(answers, f"{what}.test", f"127.0.6.{i}", sts=what == "policy")
             for i, what in enumerate(("fine", "name", "host", "later", "policy"), 1)]
    answers.failing.update({("name.test", MX): 2, ("mx.host.test", A): 2, ("mx.host.test", AAAA): 2, ("mta-sts.policy.test", A): 2,
                            ("mta-sts.policy.test", AAAA): 2, ("_smtp._tls.name.test", TXT): 2})
    trap = Trap([25, 443], lambda address, port: DEFER if address == "127.0.6.4" else REFUSE)
    scan = Scan(directory, "inconclusive", names, answers.servers, *ONCE)
    found = scan.end()
    assert brief(found.domain[2]) == (0, OK) and found.domain[2]["mx"]["oc"] == SERVFAIL, found.domain[2]
    assert found.host["mx.host.test"]["a"]["oc"] == SERVFAIL and "mx.name.test" not in found.host, found.host
    assert found.endpoint["mx.later.test", "127.0.6.4", 25]["oc"] == GREETING_4XX, found.endpoint
    before = {kind: dict(getattr(found, kind)) for kind in check.COUNTED}
    trap.greet = lambda address, port: REFUSE
    found, said = resume(directory, "inconclusive", "--retry", "inconclusive")
    assert brief(found.domain[2]) == (1, OK) and found.domain[2]["mx"]["oc"] == OK == found.domain[2]["mx"]["att"][-1]["oc"]
    assert brief(found.host["mx.host.test"]) == (1, OK) and brief(found.host["mx.name.test"]) == (0, OK)
    assert brief(found.endpoint["mx.later.test", "127.0.6.4", 25]) == (1, GREETING_5XX)
    assert brief(found.endpoint["mx.host.test", "127.0.6.3", 25]) == (0, GREETING_5XX)
    assert found.policy["policy.test"]["attempt"] == 1 and found.policy["policy.test"]["a"]["oc"] == OK
    assert {pos: brief(d) for pos, d in found.domain.items() if pos != 2} == dict.fromkeys((1, 3, 4, 5), (0, OK))
    assert found.endpoint["mx.fine.test", "127.0.6.1", 25] == before["endpoint"]["mx.fine.test", "127.0.6.1", 25]
    assert "1 of them are asked again; taken up: 1 MX hosts, 1 endpoints, 1 policies" in said, said
    assert stated(found) == counted(found), (stated(found), counted(found))
    trap.close()
    answers.close()
    print("a name, a host, an endpoint and a policy that failed for the moment have a record that supersedes")


def test_all_that_is_left_fails(directory):
    """What is looked at again are those that take no connection: that does not say that the port is blocked."""
    answers = Answers({}, port=5302)
    names = [domain(answers, "open.test", "127.0.7.1")] + [domain(answers, f"n{i}.test", f"10.9.{i}.1") for i in range(150)]
    trap = Trap([25], lambda address, port: REFUSE)
    options = (*ONCE, "--window", "1", "--connect-rate", "0", "--per-prefix-smtp", "0", "--connect-timeout", "1s")
    first = Scan(directory, "left", names, answers.servers, *options, lab=f"127.0.0.0/8,::1,{DROPPED}").end()
    assert [e["oc"] for e in first.endpoint.values()].count(TCP_TIMEOUT) == 150, {e["oc"] for e in first.endpoint.values()}
    trap.close()
    found, said = resume(directory, "left", "--retry", "inconclusive")
    left = [brief(e) for e in found.endpoint.values() if e["ip"] != "127.0.7.1"]
    assert left == [(1, TCP_TIMEOUT)] * 150, left[:3]
    assert "150 endpoints" in said and "blocked" not in said, said
    assert stated(found) == counted(found)
    answers.close()
    print("150 endpoints without a connection were tried again, and keep their outcome")


def test_stopped_in_flight(directory):
    """A connection that the stop cut short is made again."""
    answers, trap = Answers({}, port=5303), Trap([25, 443], lambda address, port: None)
    names = [domain(answers, f"n{i}.test", f"127.0.8.{i}", sts=i == 1) for i in range(1, 5)]
    scan = Scan(directory, "stopped", names, answers.servers, *ONCE, "--greeting-timeout", "10m", "--smtp-timeout", "10m",
                "--policy-timeout", "10m")
    peers = [(f"127.0.8.{i}", 25) for i in range(1, 5)] + [("127.0.8.1", 443)]
    until("all connections", lambda: all(is_connected(*peer) for peer in peers), scan)
    found = scan.stop()
    assert {brief(e) for e in found.endpoint.values()} == {(0, STOP)} and len(found.endpoint) == 4, found.endpoint
    assert brief(found.policy["n1.test"]) == (0, STOP)
    trap.greet = lambda address, port: REFUSE
    found, said = resume(directory, "stopped")
    assert {brief(e) for e in found.endpoint.values()} == {(1, GREETING_5XX)} and len(found.endpoint) == 4, found.endpoint
    assert found.policy["n1.test"]["attempt"] == 1 and found.policy["n1.test"]["oc"] != STOP
    assert "0 of them are asked again; taken up: 0 MX hosts, 4 endpoints, 1 policies" in said, said
    assert stated(found) == counted(found)
    trap.close()
    answers.close()
    print("4 endpoints and a policy that the stop cut short have a record that supersedes")


def test_look_that_is_left(directory):
    """What fails while the scan drains would have another look: it was stopped, and has it when the scan goes on."""
    answers, trap = Answers({}, port=5305), Trap([25], lambda address, port: None)
    names = [domain(answers, f"n{i}.test", f"127.0.10.{i}") for i in range(1, 4)]
    options = ("--attempts", "2", "--retry-after", "100ms", "--grace", "10m", "--greeting-timeout", "10m", "--smtp-timeout", "10m")
    scan = Scan(directory, "look", names, answers.servers, *options)
    until("all connections", lambda: all(is_connected(f"127.0.10.{i}", 25) for i in range(1, 4)) and len(trap.seen) == 3, scan)
    scan.process.send_signal(signal.SIGINT)
    until("the end begins", lambda: scan.said("stopping: what is in flight has"), scan)
    for connection in trap.seen:
        connection.socket.shutdown(socket.SHUT_RDWR)
    found = scan.end(STOPPED)
    assert {(e["oc"], *(a["oc"] for a in e["att"])) for e in found.endpoint.values()} == {(STOP, CLOSED_EARLY, STOP)}, found.endpoint
    trap.greet = lambda address, port: REFUSE
    found, said = resume(directory, "look")
    assert {brief(e) for e in found.endpoint.values()} == {(1, GREETING_5XX)} and len(found.endpoint) == 3, found.endpoint
    assert "taken up: 0 MX hosts, 3 endpoints, 0 policies" in said, said
    trap.close()
    answers.close()
    print("3 endpoints that failed while the scan drained have their other look")


def test_sample(directory):
    """An address with more hosts than are probed: a part of them before the stop, the sample is the same, and counted once."""
    answers = Answers({}, port=5304)
    names = [domain(answers, f"n{i}.test", "127.0.9.1") for i in range(12)]
    options = (*ONCE, "--per-ip-hosts", "4", "--greeting-timeout", "10m", "--smtp-timeout", "10m")
    trap = Trap([25], lambda address, port: REFUSE)
    whole = Scan(directory, "whole", names, answers.servers, *options).end()
    trap.greet = lambda address, port: None
    scan = Scan(directory, "sample", names, answers.servers, *options)
    until("a connection", lambda: is_connected("127.0.9.1", 25), scan)
    scan.process.send_signal(signal.SIGINT)
    scan.stop()
    trap.greet = lambda address, port: REFUSE
    found, _ = resume(directory, "sample")
    for this in (whole, found):
        assert len(this.endpoint) == 4 and this.ip["127.0.9.1"]["hosts"] == 12, (this.endpoint, this.ip)
    assert stated(found) == counted(found)
    found, _ = resume(directory, "sample", "--retry", "inconclusive")
    assert found.ip["127.0.9.1"]["hosts"] == 12, found.ip
    trap.close()
    answers.close()
    print("of 12 hosts at an address 4 have a record, before and after")


def main():
    lab.isolate()
    for command in ("link set lo up", f"route add {DROPPED} dev lo"):
        subprocess.run(["ip", *command.split()], check=True)
    with tempfile.TemporaryDirectory() as directory:
        for test in (test_inconclusive, test_all_that_is_left_fails, test_stopped_in_flight, test_look_that_is_left,
                     test_sample):
            test(directory)


main()
