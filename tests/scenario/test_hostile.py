#!/usr/bin/python3
"""Hostile peers (tests/HOSTILE.md): each costs at most its deadline and its byte cap, is recorded for what it is, and the good
names beside it are scanned as if it were not there."""
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from types import SimpleNamespace

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import hostile  # noqa: E402
import hostile_certs  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402
import scripted_server  # noqa: E402
from answers import A, MX, TXT, Answers  # noqa: E402
from expect import OC  # noqa: E402
from running import Scan  # noqa: E402
from scripted_https import POLICY  # noqa: E402
from trap import Trap  # noqa: E402

KERNEL_BYTES = 64 << 10  # what a socket of ours and one of the peer hold
READ_BYTES = 32 << 10    # what the last read brought at once, and what the peer said before
DEADLINE_SECONDS = 3     # of a dialog, of a fetch
SLACK_SECONDS = 2
LIMIT_SECONDS = 240
CPU_SECONDS = 10         # of the whole scan, sanitizers included
MX_MOST, MX_LIMIT, ADDRESS_LIMIT = 1000, 20, 8


def small_buffers():
    """So that what a peer gets rid of is what was read, but for so much."""
    for name in ("tcp_rmem", "tcp_wmem"):
        with open(f"/proc/sys/net/ipv4/{name}", "w", encoding="ascii") as file:
            file.write(f"4096 {KERNEL_BYTES // 2} {KERNEL_BYTES // 2}")


def start_peers(directory):
    warnings.simplefilter("ignore", DeprecationWarning)  # old versions of TLS
    pki = os.path.join(directory, "pki")
    hostile_certs.make(pki, {p.host: p.kind for p in hostile.PEERS_SMTP + hostile.PEERS_HTTPS})
    server = scripted_server.Server(directory, pki)
    listeners = server.serve(hostile.PEERS_SMTP, 25) + server.serve(hostile.PEERS_HTTPS, 443)
    threading.Thread(target=server.run, args=(listeners,), daemon=True).start()
    return os.path.join(pki, "root.pem")


def publish(answers):
    for peer in hostile.PEERS_SMTP:
        answers.add_domain(peer.name, peer.host)
        answers.add_host(peer.host, peer.addresses[0])
    for peer in hostile.PEERS_HTTPS:
        answers.add(f"_mta-sts.{peer.name}", TXT, "v=STSv1; id=1;")
        answers.add_host(peer.host, peer.addresses[0])
    answers.add("many-mx.test", MX, [f"m{n}.many-mx.test" for n in range(MX_MOST)])
    for n in range(MX_MOST):
        answers.add_host(f"m{n}.many-mx.test", "127.0.7.1")
    answers.add_domain("many-addresses.test", "mx.many-addresses.test")
    answers.add("mx.many-addresses.test", A, [f"127.0.{10 + n // 250}.{1 + n % 250}" for n in range(4000)])
    answers.add("_mta-sts.large-txt.test", TXT, ["v=STSv1; id=1;", *("x" * 240 for _ in range(250))])
    return sorted({p.name for p in hostile.PEERS_SMTP + hostile.PEERS_HTTPS} | {
        "many-mx.test", "many-addresses.test", "large-txt.test"})


