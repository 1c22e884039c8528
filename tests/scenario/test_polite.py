#!/usr/bin/python3
"""How stscan treats an address, as the address sees it: pace, networks, the sample, addresses that are dead, busy or turn us away,
and whose fault it is when nothing answers (DESIGN.md, An endpoint)."""
import itertools
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402
from connections import is_connecting  # noqa: E402
from crowd import TLSA, Crowd, Watched, Zone, network  # noqa: E402
from running import until  # noqa: E402

NO_STARTTLS, CLOSED_EARLY, GREETING_4XX, GREETING_5XX = 67, 64, 61, 62
BLOCKLISTED, TCP_REFUSED, TCP_TIMEOUT, OUR_NETWORK, OUR_PORT_BLOCKED = 42, 50, 51, 116, 118
LAB = "127.0.0.0/8,fd00::/8,10.0.0.0/8"
DROPPED, NO_ROUTE = "10.9.0.0/16", "10.10.0.0/16"
LIMIT_SECONDS = 120
SLACK_SECONDS = 1.0  # what an accept() may be late on a busy machine


class Place:
    """A directory with the input and the output of scans."""

    def __init__(self):
        self.temp = tempfile.TemporaryDirectory()
        self.n = 0

    def command(self, domains, *options):
        self.n += 1
        names, self.out = (os.path.join(self.temp.name, f"{what}{self.n}") for what in ("names", "scan"))
        with open(names, "w", encoding="ascii") as file:
            file.writelines(f"{d}\n" for d in domains)
        return [programs.program("STSCAN"), "-f", names, "-o", self.out, "-T", "4", "--name-servers", "127.0.0.1:5300", "--lab", LAB,
                "--ehlo-name", "lab.test", "--smtp-port", "2525", "--https-port", "4433", "--dns-rate", "0", "--connect-rate", "100000",
                "--per-ip-interval", "0", "--control-rate", "0", "--attempts", "1", *options]

    def scan(self, domains, *options):
        """The records, and what was said on standard error."""
        done = subprocess.run(self.command(domains, "-q", *options), capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        assert done.returncode == 0, f"status {done.returncode}: {done.stderr}"
        return self.records(), done.stderr

    def records(self):
        programs.verified(self.out)
        return check.Scan(self.out)


def hosts_at(zone, prefix, addresses):
    """A domain with an MX host of its own for each address."""
    domains = []
    for i, address in enumerate(addresses):
        domain = f"{prefix}{i}.test"
        zone.mx(domain, f"mx.{domain}")
        zone.address(f"mx.{domain}", address)
        domains.append(domain)
    return domains


def outcomes(found, prefix=""):
    return Counter(e["oc"] for e in found.endpoint.values() if e["host"].startswith(f"mx.{prefix}"))


def test_pace(place):
    """One connection to an address, one each interval, eight to a network: 4 workers as fast as can be."""
    interval, one, zone = 0.2, "127.1.3.1", Zone()
    wide = [f"127.1.1.{i}" for i in range(1, 41)] * 3
    next_to_it = [f"127.1.2.{i}" for i in range(1, 6)]
    v6 = [f"fd00:1:0:{i:x}::1" for i in range(40)]
    domains = sum((hosts_at(zone, name, addresses) for name, addresses in
                   (("one", [one] * 20), ("wide", wide), ("next", next_to_it), ("v6", v6))), [])
    arrived = threading.Event()
    crowd = Crowd(zone, hold_seconds=0.05, arrived=arrived)
    scan = Watched(place.command(domains, "--per-ip-interval", "200ms"), r"endpoints: \d+/(\d+)", len(domains), arrived)
    assert scan.wait(LIMIT_SECONDS) == 0
    crowd.stop()
    found = place.records()
    assert outcomes(found) == {NO_STARTTLS: len(domains)}, outcomes(found)
    assert len(crowd.log) == len(domains)
    assert set(crowd.most_open.values()) == {1}, crowd.most_open
    assert crowd.most_in_network[network(one)] == 1
    for address in (wide[0], v6[0]):
        assert crowd.most_in_network[network(address)] == 8, crowd.most_in_network
    assert crowd.most_in_network[network(next_to_it[0])] == 5
    times = crowd.times(one)
    for (i, first), (j, last) in itertools.combinations(enumerate(times), 2):
        assert last - first > (j - i) * interval - SLACK_SECONDS, times
    began = sorted(e["att"][0].get("t", 0) for e in found.endpoint.values() if e["ip"] == one)
    assert all(b - a >= 1000 * interval for a, b in itertools.pairwise(began)), began  # by the scanner's own clock
    print(f"pace: {len(domains)} hosts; {one}: {len(times)} connections in {times[-1] - times[0]:.1f} s; at most "
          f"{crowd.most_in_network[network(wide[0])]} to {network(wide[0])}, {crowd.most_in_network[network(v6[0])]} to {network(v6[0])}")


HOSTS, LIMIT = 200, 20
STS, RPT, WITH_TLSA = range(150, 165), range(165, 180), (199,)  # of the hosts
SHARED = range(100, 105)  # of names without a signal, and last of ones with it


def sampled_zone(address):
    """The host of the first name comes first, then all others, last the names that signal what was plain."""
    zone = Zone()
    domains = hosts_at(zone, "d", [address] * HOSTS)
    zone.held = {d: 1 for d in domains[1:]}
    for i in STS:
        zone.txt(f"_mta-sts.{domains[i]}", "v=STSv1; id=1")
    for i in RPT:
        zone.txt(f"_smtp._tls.{domains[i]}", "v=TLSRPTv1; rua=mailto:a@b.test")
    for i in WITH_TLSA:
        host = f"mx.{domains[i]}"
        zone.add(f"_2525._tcp.{host}", TLSA, bytes([3, 1, 1]) + bytes(32))
        zone.secure |= {host, f"_2525._tcp.{host}"}
    for i in SHARED:
        zone.mx(f"late{i}.test", f"mx.{domains[i]}")
        zone.txt(f"_mta-sts.late{i}.test", "v=STSv1; id=1")
        zone.held[f"late{i}.test"] = 2
    return zone, domains


def sample(place, seed):
    """The hosts with an endpoint record. All hosts are there before the second one is begun."""
    address, arrived = "127.1.4.1", threading.Event()
    zone, domains = sampled_zone(address)
    crowd = Crowd(zone, arrived=arrived)
    exempt = {f"mx.{domains[i]}" for i in (*STS, *RPT, *WITH_TLSA)}
    shared = {f"mx.{domains[i]}" for i in SHARED}
    command = place.command([*domains, *(f"late{i}.test" for i in SHARED)], "--per-ip-hosts", str(LIMIT), "--seed", str(seed),
                            "--fetch-policy", "never")
    scan = Watched(command, r"(\d+) sampled out", HOSTS - len(exempt) - LIMIT, arrived)
    assert scan.wait(LIMIT_SECONDS) == 0
    crowd.stop()
    found = place.records()
    probed = {e["host"] for e in found.endpoint.values()}
    assert exempt | shared <= probed, (exempt | shared) - probed
    # some of the shared ones were in the sample of the plain ones, not all: the others were left out, then taken in
    assert LIMIT - len(shared) < len(probed - exempt - shared) <= LIMIT, len(probed)
    assert f"mx.{domains[0]}" in probed and len(crowd.log) == len(probed), (len(crowd.log), len(probed))
    assert list(found.ip) == [address], found.ip
    record = found.ip[address]
    assert (record["hosts"], record["n_sig"]) == (HOSTS, len(exempt | shared)), record
    assert set(record["sample"]) == probed and record["probed"] == len(probed), record
    assert set(outcomes(found)) == {NO_STARTTLS}
    assert f"endpoints: {len(probed)}/{len(probed)} (0 TLS), {HOSTS - len(probed)} sampled out" in scan.error[-2], scan.error[-2:]
    return probed


def test_sample(place):
    one, same, other = sample(place, 1), sample(place, 1), sample(place, 2)
    assert one == same, one ^ same
    assert one != other
    print(f"sample: {len(one)} of {HOSTS} hosts; the same with the same seed, {len(one ^ other)} differ with another")


def test_by_address(place):
    """Addresses that fail before the greeting are not asked for each host."""
    dead, away, busy, zone = "127.1.5.1", "127.1.6.1", "127.1.7.1", Zone()
    domains = sum((hosts_at(zone, name, [address] * 60) for name, address in (("dead", dead), ("away", away), ("busy", busy))), [])
    crowd = Crowd(zone, says={dead: "close", away: "554", busy: "421"})
    found, _ = place.scan(domains, "--attempts", "3", "--retry-after", "4s", "--per-ip-hosts", "55")
    crowd.stop()
    count = Counter(address for address, _ in crowd.log)
    for prefix, address, oc, least, most in (("dead", dead, CLOSED_EARLY, 5, 20), ("away", away, GREETING_5XX, 3, 3),
                                             ("busy", busy, GREETING_4XX, 5, 20)):
        here = [e for e in found.endpoint.values() if e["ip"] == address]
        assert outcomes(found, prefix) == {oc: 55}, outcomes(found, prefix)
        assert least <= count[address] <= most, (address, count)
        own = sum(len(e.get("att", [])) for e in here)
        assert own == count[address], (own, count)
        assert sum("by_ip" in e for e in here) >= 55 - most
        assert all("att" in e or "by_ip" in e for e in here)
        assert (found.ip[address]["hosts"], len(found.ip[address]["sample"])) == (60, found.ip[address]["probed"])
    # a tenth of the first wait for a retry, doubled each time
    began = sorted(a["t"] for e in found.endpoint.values() if e["ip"] == busy for a in e.get("att", []))
    assert all(b - a >= rest for a, b, rest in zip(began, began[1:], (400, 800, 1600, 3200))), began
    print(f"by address: {dict(count)} connections for 55 hosts each, 3 rounds")


def test_tail_without_limit(place):
    """--tail 0 is no limit: what waits for a retry has it."""
    zone = Zone()
    domains = hosts_at(zone, "d", ["127.1.10.1"])
    crowd = Crowd(zone, says={"127.1.10.1": "421"})
    found, _ = place.scan(domains, "--attempts", "2", "--retry-after", "2s", "--tail", "0")
    crowd.stop()
    endpoint, = found.endpoint.values()
    assert [a["oc"] for a in endpoint["att"]] == [GREETING_4XX] * 2, endpoint
    print("tail: without a limit a retry is waited for")


def test_blocked(place):
    """The port is dropped: said, and held against nobody. Policies go on."""
    zone = Zone()
    domains = hosts_at(zone, "d", [f"10.9.{i // 50}.{i % 50 + 1}" for i in range(120)])
    zone.txt("_mta-sts.d0.test", "v=STSv1; id=1")
    zone.address("mta-sts.d0.test", "127.1.8.1")  # nobody listens
    crowd = Crowd(zone)
    for attempts in "1", "2":  # through before the verdict, and waiting for another attempt
        blocked(place, domains, attempts)
    crowd.stop()
    print("blocked: 120 endpoints, all of them ours")


def blocked(place, domains, attempts):
    found, error = place.scan(domains, "--connect-timeout", "1s", "--per-prefix-smtp", "0", "--attempts", attempts, "--retry-after", "1h")
    assert "port 2525 seems to be blocked from this host" in error and "--no-starttls" in error, error
    assert outcomes(found) == {OUR_PORT_BLOCKED: 120}, outcomes(found)
    assert found.policy["d0.test"]["oc"] == TCP_REFUSED
    code, text, error = programs.ststat("summary", "--json", place.out)
    assert code == 0, error
    counts = json.loads(text)["counters"]
    assert (counts["ep"], counts["ep_ours"], counts["ep_unreachable"]) == (120, 120, 0), counts
    seen = Counter(tuple(a["oc"] for a in e.get("att", [])) for e in found.endpoint.values())
    assert seen[TCP_TIMEOUT, OUR_PORT_BLOCKED] >= 100 - 1, seen  # what was seen stays


def test_blocked_and_listed(place):
    """The port is dropped, and an address is put on the blocklist while it is being tried: that is no connection."""
    zone, blocklist = Zone(), os.path.join(place.temp.name, "listed")
    domains = hosts_at(zone, "d", [f"10.9.2.{i + 1}" for i in range(120)])
    listed = ["10.9.2.1", "10.9.2.60"]
    with open(blocklist, "w", encoding="ascii"):
        pass
    crowd = Crowd(zone)
    process = subprocess.Popen(place.command(domains, "-q", "--connect-timeout", "6s", "--per-prefix-smtp", "0", "-b", blocklist),
                               stderr=subprocess.PIPE, text=True)
    until("the addresses are tried", lambda: all(is_connecting(a, 2525) for a in listed))
    with open(blocklist, "w", encoding="ascii") as file:
        file.writelines(a + "\n" for a in listed)
    process.send_signal(signal.SIGHUP)
    error = process.communicate(timeout=LIMIT_SECONDS)[1]
    crowd.stop()
    found = place.records()
    assert process.returncode == 0 and "port 2525 seems to be blocked from this host" in error, error
    assert outcomes(found) == {OUR_PORT_BLOCKED: 118, BLOCKLISTED: 2}, outcomes(found)
    print("blocked, and 2 addresses excluded while they were tried: the others are ours")


def test_few(place):
    """Too few addresses to tell: the records stand, and a line says so. Nothing is said where one took a connection."""
    zone = Zone()
    domains = hosts_at(zone, "d", [f"10.9.1.{i + 1}" for i in range(20)])
    live = hosts_at(zone, "live", ["127.1.9.1"])
    crowd = Crowd(zone)
    options = "--connect-timeout", "1s", "--per-prefix-smtp", "0"
    found, error = place.scan(domains, *options)
    assert "none of the 20 addresses" in error and "port 2525 may be blocked" in error, error
    assert outcomes(found) == {TCP_TIMEOUT: 20}, outcomes(found)
    found, error = place.scan(domains + live, *options)
    assert error == "", error
    assert outcomes(found) == {TCP_TIMEOUT: 20, NO_STARTTLS: 1}, outcomes(found)
    crowd.stop()
    print("few: 20 addresses time out, with and without one that answers")


def test_held_to_the_end(place):
    """What waits for the verdict on the port has its record however the scan ends, and whatever is excluded meanwhile."""
    zone, blocklist = Zone(), os.path.join(place.temp.name, "held")
    addresses = [f"10.9.4.{i + 1}" for i in range(20)]
    domains = hosts_at(zone, "d", addresses)
    zone.mx("silent.test", "mx.silent.test")
    zone.held = {"silent.test": 1}  # never answered: the name waits for its second round, and nothing is settled
    options = "--connect-timeout", "1s", "--per-prefix-smtp", "0", "--dns-timeout", "500ms", "--dns-deadline", "1s", "-b", blocklist
    crowd = Crowd(zone)
    for end in "tail", "signal":
        with open(blocklist, "w", encoding="ascii"):
            pass
        tail = ["--tail", "4s"] if end == "tail" else []
        process = subprocess.Popen(place.command([*domains, "silent.test"], *options, *tail), stderr=subprocess.PIPE, text=True)
        until("all are tried", lambda: all(is_connecting(a, 2525) for a in addresses))
        until("all are held", lambda: not any(is_connecting(a, 2525) for a in addresses))
        with open(blocklist, "w", encoding="ascii") as file:
            file.write(addresses[0] + "\n")
        process.send_signal(signal.SIGHUP)
        if end == "signal":
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
        error = process.communicate(timeout=LIMIT_SECONDS)[1]
        assert process.returncode == (3 if end == "signal" else 0), error
        assert "(was 0, 0)" in error and "none of the 20 addresses" in error, error
        found = place.records()
        assert outcomes(found) == {TCP_TIMEOUT: 20} and len(found.domain) == 21, outcomes(found)
    crowd.stop()
    print("held: 20 endpoints have their record when the tail is over, and when the scan is stopped")


def test_slow_greeting(place):
    """100 addresses are dead before the one that took a connection at once has greeted: the port is open all the same."""
    zone = Zone()
    live = hosts_at(zone, "live", ["127.1.11.1"])
    dead = hosts_at(zone, "d", [f"10.9.3.{i + 1}" for i in range(120)])
    crowd = Crowd(zone, hold_seconds=5)
    found, error = place.scan(live + dead, "--connect-timeout", "1s", "--per-prefix-smtp", "0")
    crowd.stop()
    assert error == "", error
    assert outcomes(found) == {TCP_TIMEOUT: 120, NO_STARTTLS: 1}, outcomes(found)
    print("slow greeting: it took a connection, so the port is open")


def test_many_slow_hosts(place):
    """Names with many MX hosts that keep us waiting do not hold up others: the first host of each name comes before any second
    one, and those beyond the first hold half of the connections at most."""
    zone, names, hosts, most = Zone(), 8, 8, 12
    slow = [f"slow{n}.test" for n in range(names)]
    for n, name in enumerate(slow):
        for k in range(hosts):
            zone.mx(name, f"mx{k}.{name}")
            zone.address(f"mx{k}.{name}", f"10.9.{20 + n}.{k + 1}")
    good = hosts_at(zone, "good", [f"127.2.{n}.1" for n in range(40)])
    crowd = Crowd(zone)
    found, _ = place.scan(slow + good, "--connect-timeout", "1s", "--max-connections", str(most), "--per-prefix-smtp", "0")
    crowd.stop()
    assert outcomes(found, "good") == {NO_STARTTLS: len(good)}, outcomes(found)
    began = {host: e["att"][0]["t"] for (host, *_), e in found.endpoint.items()}
    late = sorted(t for host, t in began.items() if "slow" in host and not host.startswith("mx0."))
    last = max(t for host, t in began.items() if "good" in host)
    assert len(late) == names * (hosts - 1) and last < late[len(late) // 2], (last, late)
    assert all(b - a > 900 for a, b in zip(late, late[most // 2:])), late
    print(f"{names} names of {hosts} slow hosts: {sum(t > last for t in late)} of {len(late)} second ones came after {len(good)} others")


SLOW, SLOW_HOSTS, CONNECTIONS = 16, 8, 40  # more slow second hosts than connections and what the gate takes (GATE_MOST_LATE)
TOLD_SECONDS = 0.3, 0.7


def slow_names(zone, names):
    for n in range(names):
        for k in range(SLOW_HOSTS):
            zone.mx(f"slow{n}.test", f"mx{k}.slow{n}.test")
            zone.address(f"mx{k}.slow{n}.test", f"10.9.{20 + n}.{k + 1}")
    return [f"slow{n}.test" for n in range(names)]


def behind_slow(place, zone, names):
    """{host: when it was first tried}; the names in zone.held are answered when others stand in line, numbers in turn; and when
    the second hosts of slow names were tried."""
    crowd = Crowd(zone)
    told = [threading.Timer(seconds, crowd.loop.call_soon_threadsafe, (crowd.let_go, held + 1)) for held, seconds in enumerate(TOLD_SECONDS)]
    for timer in told:
        timer.start()
    found, _ = place.scan(names, "-T", "1", "--connect-timeout", "1s", "--max-connections", str(CONNECTIONS), "--per-prefix-smtp", "0")
    for timer in told:
        timer.join()
    crowd.stop()
    began = {host: e["att"][0]["t"] for (host, *_), e in found.endpoint.items()}
    late = sorted(t for host, t in began.items() if "slow" in host and not host.startswith("mx0."))
    assert len(late) == SLOW * (SLOW_HOSTS - 1), len(late)
    assert {e["oc"] for (host, *_), e in found.endpoint.items() if "slow" not in host} == {NO_STARTTLS}
    return began, late


def test_second_and_first(place):
    """A host that is the second one of names with many, and then turns out to be the first one of another, does not wait with the
    former: here behind slow ones."""
    zone, many = Zone(), [f"many{n}.test" for n in range(5)]
    names = slow_names(zone, SLOW)
    good = hosts_at(zone, "good", [f"127.2.{n}.1" for n in range(40)])
    for n, name in enumerate(many):
        for host in f"first.{name}", *(f"mx.{of}" for of in good[n::len(many)]):
            zone.mx(name, host)
        zone.address(f"first.{name}", f"127.3.{n}.1")
    zone.held = {**{name: 1 for name in many}, **{name: 2 for name in good}}
    began, late = behind_slow(place, zone, [*names, *many, *good])
    last = max(t for host, t in began.items() if "good" in host)
    assert len(began) == SLOW * SLOW_HOSTS + len(many) + len(good) and last < late[-1] - 500, (last, late)
    print(f"second and first: {len(good)} good hosts after {last} ms, the last slow one that they had stood behind after {late[-1]} ms")


def test_few_before_many(place):
    """The second hosts of names with two come before those of names with many that were there first."""
    zone = Zone()
    names = slow_names(zone, SLOW)
    good = hosts_at(zone, "good", [f"127.2.{n}.1" for n in range(20)])
    for n, name in enumerate(good):
        zone.mx(name, f"second.{name}")
        zone.address(f"second.{name}", f"127.3.{n}.1")
    zone.held = {name: 1 for name in good}
    began, late = behind_slow(place, zone, [*names, *good])
    last = max(t for host, t in began.items() if host.startswith("second."))
    assert len(began) == SLOW * SLOW_HOSTS + 2 * len(good) and last < late[-1] - 500, (last, late)
    print(f"few before many: {len(good)} second hosts of names with two after {last} ms, the last of names with many after {late[-1]} ms")


def test_no_route(place):
    zone = Zone()
    domains = hosts_at(zone, "d", [f"10.10.1.{i + 1}" for i in range(110)])
    crowd = Crowd(zone)
    found, error = place.scan(domains)
    crowd.stop()
    assert error == "", error
    assert outcomes(found) == {OUR_NETWORK: 110}, outcomes(found)
    print("no route: 110 endpoints OUR_NETWORK")


def main():
    lab.isolate()
    for command in ("link set lo up", "-6 route add local fd00:1::/48 dev lo", f"route add {DROPPED} dev lo",
                    f"route add unreachable {NO_ROUTE}"):
        subprocess.run(["ip", *command.split()], check=True)
    place = Place()
    for test in (test_pace, test_sample, test_by_address, test_tail_without_limit, test_blocked, test_blocked_and_listed, test_few,
                 test_held_to_the_end, test_slow_greeting,
                 test_many_slow_hosts, test_second_and_first, test_few_before_many, test_no_route):
        if len(sys.argv) < 2 or test.__name__ in sys.argv[1:]:
            test(place)


main()
