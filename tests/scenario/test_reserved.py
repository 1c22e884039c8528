#!/usr/bin/python3
"""Whatever a DNS answer says: no address of a reserved range is contacted, in no notation.

Every address there is belongs to this network namespace, and a peer listens on all of them. MX and policy hosts point to the
first and last address of every reserved range (data/reserved-ranges.txt), the IPv4 ones in each notation of IPv6."""
import ipaddress
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402
from answers import Answers  # noqa: E402
from trap import Trap, own_all_addresses  # noqa: E402

RESERVED = 40
PUBLIC = ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]  # lead nowhere that is reserved
ALLOWED = "10.0.0.0/8"
TEXTS = ["127.0.0.1", "[127.0.0.1]", "[IPv6:::1]", "::1", "0x7f000001", "2130706433", "0177.0.0.1", "127.1", "0", "localhost",
         "localhost.localdomain", "ip6-localhost", "169.254.169.254", "[::ffff:127.0.0.1]"]
LIMIT_SECONDS = 120


def notations(v4):
    """The IPv4 address as IPv6 addresses that lead to it."""
    n = int(ipaddress.ip_address(v4))
    high, low, public = n >> 16, n & 0xffff, "101:101"
    o = n.to_bytes(4, "big")
    return [f"::ffff:{v4}", f"64:ff9b::{v4}", f"::{v4}", f"::ffff:0:{v4}", f"2002:{high:x}:{low:x}::1",
            f"2001:0:{public}::{high ^ 0xffff:x}:{low ^ 0xffff:x}", f"2001:0:{high:x}:{low:x}::fefe:fefe",
            f"2606:4700::5efe:{v4}", f"2606:4700::200:5efe:{v4}",
            f"64:ff9b:1:{high:x}:{o[2]:x}:{o[3] << 8:x}::", f"64:ff9b:1:{o[0]:x}:{o[1]:x}:{low:x}::",
            f"64:ff9b:1:0:{o[0]:x}:{o[1] << 8 | o[2]:x}:{o[3] << 8:x}::", f"64:ff9b:1::{v4}"]


def ends():
    """First and last address of each range of the file."""
    with open(os.path.join(os.environ["SOURCE_DIR"], "data", "reserved-ranges.txt"), encoding="ascii") as file:
        ranges = [line.split("#")[0].strip() for line in file]
    for text in filter(None, ranges):
        if not text.startswith("!"):
            network = ipaddress.ip_network(text)
            yield from (str(network[0]), str(network[-1]))


def reserved_addresses():
    found = {}
    for address in ends():
        found[address] = None
        if ":" not in address:
            found.update(dict.fromkeys(notations(address)))
    return list(found)


def scan(answers, addresses, directory, name, *options):
    """A name for each address, that of its MX host and of its policy host; the scan of all."""
    names = os.path.join(directory, name + ".txt")
    with open(names, "w", encoding="ascii") as file:
        for i, address in enumerate(addresses):
            domain = f"{name}{i}.test"
            answers.add_domain(domain, f"mx.{domain}", sts=True)
            answers.add_host(f"mx.{domain}", address)
            answers.add_host(f"mta-sts.{domain}", address)
            print(domain, file=file)
    return end(answers, names, directory, name, *options)


def end(answers, names, directory, name, *options):
    """The scan of these names."""
    out = os.path.join(directory, name)
    command = [programs.program("STSCAN"), "-q", "-f", names, "-o", out, "-T", "2", "--name-servers", answers.servers,
               "--contact", programs.CONTACT, "--ehlo-name", "lab.test", "--dns-rate", "0", "--per-ip-interval", "0",
               "--attempts", "1", "--tail", "5s", "--dns-retry-after", "0", "--seed", "1", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    assert done.returncode == 0, f"{command}: status {done.returncode}: {done.stderr}"
    programs.verified(out)
    return check.Scan(out)


def plain(address):
    """As the trap sees it: a mapped address is IPv4."""
    parsed = ipaddress.ip_address(address)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def test_texts(answers, trap, directory):
    """An MX host that is the text of an address is a name as any other (RFC 5321 section 5.1): what DNS has for it counts, and
    nothing where it has none. `public`: DNS has a public address for each."""
    for name, public in (("t", False), ("u", True)):
        for i, text in enumerate(TEXTS):
            answers.add_domain(f"{name}{i}.test", text)
            if public:
                answers.add_host(text.lower(), PUBLIC[0])
        names = os.path.join(directory, name + ".txt")
        with open(names, "w", encoding="ascii") as file:
            file.writelines(f"{name}{i}.test\n" for i in range(len(TEXTS)))
        found = end(answers, names, directory, name)
        assert set(found.host) == {text.lower() for text in TEXTS}, found.host
        assert len(found.endpoint) == len(TEXTS) * public, found.endpoint
        assert trap.addresses() == ({PUBLIC[0]} if public else set()), trap.addresses()
        trap.seen.clear()
    print(f"{len(TEXTS)} MX hosts that look like addresses: only where DNS leads")


def main():
    lab.isolate()
    own_all_addresses()
    answers, trap = Answers({}), Trap([25, 443])
    addresses = reserved_addresses()
    with tempfile.TemporaryDirectory() as directory:
        found = scan(answers, addresses, directory, "r")
        assert len(found.endpoint) == len(found.policy) == len(addresses), (len(found.endpoint), len(found.policy))
        wrong = [r for table in (found.endpoint, found.policy) for r in table.values() if r["oc"] != RESERVED]
        assert not wrong, wrong
        assert not trap.seen, trap.addresses()
        print(f"{len(addresses)} addresses: no contact, each recorded as reserved by endpoint and policy")

        scan(answers, PUBLIC, directory, "p")
        assert trap.addresses() == {plain(a) for a in PUBLIC}, trap.addresses()
        print("the trap sees who is contacted:", ", ".join(sorted(trap.addresses())))

        trap.seen.clear()
        test_texts(answers, trap, directory)
        scan(answers, addresses, directory, "a", "--allow-reserved", ALLOWED)
        wanted = {plain(a) for a in addresses for v4 in ("10.0.0.0", "10.255.255.255")
                  if a in [v4, *notations(v4)] and not a.startswith("64:ff9b:1:")}
        assert trap.addresses() == wanted, trap.addresses() ^ wanted
        print(f"--allow-reserved {ALLOWED}: {len(wanted)} addresses that lead there, and no others")


main()
