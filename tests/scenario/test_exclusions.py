#!/usr/bin/python3
"""Who asks to be left alone is left alone: the blocklist from the start, by SIGHUP in mid-scan, and what a bad file does.
The rates follow SIGHUP too. Seen from the other side: what the name server was asked, and whom the peers met."""
import os
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
from answers import A, CNAME, MX, TXT, Answers  # noqa: E402
from running import Scan, until, write  # noqa: E402
from trap import Trap, own_all_addresses  # noqa: E402

OK, BLOCKLISTED, GREETING_4XX, GREETING_5XX, STOP = 1, 42, 61, 62, 113
REFUSE, LATER = b"554 go away\r\n", b"421 later\r\n"


def outcomes(table):
    return {record.get("name") or record["host"]: record["oc"] for record in table.values()}


def test_from_the_start(directory):
    answers, trap = Answers({}, port=5301), Trap([25, 443], lambda address, port: REFUSE)
    for number, (domain, mx) in enumerate({
            "free.test": "mx.free.test", "listed.test": "mx.listed.test", "sub.listed.test": "mx.free.test",
            "to-listed.test": "mx.listed.test", "to-address.test": "mx.to-address.test", "policy.test": "mx.free.test",
            "v6.test": "mx.v6.test", "xn--bcher-kva.test": "mx.free.test"}.items(), 1):
        answers.add_domain(domain, mx, sts=True)
        answers.add_host(f"mta-sts.{domain}", f"127.0.1.{number}")
        answers.add_host(f"mx.{domain}", "::1" if domain == "v6.test" else f"127.0.2.{number}")
    blocklist = write(directory, "start.list", "# asked to be left alone", "Listed.test", "mta-sts.policy.test # the host only",
                      "127.0.2.5/32", "127.0.1.6", "::1", "bücher.test")
    scan = Scan(directory, "start", ["free.test", "listed.test", "sub.listed.test", "to-listed.test", "to-address.test",
                                     "policy.test", "v6.test", "bücher.test"], answers.servers, "-b", blocklist, "--attempts", "1")
    found = scan.end()
    by_name = {r["name"]: r for r in found.domain.values()}
    listed = {"listed.test", "sub.listed.test", "xn--bcher-kva.test"}
    assert {n for n, r in by_name.items() if r["oc"] == BLOCKLISTED} == listed, by_name
    assert all("mx" not in by_name[n] and "fetch" not in by_name[n] for n in listed)
    assert not answers.was_asked(*listed), answers.was_asked(*listed)
    assert not answers.was_asked("mta-sts.policy.test")
    hosts, policies, endpoints = outcomes(found.host), outcomes(found.policy), outcomes(found.endpoint)
    assert hosts == {"mx.free.test": OK, "mx.listed.test": BLOCKLISTED, "mx.to-address.test": OK, "mx.v6.test": OK}, hosts
    assert {n for n, oc in policies.items() if oc == BLOCKLISTED} == {"policy.test"}, policies
    assert {n for n, oc in endpoints.items() if oc == BLOCKLISTED} == {"mx.to-address.test", "mx.v6.test"}, endpoints
    assert trap.addresses() == {"127.0.2.1", "127.0.1.1", "127.0.1.4", "127.0.1.5", "127.0.1.7"}, trap.addresses()
    assert scan.said("refused by the blocklist: 7"), scan.messages  # 3 names, 1 host, 1 policy host, 2 addresses
    trap.close()
    answers.close()
    print("from the start:", len(listed), "names not asked, 1 host and 1 policy host not looked up, 2 addresses not contacted")


def test_cname_target(directory):
    """The name that is asked for decides, and the address, not the target of a CNAME: README and SCHEMA say so."""
    answers, trap = Answers({}, port=5304), Trap([25, 443], lambda address, port: REFUSE)
    for number, domain in enumerate(("by-name.test", "by-address.test"), 1):
        answers.add_domain(domain, f"mx.{domain}", sts=True)
        for kind, host in enumerate(("mx", "mta-sts")):
            answers.add(f"{host}.{domain}", CNAME, f"{host}{number}.provider.test")
            answers.add_host(f"{host}{number}.provider.test", f"127.0.{5 + kind}.{number}")
    blocklist = write(directory, "target.list", "provider.test", "127.0.5.2", "127.0.6.2")
    scan = Scan(directory, "target", ["by-name.test", "by-address.test"], answers.servers, "-b", blocklist, "--attempts", "1")
    found = scan.end()
    policies, endpoints = outcomes(found.policy), outcomes(found.endpoint)
    assert trap.addresses() == {"127.0.5.1", "127.0.6.1"}, trap.addresses()
    assert endpoints == {"mx.by-name.test": GREETING_5XX, "mx.by-address.test": BLOCKLISTED}, endpoints
    assert policies["by-address.test"] == BLOCKLISTED != policies["by-name.test"], policies
    trap.close()
    answers.close()
    print("CNAME: a listed target is contacted, a listed address is not")


