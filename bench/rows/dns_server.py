"""What stsim takes for a DNS answer, against a server that does nothing but send each datagram back, and against what the
question costs a scan, its record with it (row dns_stage).

Half of the latter was the goal when a question cost a scan twice as much. Now it costs what two datagrams cost the kernel, one
out and one in: so does an answer, and the server that only sends back takes more than that half. Tried: UDP_GRO and UDP_SEGMENT
(bench/sim/dns_udp.c). What is measured in the other rows is the CPU time of the client, on a core of its own."""
import contextlib
import os
import signal
import subprocess

import dns_client
import lib

TITLE = "stsim: a DNS answer"
UNIT = "us CPU an answer"
GOAL, STRETCH = 0.5, None

NAMES = 1000000
ONLY = "sts-none"
ARGS = ["--records", "sts", "--no-starttls", "--fetch-policy", "never", "--window", str(dns_client.WINDOW)]
ECHO_PORT = 5301
TICKS = os.sysconf("SC_CLK_TCK")


def run(bench):
    n = bench.n(NAMES)
    with bench.stsim(n, args=["--only", ONLY]) as server, echo(bench) as echo_pid:
        pairs = bench.pairs({"scan": lambda: bench.scan(server.names_file, ARGS, units=n),
                             "ours": lambda: served(bench, server, server.pid, server.ports.dns),
                             "echo": lambda: served(bench, server, echo_pid, ECHO_PORT)})
    return [lib.compare(pairs, "ours", "scan", suffix=", against the question of a scan", peer_name="stscan"),
            lib.compare(pairs, "echo", "scan", suffix=": a server that only sends back, against that question", goal=None,
                        peer_name="stscan")]


@contextlib.contextmanager
def echo(bench):
    command = [*bench.pin_server(), bench.program("dns_echo"), str(ECHO_PORT)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            if process.stdout.readline() != "ready\n":
                raise lib.Error("dns_echo does not serve")
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def cpu_us(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return [int(fields[i]) * 1e6 / TICKS for i in (11, 12)]


def served(bench, server, pid, port):
    """A Sample of the server, while the bare client asks it."""
    before = cpu_us(pid)
    client = dns_client.of_limits(bench, server, "dns_bare", dns_client.WINDOW, port=port)
    user, system = ((b - a) / server.names for a, b in zip(before, cpu_us(pid)))
    return lib.Sample(user + system, user, system, client.wall_s, 0.0)
