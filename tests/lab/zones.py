"""Knot (the authority of every zone) and unbound (the validating resolver), configured from the table."""
import os
import socket
import struct
import subprocess

import pki
from domains import DOMAINS, EXIM_SERVERS, MAIL_SERVERS

AUTHORITY, RESOLVER = "127.0.0.2", "127.0.0.1"
REFUSER = "127.0.0.3"  # a second knot without zones: it refuses every question
SOA, MX, DNSKEY = 6, 15, 48

KNOT = """
server:
    rundir: "{dir}"
    pidfile: "{dir}/knotd.pid"
    listen: {address}@53
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: "{dir}/db"
    journal-db-max-size: 16M
    kasp-db-max-size: 16M
    timer-db-max-size: 1M
    catalog-db-max-size: 5M
policy:
  - id: lab
    algorithm: ecdsap256sha256
    single-type-signing: on
    ksk-lifetime: 0
template:
  - id: default
    storage: "{dir}"
    semantic-checks: off
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
  - id: signed
    storage: "{dir}"
    semantic-checks: off
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
    dnssec-signing: on
    dnssec-policy: lab
zone:
"""
UNBOUND_CONF = """
server:
    interface: {resolver}
    access-control: 127.0.0.0/8 allow
    do-ip6: no
    so-rcvbuf: 8m
    chroot: ""
    username: ""
    directory: "{dir}"
    pidfile: "{dir}/unbound.pid"
    use-syslog: no
    logfile: ""
    num-threads: 1
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor-file: "{dir}/anchor"
    val-log-level: 2
    ede: yes
    local-zone: "test." nodefault
    local-zone: "refused.test." refuse
    local-zone: "1." always_nxdomain
remote-control:
    control-enable: no
stub-zone:
    name: "test."
    stub-addr: {authority}
forward-zone:
    name: "."
    forward-addr: {authority}
"""


def served():
    return [d for d in DOMAINS if d.zone in ("served", "bogus")]


def host_records(zone, pki_dir):
    """Addresses and TLSA records of the mail servers whose names are in this zone."""
    for server in MAIL_SERVERS + EXIM_SERVERS:
        if server.name != zone and not server.name.endswith("." + zone):
            continue
        for address in server.addresses:
            yield f"{server.name}. {'AAAA' if ':' in address else 'A'} {address}\n"
        if server.tlsa:
            digest = pki.spki_sha256(pki_dir, server.name) if server.tlsa == "match" else "00" * 32
            yield f"_25._tcp.{server.name}. TLSA 3 1 1 {digest}\n"


def zone_text(name, records):
    head = f"$ORIGIN {name}.\n$TTL 300\n@ SOA ns.test. hostmaster.test. 1 3600 600 86400 300\n@ NS ns.test.\n"
    return head + records


def parent_text(ds_of):
    """The zone test. itself: a delegation for each domain, and a DS where it is signed."""
    lines = [f"ns A {AUTHORITY}\nrefuser A {REFUSER}\n"]
    for d in DOMAINS:
        if d.zone not in ("absent", "refused"):
            lines.append(f"{d.name}. NS {'refuser' if d.zone == 'lame' else 'ns'}.test.\n")
        if d.signed:
            ds = ds_of[d.name]
            if d.zone == "bogus":
                ds = ds[:-8] + "".join("%x" % (15 - int(digit, 16)) for digit in ds[-8:])
            lines.append(ds + "\n")
    return zone_text("test", "".join(lines))


def make_key(directory, name):
    """A signing key; returns the DS record (digest type 2) as zone file text."""
    run = ["keymgr", "-c", os.path.join(directory, "knot.conf"), name + "."]
    for args in (["generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes"], ["ds"]):
        out = subprocess.run(run + args, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if out.returncode:
            raise RuntimeError(f"keymgr {name} {args[0]}: {out.stdout}{out.stderr}")
    return next(line for line in out.stdout.splitlines() if line.split()[4] == "2").replace(" DS ", " 300 DS ")


def configure_refuser(directory):
    os.makedirs(os.path.join(directory, "db"))
    with open(os.path.join(directory, "knot.conf"), "w") as f:
        f.write(KNOT.format(dir=directory, address=REFUSER))


def configure(directory, pki_dir):
    os.makedirs(os.path.join(directory, "db"))
    signed = ["test"] + [d.name for d in DOMAINS if d.signed]
    with open(os.path.join(directory, "knot.conf"), "w") as f:
        f.write(KNOT.format(dir=directory, address=AUTHORITY))
        for name in ["test"] + [d.name for d in served()]:
            f.write(f"  - domain: {name}.\n    template: {'signed' if name in signed else 'default'}\n"
                    f"    file: {name}.zone\n")
    ds_of = {name: make_key(directory, name) for name in signed}
    texts = {d.name: zone_text(d.name, d.records + "".join(host_records(d.name, pki_dir))) for d in served()}
    texts["test"] = parent_text(ds_of)
    for name, text in texts.items():
        with open(os.path.join(directory, name + ".zone"), "w") as f:
            f.write(text)
    with open(os.path.join(directory, "anchor"), "w") as f:
        f.write(ds_of["test"] + "\n")
    with open(os.path.join(directory, "unbound.conf"), "w") as f:
        f.write(UNBOUND_CONF.format(dir=directory, authority=AUTHORITY, resolver=RESOLVER))


def command(directory):
    return ["knotd", "-c", os.path.join(directory, "knot.conf")]


def ask(server, name, kind, timeout=0.2):
    """One question over UDP, for the readiness checks: (rcode, AD bit, number of answers), or None."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack(">6H", 0x4c41, 0x0120, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.settimeout(timeout)
        try:
            udp.connect((server, 53))
            udp.send(query)
            _, flags, _, answers = struct.unpack(">4H", udp.recv(4096)[:8])
        except OSError:
            return None
    return flags & 15, bool(flags & 0x20), answers


def authority_ready():
    """The zone that comes last and one that is signed at start."""
    return all((ask(AUTHORITY, name, kind) or (0, 0, 0))[2] for name, kind in
               ((served()[-1].name, SOA), ("test", DNSKEY), ("enforce.test", DNSKEY)))


def refuser_ready():
    return ask(REFUSER, "lame.test", SOA) == (5, False, 0)


def resolver_ready():
    return ask(RESOLVER, "enforce.test", MX) == (0, True, 1)