def greet(address, port):
    """By the last number: every fourth holds on without a word, every fourth is for later, the others refuse."""
    return {0: None, 1: LATER}.get(int(address.split(".")[-1]) % 4, REFUSE)


def test_in_mid_scan(directory):
    answers, trap = Answers({}, port=5302), Trap([25], greet)
    domains = [f"n{i}.test" for i in range(200)]
    for i, domain in enumerate(domains):
        answers.add_domain(domain, f"mx.{domain}")
        answers.add_host(f"mx.{domain}", f"127.0.3.{i}")
    blocklist = write(directory, "mid.list", "192.0.2.0/24")
    scan = Scan(directory, "mid", domains, answers.servers, "-b", blocklist, "--fetch-policy", "never", "--connect-rate", "25",
                "--attempts", "2", "--retry-after", "1h", "--greeting-timeout", "1h", "--smtp-timeout", "1h", "--per-prefix-smtp", "0")
    until("one held, one told to come later", lambda: {0, 1} <= {int(c.address.split(".")[-1]) % 4 for c in list(trap.seen)})

    write(directory, "mid.list", "127.0.3.0/24", "127.0.3.0/33")
    said = scan.hang_up("SIGHUP")
    assert f"{blocklist}:2: " in said and "stay in force" in said, said
    met = len(trap.seen)
    until("contacts after a bad file", lambda: len(trap.seen) > met + 5)

    held = [c for c in list(trap.seen) if greet(c.address, 25) is None]
    waits = [c for c in list(trap.seen) if greet(c.address, 25) == LATER]
    assert held and waits
    listed = {f"127.0.3.{i}" for i in range(100, 200)} | {held[-1].address, waits[0].address}
    write(directory, "mid.list", "192.0.2.0/24", "127.0.3.100/30", "127.0.3.104/29", "127.0.3.112/28", "127.0.3.128/25",
          f"{held[-1].address} # asked by mail", waits[0].address, "mx.n98.test", "n99.test")
    said = scan.hang_up("SIGHUP")
    assert "blocklist" in said and "(was 1, 0)" in said, said
    until("the held connection is closed", lambda: held[-1].ended is not None)
    time.sleep(0.3)  # an accept of before may still be on its way to the log
    met = len(trap.seen)
    excluded = listed | {"127.0.3.98", "127.0.3.99"}
    until("all others are contacted", lambda: len(trap.addresses() | excluded) == len(domains))
    assert held[0] is held[-1] or held[0].ended is None, "a connection that nobody asked to end"
    found = scan.stop()
    later = {c.address for c in trap.seen[met:]}
    assert later and not later & excluded, later & excluded
    contacted = {c.address for c in trap.seen}
    by_ip = {e["ip"]: e for e in found.endpoint.values()}
    refused = [by_ip[ip] for ip in excluded - contacted]
    assert refused and all(e["oc"] == BLOCKLISTED and "att" not in e for e in refused), refused
    assert [a["oc"] for a in by_ip[held[-1].address]["att"]] == [BLOCKLISTED], by_ip[held[-1].address]
    assert [a["oc"] for a in by_ip[waits[0].address]["att"]] == [GREETING_4XX, BLOCKLISTED], by_ip[waits[0].address]
    others = [e for ip, e in by_ip.items() if ip not in excluded]
    assert others and not [e for e in others if e["oc"] == BLOCKLISTED]
    trap.close()
    answers.close()
    print(f"SIGHUP: {len(refused)} endpoints never contacted, one cut off, one not tried again; {len(later)} others contacted since")


def test_before_the_scan(directory):
    """SIGHUP while preflight is at work is not lost: the scan begins with the new list."""
    answers = Answers({}, port=5308)
    for domain in ("a.test", "b.test"):
        answers.add_domain(domain, f"mx.{domain}")
    blocklist = write(directory, "before.list", "192.0.2.0/24")
    answers.may_answer.clear()
    scan = Scan(directory, "before", ["a.test", "b.test"], answers.servers, "-b", blocklist, "--no-starttls", "--fetch-policy", "never")
    until("preflight", lambda: answers.asked, scan)
    write(directory, "before.list", "a.test", "_dmarc.b.test", "_tls.b.test")
    scan.process.send_signal(signal.SIGHUP)
    answers.may_answer.set()
    found = scan.end()
    assert scan.said("SIGHUP: blocklist"), scan.messages
    assert outcomes(found.domain) == {"a.test": BLOCKLISTED, "b.test": OK}, found.domain
    parts = {key for key, value in next(d for d in found.domain.values() if d["name"] == "b.test").items() if isinstance(value, dict) and value["oc"] == BLOCKLISTED}
    assert parts == {"dmarc", "rpt"}, parts
    assert not answers.was_asked("_dmarc.b.test") and not answers.was_asked("_smtp._tls.b.test")
    answers.close()
    print("SIGHUP before the scan: the new list holds from its beginning, also for names below a name")


