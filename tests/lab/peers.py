"""The other side of a scan: what the servers of the lab saw, and that nothing tried to leave."""
import os
import time
from collections import Counter

import mail
import web
from domains import MAIL_SERVERS
from expect_peers import SMTP_END, endpoints
from programs import ATTEMPTS, CONTACT

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
    for host in {h for _, h in web.policy_hosts()} | set(count):
        least, most = (scans, scans) if host in {h for d, h in web.policy_hosts() if d.policy.status == 200} else (
            scans, scans * ATTEMPTS)
        if not least <= count[host] <= most:
            wrong.append(f"{host}: {count[host]} requests in {scans} scans, expected {least}..{most}")
    wrong += [f"{host}: request {line!r}, User-Agent {agent!r}" for _, host, line, _, agent in requests
              if not line.startswith(f"GET {web.PATH} HTTP/") or CONTACT not in agent]
    return wrong
