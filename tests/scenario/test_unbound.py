#!/usr/bin/python3
"""data/unbound.conf: unbound takes it, starts with it as it is, answers, and preflight finds it fit; then a scan of the lab
through it, as expected to the last field. Without any way out."""
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import daemons  # noqa: E402
import lab  # noqa: E402
import zones  # noqa: E402
from programs import program, stscan  # noqa: E402

CONF = os.path.join(HERE, "..", "..", "data", "unbound.conf")
A, LIMIT_SECONDS = 1, 150
NXDOMAIN = 3
SECOND = "127.0.0.40"  # where the second one listens: the lab has a resolver of its own
HOST_LIMITS = re.compile("setrlimit|open fds|udp ports|ulimit|so-rcvbuf|so-sndbuf")  # what this machine allows


def ask(name):
    """Asks again where there is no answer: on a busy machine it may come late."""
    limit = time.monotonic() + LIMIT_SECONDS
    while (found := zones.ask("127.0.0.1", name, A)) is None:
        assert time.monotonic() < limit, f"no answer about {name}"
    return found


def look(log):
    rcode, _, answers = ask("localhost")
    assert (rcode, answers) == (0, 1), (rcode, answers)
    assert ask("no-such-name.invalid")[0] == NXDOMAIN
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


def as_it_is():
    done = subprocess.run(["unbound-checkconf", CONF], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    running = daemons.Daemons()
    with tempfile.TemporaryDirectory() as directory:
        command = [daemons.unconfined("unbound", directory), "-d", "-c", CONF]
        server = running.start("unbound", command, os.path.join(directory, "log"))
        try:
            server.wait_until(lambda: zones.ask("127.0.0.1", "localhost", A) is not None)
            look(server.log + ".out")
        finally:
            running.stop()


def in_the_lab():
    with lab.Lab(scripted=True) as running:
        dns = os.path.join(running.dir, "dns")
        # the lab's own configuration knows its authority and root of trust; what ours says comes last and holds
        conf, texts = os.path.join(dns, "scan.conf"), []
        for path, address in (os.path.join(dns, "unbound.conf"), SECOND), (CONF, ""):
            with open(path, encoding="utf-8") as file:
                texts.append(file.read())
            assert texts[-1].count("interface: 127.0.0.1\n") == 1
            texts[-1] = texts[-1].replace("interface: 127.0.0.1\n", f"interface: {address}\n" if address else "")
        with open(conf, "w", encoding="utf-8") as file:
            file.write("".join(texts))
        server = running.daemons.start("unbound", [daemons.unconfined("unbound", dns), "-d", "-c", conf], os.path.join(dns, "scan.log"))
        server.wait_until(lambda: zones.ask(SECOND, "enforce.test", zones.MX) == (0, True, 1))
        out = os.path.join(running.dir, "scan")
        command = [SECOND if word == "127.0.0.1" else word for word in stscan(running, out, 2, "-q")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stderr
        states = {c["n"]: c.get("s", 0) for c in check.Scan(out).stream[0][0][1]["checks"]}
        assert (states["resolver"], states["nxdomain"], states["validation"]) == (0, 0, 0), states
        assert check.check([out], running.dir), "the scan is not as expected"


lab.isolate()
as_it_is()
in_the_lab()
