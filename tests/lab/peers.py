"""The other side of a scan: what the servers of the lab saw, and that nothing tried to leave."""
import os
import time
from collections import Counter

import expect_scripted
import mail
import scripted_https
import scripted_server
import scripted_smtp
import web
from domains import MAIL_SERVERS
from expect_peers import SMTP_END, endpoints
from programs import ATTEMPTS, CONTACT

MOST_SENT = 1 << 20  # bytes that an endless peer gets rid of, those that wait in the kernel included
POLITE = "ehlo=2 starttls=1 quit=1"  # what Postfix sums up after a whole probe: nothing else was said


def expected_sessions(lab_dir):
    """server -> (fewest, most) sessions in one scan, one for each of its addresses."""
    named = {address: s.name for s in MAIL_SERVERS for address in s.addresses if address != "::1"}
    probed = Counter(named.get(address, host) for host, address in endpoints(lab_dir))
    least = {s.name: SMTP_END.get(s.behaviour, ("OK", None, 1))[2] for s in MAIL_SERVERS}
    return {s.name: (probed[s.name] * least[s.name], probed[s.name] * (ATTEMPTS if s.behaviour in SMTP_END else 1))
            for s in MAIL_SERVERS}


def settled_sessions(directory):
    """Sessions from Postfix's log, once that has stopped growing."""
    seen, end = None, time.monotonic() + 3
    while time.monotonic() < end:
        now = mail.sessions(directory)
        if now == seen:
            break
        seen = now
        time.sleep(0.2)
    return seen


def settled_connections(directory, number):
    """Those of the scripted peers, once all have ended."""
    end = time.monotonic() + 5
    while time.monotonic() < end and len(scripted_server.connections(directory)) < number:
        time.sleep(0.1)
    return scripted_server.connections(directory)


def smtp_fault(peer, c):
    """What is wrong with a dialog. Every command waits for its turn, and there is none where TLS was to begin."""
    turns = ["EHLO lab.test", "HELO lab.test", "STARTTLS", "EHLO lab.test", "QUIT"]
    for line in c["heard"]:
        if line not in turns:
            return f"out of turn: {c['heard']}"
        del turns[:turns.index(line) + 1]
    if c["unheard"] and peer.tls is None and not peer.outcome.startswith("TLS_"):
        return f"{c['unheard']} bytes that nobody asked for behind {c['heard']}"
    return None


def https_fault(peer, c):
    lines = c["heard"][0].split("\r\n") if c["heard"] else []
    if lines and (lines[0] != f"GET {web.PATH} HTTP/1.1" or f"Host: {peer.host}" not in lines or CONTACT not in
                  c["heard"][0]):
        return f"request {lines}"
    return None


def scripted_complaints(directory, scans):
    """As many connections as attempts, each polite, and none that took all that an endless peer had to give."""
    expected = {peer.name: scans * expect_scripted.connections(peer) for peer in
                scripted_smtp.PEERS + scripted_https.PEERS}
    seen = settled_connections(directory, sum(expected.values()))
    count = Counter(c["peer"] for c in seen)
    wrong = [f"{name}: {count[name]} connections, expected {number}" for name, number in expected.items()
             if count[name] != number]
    faults = [(c, smtp_fault(peer, c)) for peer in scripted_smtp.PEERS for c in seen if c["peer"] == peer.name] + [
        (c, https_fault(peer, c)) for peer in scripted_https.PEERS for c in seen if c["peer"] == peer.name]
    wrong += [f"{c['peer']}: {fault}" for c, fault in faults if fault]
    return wrong + [f"{c['peer']}: took {c['sent']} bytes" for c in seen if c["sent"] > MOST_SENT]


def complaints(running, scans):
    """What the servers saw that `scans` right scans would not have done."""
    wrong = []
    if running.packets_astray():
        wrong.append(f"{running.packets_astray()} packets were meant for an address outside loopback")
    seen = settled_sessions(os.path.join(running.dir, "mail"))
    count = Counter(name for name, _ in seen)
    for name, (least, most) in expected_sessions(running.dir).items():
        if not scans * least <= count[name] <= scans * most:
            wrong.append(f"{name}: {count[name]} SMTP sessions in {scans} scans, each should make {least}..{most}")
    whole = {s.name for s in MAIL_SERVERS if s.behaviour not in SMTP_END}
    wrong += [f"{name}: an SMTP session of {said!r}" for name, said in seen if name in whole and POLITE not in said]
    requests = web.requests(os.path.join(running.dir, "web"))
    count = Counter(host for _, host, _, _, _ in requests)
    served = {h: d.policy for d, h in web.policy_hosts()}
    for host in set(served) | set(count):  # each address is asked
        least = scans * (len(served[host].listen) if host in served else 1)
        most = least if host in served and served[host].status == 200 else scans * ATTEMPTS
        if not least <= count[host] <= most:
            wrong.append(f"{host}: {count[host]} requests in {scans} scans, expected {least}..{most}")
    wrong += scripted_complaints(os.path.join(running.dir, "scripted"), scans)
    wrong += [f"{host}: request {line!r}, User-Agent {agent!r}" for _, host, line, _, agent in requests
              if not line.startswith(f"GET {web.PATH} HTTP/") or CONTACT not in agent]
    return wrong