def run(directory, answers, ca, names):
    path, out, patience = os.path.join(directory, "names"), os.path.join(directory, "scan"), programs.patience()
    with open(path, "w", encoding="ascii") as file:
        file.writelines(name + "\n" for name in names)
    deadline = DEADLINE_SECONDS * patience
    before = os.times()
    command = [programs.program("STSCAN"), "-q", "-f", path, "-o", out, "-T", "2", "--name-servers", answers.servers, "--lab",
               "127.0.0.0/8", "--ca-file", ca, "--ehlo-name", "lab.test", "--contact", programs.CONTACT, "--seed", "1", "--dns-rate",
               "0", "--control-rate", "0", "--attempts", "1", "--dns-retry-after", "0", "--per-ip-interval", "0",
               "--per-prefix-smtp", "0", "--per-prefix-https", "0", "--mx-limit", str(MX_LIMIT), "--address-limit", str(ADDRESS_LIMIT)]
    for option in ("connect", "greeting", "smtp", "policy"):
        command += [f"--{option}-timeout", f"{deadline * 1000:.0f}ms"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, f"status {done.returncode}: {done.stderr}"
    after = os.times()
    code, text, error = programs.ststat("verify", out)
    assert code == 0, text + error
    for table in ("domains", "hosts", "endpoints"):
        code, _, error = programs.ststat("export", "--format", "csv", "--table", table, out)
        assert code == 0, error
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    scan = check.Scan(out)
    gaps = sum(r.get("gaps", 0) for part in scan.stream for kind, r in part if kind == "end")
    return SimpleNamespace(scan=scan, deadline=deadline, cpu_seconds=cpu, gaps=gaps)  # gaps: stood still, and waits that much longer


def record_fault(peer, record):
    """What is wrong with the record."""
    oc = record["oc"]
    if oc not in [OC[name] for name in peer.outcomes]:
        names = {number: name for name, number in OC.items()}
        return f"{names.get(oc, oc)} (source {record['att'][-1].get('src')}, {record['att'][-1].get('raw')}), expected {' or '.join(peer.outcomes)}"
    if peer.tls != ("tls" in record):
        return "a handshake" if "tls" in record else "no handshake"
    if peer.kind == "chain" and len(record["tls"]["chain"]) != 64:
        return f"{len(record['tls']['chain'])} certificates"
    return None


def cost_fault(peer, record, found, connections):
    """What is wrong with what the peer saw of us."""
    if len(connections) != 1:
        return f"{len(connections)} connections"
    c = connections[0]
    most = peer.most_bytes + KERNEL_BYTES + READ_BYTES
    if c["sent"] > most:
        return f"took {c['sent']} bytes, more than {most}"
    spent = sum(attempt.get("ms", 0) for attempt in record["att"]) / 1000
    if max(spent, c["seconds"] - SLACK_SECONDS) > found.deadline + SLACK_SECONDS and not found.gaps:
        return f"held for {c['seconds']:.1f} s, more than {found.deadline} s: {record['att']}"
    return None


def settled(directory, n):
    end = time.monotonic() + 10
    while len(scripted_server.connections(directory)) < n and time.monotonic() < end:
        time.sleep(0.05)
    return scripted_server.connections(directory)


def judge_peers(directory, found):
    """The faults, and lines for the table."""
    seen, wrong, lines = settled(directory, len(hostile.PEERS_SMTP) + len(hostile.PEERS_HTTPS)), [], []
    names = {number: name for name, number in OC.items()}
    for peers, port in ((hostile.PEERS_SMTP, 25), (hostile.PEERS_HTTPS, 443)):
        for peer in peers:
            record = found.scan.endpoint[peer.host, peer.addresses[0], 25] if port == 25 else found.scan.policy[peer.name]
            mine = [c for c in seen if c["address"] == peer.addresses[0] and c["port"] == port]
            faults = [fault for fault in (record_fault(peer, record), cost_fault(peer, record, found, mine)) if fault]
            wrong += [f"{peer.host}: {fault}" for fault in faults]
            lines += [f"{peer.host:38} {names[record['oc']]:22} {c['sent']:7} bytes {c['seconds']:5.1f} s" for c in mine]
    return wrong, lines


def judge_good(found):
    """The good names were not kept waiting by the others."""
    for name in hostile.GOOD:
        for record in (found.scan.endpoint[f"mx.{name}.test", hostile.GOOD[name].addresses[0], 25], found.scan.policy[f"{name}.test"]):
            assert record["oc"] == OC["OK"], record
        assert found.scan.policy[f"{name}.test"]["body"] == POLICY


def judge_dns(answers, found):
    domains = {r["name"]: r for r in found.scan.domain.values()}
    many = domains["many-mx.test"]
    assert len(many["mx"]["mx"]) == MX_MOST and many["mx_cut"] == MX_MOST - MX_LIMIT, many
    asked = {name for name, _ in answers.was_asked("many-mx.test") if name.startswith("m")}
    hosts = [h for h in found.scan.host if h.endswith(".many-mx.test")]
    assert len(hosts) == MX_LIMIT and len(asked - {"many-mx.test"}) == MX_LIMIT, (hosts, asked)
    host = found.scan.host["mx.many-addresses.test"]
    ends = [key for key in found.scan.endpoint if key[0] == "mx.many-addresses.test"]
    assert len(host["a"]["addr"]) == 4000 and len(ends) == ADDRESS_LIMIT, (len(host["a"]["addr"]), ends)
    large = domains["large-txt.test"]
    assert len(large["sts"]["txt"]) == 251 and found.scan.policy["large-txt.test"], large["sts"]["oc"]
    print(f"{MX_MOST} MX: {MX_LIMIT} hosts looked up; 4,000 addresses: {len(ends)} contacted; 60 KiB of TXT: read")


def most_open(connections):
    changes = sorted([(c.began, 1) for c in connections] + [(c.ended, -1) for c in connections])
    total = most = 0
    for _, change in changes:
        total += change
        most = max(most, total)
    return most


def test_one_network(directory):
    """Who has many addresses in one network does not get all connections there are: 100 silent policy hosts, and room for 40."""
    held, other = [f"127.0.30.{n}" for n in range(1, 101)], "127.0.31.1"
    answers, trap = Answers({}, port=5301), Trap([443])
    trap.greet = lambda address, port: b"no TLS" if address == other else None
    for n, address in enumerate([*held, other]):
        answers.add(f"_mta-sts.n{n}.test", TXT, "v=STSv1; id=1;")
        answers.add_host(f"mta-sts.n{n}.test", address)
    Scan(directory, "network", [f"n{n}.test" for n in range(len(held) + 1)], answers.servers, "--no-starttls", "--attempts", "1",
         "--connect-rate", "0", "--max-connections", "40", "--per-prefix-https", "30", "--policy-timeout", "1s").end()
    trap.close()
    silent, served = ([c for c in trap.seen if (c.address == other) == which] for which in (False, True))
    assert len(silent) == len(held) and most_open(silent) == 30, (len(silent), most_open(silent))
    assert len(served) == 1 and served[0].began < sorted(c.began for c in silent)[40], "the other waited for those of one network"
    print(f"a network of {len(held)} silent policy hosts: {most_open(silent)} connections at a time")


def main():
    lab.isolate()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    small_buffers()
    with tempfile.TemporaryDirectory() as directory:
        test_one_network(directory)
        ca = start_peers(directory)
        answers = Answers({})
        answers.serve_streams()
        found = run(directory, answers, ca, publish(answers))
        wrong, lines = judge_peers(directory, found)
    print("\n".join(lines))
    assert not wrong, "\n" + "\n".join(wrong)
    judge_good(found)
    judge_dns(answers, found)
    assert found.cpu_seconds < CPU_SECONDS, f"{found.cpu_seconds:.1f} s of CPU time"
    print(f"{len(lines)} peers, {found.cpu_seconds:.2f} s of CPU time")


main()