def test_off_the_list_again(directory):
    """A host that was refused at an address has its record: it gets no second one when the address is off the list, and only then
    a name signals a policy for it."""
    answers, trap = Answers({}, port=5309), Trap([25], lambda address, port: REFUSE)
    answers.add_domain("plain.test", "mx.shared.test")
    answers.add_domain("signals.test", "mx.shared.test", sts=True)
    answers.failing["signals.test", MX] = 2  # with CD=1 too: its MX is known in the second round
    answers.add_host("mx.shared.test", "127.0.9.1")
    blocklist = write(directory, "off.list", "127.0.9.1")
    scan = Scan(directory, "off", ["plain.test", "signals.test"], answers.servers, "-b", blocklist, "--fetch-policy", "never",
                "--dns-retry-after", "3s", "--attempts", "1")
    until("the host is looked up", lambda: len(answers.was_asked("mx.shared.test")) >= 2 and not answers.failing["signals.test", MX], scan)
    time.sleep(0.5)
    write(directory, "off.list", "192.0.2.1")
    scan.hang_up("SIGHUP")
    found = scan.end()
    assert outcomes(found.endpoint) == {"mx.shared.test": BLOCKLISTED} and not trap.seen, (found.endpoint, trap.seen)
    trap.close()
    answers.close()
    print("off the list again: a host that was refused stays so in this scan")


def test_questions_that_wait(directory):
    """Names in work when they are listed: what is not asked yet never is, and their MX hosts are not for them."""
    answers = Answers({}, port=5307)
    domains = [f"n{i}.test" for i in range(400)]
    for domain in domains:
        answers.add_domain(domain, "mx.shared.test" if domain == "n0.test" else f"mx.{domain.split('.')[0]}-host.test")
    blocklist = write(directory, "questions.list", "192.0.2.0/24")
    scan = Scan(directory, "questions", domains, answers.servers, "-b", blocklist, "--no-starttls", "--fetch-policy", "never",
                "--records", "mx,sts", "--rates-file", write(directory, "slow", "dns-rate 50"))
    until("the first questions", lambda: answers.was_asked("n5.test"), scan)
    listed = sorted(set(domains) - {name for _, name, _ in list(answers.asked)})
    write(directory, "questions.list", *listed)
    scan.hang_up("SIGHUP")
    time.sleep(0.2)  # what has been sent may still be on its way
    before = len(answers.was_asked(*listed))
    write(directory, "slow", "dns-rate 1000")
    scan.hang_up("dns-rate")
    found = scan.end()
    assert len(answers.was_asked(*listed)) == before < len(listed) / 2, answers.was_asked(*listed)
    by_name = {r["name"]: r["oc"] for r in found.domain.values()}
    assert {n for n, oc in by_name.items() if oc == BLOCKLISTED} == set(listed), by_name
    assert len(found.host) == len(domains) - len(listed), len(found.host)
    answers.close()
    print(f"SIGHUP: {len(listed)} names whose questions waited are not asked any more")


def policies(directory, name, port, *options):
    """Three policy hosts that take a connection and say nothing; the third has a second address."""
    answers, trap = Answers({}, port=port), Trap([443], lambda address, port: None)
    for i in (1, 2, 3):
        answers.add_domain(f"p{i}.test", f"mx.p{i}.test", sts=True)
        answers.add_host(f"mta-sts.p{i}.test", f"127.0.6.{i}")
    answers.table["mta-sts.p3.test", A] = ["127.0.6.3", "127.0.6.4"]
    blocklist = write(directory, name + ".list", "192.0.2.0/24")
    scan = Scan(directory, name, [f"p{i}.test" for i in (1, 2, 3)], answers.servers, "-b", blocklist, "--no-starttls", *options)
    return answers, trap, scan, blocklist


def attempts(policy):
    return [(a.get("ip"), a["oc"]) for a in policy["att"]]


