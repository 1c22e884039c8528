#!/usr/bin/python3
"""Options that choose what is asked and contacted do just that: whole scans of the lab, each verified."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402

OK, NXDOMAIN = 1, 10
QUESTIONS = {"mx", "sts", "rpt", "dmarc", "spf", "a", "aaaa"}


class Found(check.Scan):
    """One scan with some options more; every domain that is a name is in `asked`."""

    def __init__(self, running, *options):
        out = os.path.join(running.dir, f"scan{''.join(options).replace(',', '')}")
        done = subprocess.run(programs.stscan(running, out, 3, "-q", *options), capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), f"{options}: status {done.returncode}: {done.stderr}"
        programs.verified(out)
        super().__init__(out)
        self.asked = [d for d in self.domain.values() if d["oc"] == OK]
        assert self.asked
        print("ok:", *options)


def dead(domain):
    return domain.get("mx", {}).get("oc") == NXDOMAIN


def test_records(running):
    found = Found(running, "--records", "sts,rpt")
    assert all(QUESTIONS & d.keys() == {"sts", "rpt"} for d in found.asked)
    assert not found.host and not found.endpoint
    found = Found(running, "--records", "mx", "--fetch-policy", "never")
    assert all(QUESTIONS & d.keys() == {"mx"} for d in found.asked)
    assert found.host and found.endpoint and not found.policy


def test_policy(running):
    found = Found(running, "--fetch-policy", "always", "--no-starttls")
    assert {d["name"] for d in found.asked if not dead(d)} == {p["name"] for p in found.policy.values()}
    assert not found.endpoint


def hosts(records):
    return {record["host"] for record in records.values()}


def test_implicit(running):
    found = Found(running, "--probe-implicit-mx", "never")
    implicit = {d["name"] for d in found.asked
                if "mx" not in d.get("mx", {}) and ("addr" in d.get("a", {}) or "addr" in d.get("aaaa", {}))}
    assert len(implicit) == 2, implicit
    assert not implicit & hosts(found.host)
    found = Found(running, "--probe-implicit-mx", "always")
    assert implicit <= hosts(found.host) and implicit <= hosts(found.endpoint)


def test_dns(running):
    found = Found(running, "--tlsa", "always", "--keep-txt")
    assert all("tlsa" in host for host in found.host.values())
    assert not any("n_other" in d.get("spf", {}) for d in found.asked)
    found = Found(running, "--tlsa", "never")
    assert not any("tlsa" in host for host in found.host.values())


def test_control(running):
    found = Found(running, "--control-rate", "1")
    assert all(d.get("control") and d.get("fetch") and QUESTIONS <= d.keys() for d in found.asked)


def test_limits(running):
    found = Found(running, "--mx-limit", "1", "--address-limit", "1")
    hosts = [(d, [m for m in d.get("mx", {}).get("mx", []) if m["h"] != "."]) for d in found.asked]  # a null MX is none
    assert any(len(of) > 1 for _, of in hosts)
    assert all(d.get("mx_cut", 0) == max(len(of) - 1, 0) for d, of in hosts)
    assert [h["host"] for h in found.host.values() if h.get("cut") == 1] == ["mx.dual.test"]
    none = ["--connect-rate", "--max-connections", "--per-ip-smtp", "--per-ip-https", "--per-ip-https-rate", "--smtp-timeout",
            "--policy-timeout", "--connect-timeout", "--greeting-timeout", "--dns-deadline"]
    unlimited = Found(running, *[word for option in none for word in (option, "0")])
    usual = Found(running, "--local-addr", "127.0.0.77,::1")
    assert {k: e["oc"] for k, e in unlimited.endpoint.items()} == {k: e["oc"] for k, e in usual.endpoint.items()}


def main():
    lab.isolate()
    with lab.Lab() as running:
        for test in (test_records, test_policy, test_implicit, test_dns, test_control, test_limits):
            test(running)


main()
