#!/usr/bin/python3
"""Nobody is contacted who must not be: reserved ranges without --lab, exceptions named, a family switched off.

The lab's servers sit on loopback, which is reserved: a scan without --lab reaches just what --allow-reserved names."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402

OK, RESERVED, FAMILY_OFF, NO_ADDRESS, UNKNOWN, NXDOMAIN = 1, 40, 45, 46, 47, 10
ALLOWED_MX = "127.0.25.1"
NO_CONTACT = {RESERVED, NO_ADDRESS, UNKNOWN, NXDOMAIN}


def scan(running, name, *options, without=()):
    """Scan the lab with the usual command line, without some of its options (each has a value)."""
    out = os.path.join(running.dir, name)
    command = programs.stscan(running, out, 2, "-q", *options)
    for option in without:
        at = command.index(option)
        del command[at:at + 2]
    if "--lab" in without:  # the namespace has no way out, which speaks against a scan that is none of a lab
        command.append("--ignore-preflight")
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{command}: status {done.returncode}: {done.stderr}"
    programs.verified(out)
    return check.Scan(out)


def test_reserved(running):
    found = scan(running, "reserved", "--allow-reserved", ALLOWED_MX, without=("--lab",))
    by_ip = {e["ip"]: e for e in found.endpoint.values()}
    assert by_ip[ALLOWED_MX]["oc"] == OK, by_ip[ALLOWED_MX]
    others = [e for ip, e in by_ip.items() if ip != ALLOWED_MX]
    assert others and all(e["oc"] == RESERVED and "att" not in e for e in others), others
    policies = list(found.policy.values())
    assert policies and all(p["oc"] in NO_CONTACT for p in policies), [p for p in policies if p["oc"] not in NO_CONTACT]
    print(f"without --lab: {ALLOWED_MX} probed, {len(others)} endpoints and "
          f"{sum(p['oc'] == RESERVED for p in policies)} policies refused as reserved")


def test_family(running):
    for version, off in (("4", ":"), ("6", ".")):
        found = scan(running, f"family-{version}", "--ip-version", version)
        wrong = [e for e in found.endpoint.values() if (off in e["ip"]) != (e["oc"] == FAMILY_OFF)]
        assert not wrong, wrong
        mixed = scan(running, f"mixed-{version}", "--ip-version", version, "h-reserved.test", without=("-f", "--lab"))
        record = mixed.policy["h-reserved.test"]  # addresses of both families, none may be contacted
        assert {a["oc"] for a in record["att"]} == {RESERVED, FAMILY_OFF} and record["oc"] == record["att"][-1]["oc"], record
        print(f"--ip-version {version}: {sum(e['oc'] == FAMILY_OFF for e in found.endpoint.values())} endpoints left out")


def test_dns_only(running):
    found = scan(running, "dns-only", "--no-starttls", "--fetch-policy", "never")
    assert not found.endpoint and not found.policy and found.host
    end = next(record for part in found.stream for kind, record in part if kind == "end")
    assert "connects" not in end, end
    print(f"--no-starttls --fetch-policy never: {len(found.host)} hosts looked up, no connection")


def main():
    lab.isolate()
    with lab.Lab() as running:
        test_reserved(running)
        test_family(running)
        test_dns_only(running)


main()