def test_policies_in_flight(directory):
    answers, trap, scan, blocklist = policies(directory, "fetch", 5305, "--policy-timeout", "1h", "--attempts", "1")
    until("all are held", lambda: len(trap.seen) == 3, scan)
    first = next(c.address for c in trap.seen if c.address in ("127.0.6.3", "127.0.6.4"))
    second = "127.0.6.4" if first == "127.0.6.3" else "127.0.6.3"
    write(directory, os.path.basename(blocklist), "mta-sts.p1.test", "127.0.6.2", first)
    scan.hang_up("SIGHUP")
    until("the other address", lambda: second in trap.addresses(), scan)
    until("the first are closed", lambda: all(c.ended for c in trap.seen if c.address != second), scan)
    found = {p["name"]: p for p in scan.stop().policy.values()}
    assert attempts(found["p1.test"]) == [("127.0.6.1", BLOCKLISTED)] and found["p1.test"]["oc"] == BLOCKLISTED, found
    assert attempts(found["p2.test"]) == [("127.0.6.2", BLOCKLISTED)] and found["p2.test"]["oc"] == BLOCKLISTED, found
    assert attempts(found["p3.test"]) == [(first, BLOCKLISTED), (second, STOP)], found["p3.test"]
    trap.close()
    answers.close()
    print("SIGHUP: policy fetches in flight are cut off, an address that is not listed is tried")


def test_policies_that_wait(directory):
    answers, trap, scan, blocklist = policies(directory, "retry", 5306, "--policy-timeout", "1s", "--retry-after", "1h")
    until("all had their time", lambda: len(trap.seen) == 3 and all(c.ended for c in trap.seen), scan)
    time.sleep(1)  # closed, and then put on the list of those that wait
    write(directory, os.path.basename(blocklist), "mta-sts.p1.test", "127.0.6.2", "127.0.6.3")
    scan.hang_up("SIGHUP")
    time.sleep(0.5)
    found = {p["name"]: p for p in scan.stop().policy.values()}
    last = {name: attempts(policy)[-1] for name, policy in found.items()}
    assert last == {"p1.test": (None, BLOCKLISTED), "p2.test": (None, BLOCKLISTED), "p3.test": (None, STOP)}, found
    assert found["p1.test"]["oc"] == found["p2.test"]["oc"] == BLOCKLISTED, found
    assert len(trap.seen) == 3, trap.addresses()
    trap.close()
    answers.close()
    print("SIGHUP: policies that wait for a retry end with it, one with an address left waits on")


def test_rates(directory):
    """The same names, as many queries a second as the file says."""
    answers = Answers({}, port=5303)
    rates = write(directory, "rates", "dns-rate 40  # slow")
    scan = Scan(directory, "rates-scan", [f"n{i}.test" for i in range(100000)], answers.servers, "--rates-file", rates,
                "--fetch-policy", "never", "--no-starttls", "--grace", "1s")

    def queries_in(seconds):
        before, began = len(answers.asked), time.monotonic()
        time.sleep(seconds)
        return (len(answers.asked) - before) / (time.monotonic() - began)

    until("the first queries", lambda: len(answers.asked) > 20)
    slow = queries_in(2)
    write(directory, "rates", "dns-rate fast")
    said = scan.hang_up("SIGHUP")
    assert f"{rates}:1: " in said and "stay in force" in said, said
    write(directory, "rates", "dns-rate 1200", "connect-rate 77", "max-connections 10")
    said = scan.hang_up("SIGHUP")
    assert "dns-rate 1200 (was 40)" in said and "connect-rate 77 (was 500)" in said and "max-connections 10 (was 3000)" in said
    fast = queries_in(2)
    assert slow < 100 and fast > 4 * slow, (slow, fast)
    assert "nothing changed" in scan.hang_up("SIGHUP")
    write(directory, "rates", "dns-rate 40")
    scan.hang_up("SIGHUP")
    time.sleep(0.5)
    again = queries_in(2)
    assert again < 100, again
    scan.stop()
    answers.close()
    print(f"queries a second: {slow:.0f} at 40, {fast:.0f} at 1200, {again:.0f} at 40")


def test_nothing_to_reread(directory):
    answers = Answers({("a.test", MX): "mx.a.test", ("mx.a.test", A): "127.0.4.1", ("_mta-sts.a.test", TXT): "x"}, port=5304)
    scan = Scan(directory, "nothing", [f"n{i}.test" for i in range(3000)], answers.servers, "--no-starttls", "--fetch-policy",
                "never", "--dns-rate", "200")
    until("a name", lambda: answers.was_asked("n0.test"))  # preflight asks before
    assert "nothing to read again" in scan.hang_up("SIGHUP")
    scan.stop()
    answers.close()
    print("SIGHUP without a file: said so, and went on")


def main():
    lab.isolate()
    own_all_addresses()
    with tempfile.TemporaryDirectory() as directory:
        for test in (test_from_the_start, test_cname_target, test_before_the_scan, test_off_the_list_again, test_questions_that_wait,
                     test_in_mid_scan, test_policies_in_flight, test_policies_that_wait, test_rates, test_nothing_to_reread):
            if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
                test(directory)


main()
