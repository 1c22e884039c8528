#!/usr/bin/python3
"""The second round of DNS: what had no answer is asked once more, later, and meanwhile holds up nobody.

A name server of our own fails as told: SERVFAIL so many times (a question is put twice at once, the second time with CD=1)."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
import programs  # noqa: E402
from answers import A, AAAA, MX, TXT, Answers  # noqa: E402
from running import Scan, until, write  # noqa: E402
from trap import Trap, own_all_addresses  # noqa: E402

OK, NODATA, SERVFAIL, BLOCKLISTED, UNKNOWN, ROOM, STOP, TAIL = 1, 11, 12, 42, 47, 119, 113, 114
ONE_ROUND, TWO_ROUNDS = 2, 4  # SERVFAILs
REFUSE = b"554 go away\r\n"
FAST = ("--dns-retry-after", "1s")
NEVER = ("--dns-retry-after", "1h")
DNS_ONLY = ("--no-starttls", "--fetch-policy", "never")


def rounds(answer):
    return [a["oc"] for a in answer["att"]]


def by_name(table):
    return {record.get("name") or record["host"]: record for record in table.values()}


def domain(answers, name, address="127.0.5.1", sts=False):
    answers.add_domain(name, f"mx.{name}", sts=sts)
    answers.add_host(f"mx.{name}", address)
    answers.add_host(f"mta-sts.{name}", address)
    return name


def test_answers_later(directory):
    answers, trap = Answers({}, port=5301), Trap([25, 443], lambda address, port: REFUSE)
    names = [domain(answers, f"{what}.test", f"127.0.5.{i}", sts=True)
             for i, what in enumerate(("fine", "mx", "spf", "host", "policy", "dead", "implicit", "half"), 1)]
    failing = {("mx.test", MX): ONE_ROUND, ("spf.test", TXT): ONE_ROUND, ("mx.host.test", A): ONE_ROUND,
               ("mx.host.test", AAAA): ONE_ROUND, ("mta-sts.policy.test", A): ONE_ROUND, ("mx.half.test", AAAA): TWO_ROUNDS,
               ("mta-sts.policy.test", AAAA): TWO_ROUNDS, ("implicit.test", MX): ONE_ROUND,
               ("dead.test", MX): TWO_ROUNDS, ("_mta-sts.dead.test", TXT): TWO_ROUNDS}
    answers.failing.update(failing)
    del answers.table["implicit.test", MX]
    answers.add_host("implicit.test", "127.0.5.99")
    found = Scan(directory, "later", names, answers.servers, *FAST, "--attempts", "1").end()
    domains, hosts, policies = by_name(found.domain), by_name(found.host), by_name(found.policy)
    assert rounds(domains["fine.test"]["mx"]) == [OK]
    assert rounds(domains["mx.test"]["mx"]) == [SERVFAIL, OK] and rounds(domains["mx.test"]["sts"]) == [OK]
    assert rounds(domains["spf.test"]["spf"]) == [SERVFAIL, NODATA]
    assert rounds(domains["dead.test"]["mx"]) == rounds(domains["dead.test"]["sts"]) == [SERVFAIL, SERVFAIL]
    assert domains["dead.test"]["sig"] and domains["dead.test"]["mx"]["cd_oc"] == SERVFAIL
    implicit = domains["implicit.test"]  # A is asked for since it has no MX, and that came out in the second round
    assert rounds(implicit["mx"]) == [SERVFAIL, NODATA] and implicit["a"]["addr"] == ["127.0.5.99"], implicit
    assert hosts["implicit.test"]["implicit"] and "127.0.5.99" in trap.addresses()
    assert rounds(hosts["mx.host.test"]["a"]) == [SERVFAIL, OK] and hosts["mx.host.test"]["oc"] == OK
    assert rounds(hosts["mx.half.test"]["aaaa"]) == [SERVFAIL, SERVFAIL] and rounds(hosts["mx.half.test"]["a"]) == [OK]
    assert rounds(policies["policy.test"]["a"]) == [SERVFAIL, OK], policies["policy.test"]
    assert {f"127.0.5.{i}" for i in (1, 2, 3, 4, 5, 8)} <= trap.addresses(), trap.addresses()
    assert not any(answers.failing.values()), answers.failing
    trap.close()
    answers.close()
    print(f"{len(failing)} questions without an answer were asked again, and what followed from it was done")


def test_window_is_free(directory):
    """Names that wait leave their places: all others are through before the second round begins."""
    answers = Answers({}, port=5302)
    bad, good = [f"bad{i}.test" for i in range(6)], [f"good{i}.test" for i in range(40)]
    for name in bad + good:
        domain(answers, name)
    answers.failing.update({(name, MX): ONE_ROUND for name in bad})
    scan = Scan(directory, "window", bad + good, answers.servers, "--window", "2", "--dns-retry-after", programs.seconds(4), *DNS_ONLY)
    found = scan.end()
    second = min(t for t, name, kind in answers.asked if name in bad and kind == MX and
                 [n for _, n, k in answers.asked if (n, k) == (name, kind)].count(name) == 3 and
                 t == max(u for u, n, k in answers.asked if (n, k) == (name, kind)))
    assert max(t for t, name, _ in answers.asked if name in good) < second
    assert all(rounds(by_name(found.domain)[name]["mx"]) == [SERVFAIL, OK] for name in bad)
    assert any("names wait for a second round" in line for line in scan.messages), scan.messages
    answers.close()
    print(f"window of 2: {len(good)} names went by {len(bad)} that waited")


def test_room_is_limited(directory):
    answers = Answers({}, port=5303)
    names = [domain(answers, f"n{i}.test") for i in range(60)]
    answers.failing.update({(name, MX): TWO_ROUNDS for name in names})
    found = Scan(directory, "room", names, answers.servers, "--window", "2", *FAST, "-T", "1", *DNS_ONLY).end()
    second = [r for r in found.domain.values() if rounds(r["mx"]) == [SERVFAIL, SERVFAIL]]
    without = [r for r in found.domain.values() if rounds(r["mx"]) == [SERVFAIL, ROOM]]
    assert len(second) >= 16 and len(without) > 0 and len(second) + len(without) == len(names), (len(second), len(without))
    assert all(r["mx"]["oc"] == SERVFAIL and r["oc"] == OK for r in without)
    answers.close()
    print(f"no room for more: {len(second)} had a second round, {len(without)} say why they had none")


def end_early(directory, name, port, *options, act=lambda scan: None, status="end"):
    answers = Answers({}, port=port)
    names = [domain(answers, "waits.test"), domain(answers, "host.test")]
    answers.failing.update({("waits.test", MX): TWO_ROUNDS, ("mx.host.test", A): TWO_ROUNDS})
    scan = Scan(directory, name, names, answers.servers, *NEVER, "--fetch-policy", "never", "--no-starttls", *options)
    until("both wait", lambda: answers.failing["waits.test", MX] == answers.failing["mx.host.test", A] == 2 and
          len(answers.was_asked("mx.host.test")) >= 3, scan)
    act(scan)
    found = getattr(scan, status)()
    asked = len(answers.was_asked("waits.test"))
    answers.close()
    return by_name(found.domain)["waits.test"], by_name(found.host)["mx.host.test"], asked


def test_tail(directory):
    waits, host, _ = end_early(directory, "tail", 5304, "--tail", "2s")
    assert rounds(waits["mx"]) == [SERVFAIL, TAIL] and waits["mx"]["oc"] == SERVFAIL and waits["oc"] == TAIL, waits
    assert rounds(host["a"]) == [SERVFAIL, TAIL] and host["oc"] == UNKNOWN, host
    print("the tail is over: both say so")


def test_stop(directory):
    waits, host, _ = end_early(directory, "stop", 5305, status="stop")
    assert rounds(waits["mx"]) == [SERVFAIL, STOP] and waits["mx"]["oc"] == SERVFAIL, waits
    assert rounds(host["a"]) == [SERVFAIL, STOP] and host["oc"] == UNKNOWN, host
    print("stopped: both say so")


def test_excluded_meanwhile(directory):
    blocklist = write(directory, "list", "192.0.2.1")

    def exclude(scan):
        write(directory, "list", "waits.test", "mx.host.test")
        scan.hang_up("SIGHUP")

    waits, host, asked = end_early(directory, "excluded", 5306, "-b", blocklist, "--dns-retry-after", "4s", act=exclude)
    assert rounds(waits["mx"]) == [SERVFAIL, BLOCKLISTED] and rounds(host["a"]) == [SERVFAIL, BLOCKLISTED], (waits, host)
    print(f"excluded while they waited: not asked again ({asked} questions before)")


def main():
    lab.isolate()
    own_all_addresses()
    with tempfile.TemporaryDirectory() as directory:
        for test in (test_answers_later, test_window_is_free, test_room_is_limited, test_tail, test_stop,
                     test_excluded_meanwhile):
            test(directory)


main()
