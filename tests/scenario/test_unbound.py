#!/usr/bin/python3
"""data/unbound.conf: unbound takes it, starts with it as it is, answers, and preflight finds it fit. Without any way out."""
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import daemons  # noqa: E402
import lab  # noqa: E402
import zones  # noqa: E402
from programs import program  # noqa: E402

CONF = os.path.join(HERE, "..", "..", "data", "unbound.conf")
A, READY_SECONDS, LIMIT_SECONDS = 1, 30, 60
NXDOMAIN = 3
HOST_LIMITS = re.compile("setrlimit|open fds|udp ports|ulimit|so-rcvbuf|so-sndbuf")  # what this machine allows


def wait_until_ready(server, log):
    end = time.monotonic() + READY_SECONDS
    while zones.ask("127.0.0.1", "localhost", A) is None:
        assert server.poll() is None and time.monotonic() < end, f"unbound does not answer:\n{daemons.tail(log)}"
        time.sleep(0.05)


def look(log):
    rcode, _, answers = zones.ask("127.0.0.1", "localhost", A)
    assert (rcode, answers) == (0, 1), (rcode, answers)
    assert zones.ask("127.0.0.1", "no-such-name.invalid", A)[0] == NXDOMAIN
    # without a way to the root there is one zone that it knows by itself (RFC 6761 section 6.2)
    done = subprocess.run([program("STSCAN"), "--preflight", "--name-servers", "127.0.0.1", "--lab", "127.0.0.0/8", "--probe-nxdomain",
                           "test", "--ehlo-name", "scan.test"], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
    print(done.stdout, end="")
    assert done.returncode == 0, done.stdout + done.stderr
    for kind in ("resolver", "nxdomain"):
        assert re.search(rf"(?m)^fine +{kind} +127\.0\.0\.1:53 ", done.stdout), done.stdout
    with open(log, encoding="utf-8") as file:
        complaints = [line for line in file if re.search(r" (warning|error|fatal)", line) and not HOST_LIMITS.search(line)]
    assert not complaints, complaints


def main():
    done = subprocess.run(["unbound-checkconf", CONF], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as directory:
        log = os.path.join(directory, "log")
        with open(log, "wb") as out:
            server = subprocess.Popen([daemons.unconfined("unbound", directory), "-d", "-c", CONF], stdin=subprocess.DEVNULL, stdout=out,
                                      stderr=out)
        try:
            wait_until_ready(server, log)
            look(log)
        finally:
            server.terminate()
            server.wait(timeout=LIMIT_SECONDS)
            print(daemons.tail(log), end="")


lab.isolate()
main()
