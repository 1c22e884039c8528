"""A STARTTLS probe: connect, greeting, EHLO, STARTTLS, handshake, EHLO, QUIT, its evidence and certificates on record;
against the same with epoll and OpenSSL alone, at the same servers, and against the handshakes of openssl s_time.

Tried: other allocators in front of libc's (CPU a probe: jemalloc 1.03 of it, mimalloc 1.06, tcmalloc 0.92 with 13 MiB more);
glibc's own tunables (tcache_count 32 and 127, mxfast, trim_threshold): no gain to be told from noise; blocks kept by size for
each worker in front of malloc(): with 2 MiB of them no gain, with 32 MiB dearer (1.17 and 1.08). Where ours goes beyond the bare
client, by perf on both (RSA, TLS 1.2; 96 us a probe with the start of the program and DNS): malloc, _int_free and
malloc_consolidate 31 us, read locks 8, all else in pieces below 2.5."""
import contextlib
import dataclasses
import re
import socket
import subprocess
import time

import lib
import tls

TITLE = "STARTTLS probe CPU"
UNIT = "us CPU a probe"
GOAL, STRETCH = 1.10, None

S_TIME_SECONDS, S_TIME_PORT, READY_SECONDS = 3, 4433, 10


@dataclasses.dataclass
class Kind:
    words: str
    only: str      # class of stsim
    new_key: list  # what openssl calls the key of the leaf
    version: str   # option of s_time


KINDS = [Kind("ECDSA, TLS 1.3", "smtp-ok", tls.NEW_ECDSA, "-tls1_3"),
         Kind("RSA, TLS 1.2", "smtp-tls12", tls.NEW_RSA, "-tls1_2")]


def run(bench):
    return [result for kind in KINDS for result in measure(bench, kind)]


def measure(bench, kind):
    with bench.stsim(bench.n(tls.NAMES), args=["--only", kind.only, *tls.POPULATION]) as server, \
            s_server(bench, kind) as s_time:
        targets, n = tls.servers(bench, server, tls.PROBES, "endpoints")
        bare = [bench.program("tls_bare"), "smtp", server.ca_file, str(tls.CONCURRENT)]
        pairs = tls.beyond(bench.pairs({
            "ours": lambda: tls.complete(bench.scan(server.names_file, tls.PROBES, n), "endpoints_tls", n),
            "without": lambda: bench.scan(server.names_file, tls.NEITHER, n),
            "bare": lambda: bench.client(bare, n, stdin=targets),
            "s_time": lambda: handshakes(bench, s_time)}))
    figures = {"probe_us": lib.median(pairs["ours"])} if kind is KINDS[0] else {}
    return [lib.compare(pairs, "ours", "bare", peer_name="bare client", figures=figures,
                        suffix=f" against the bare epoll+OpenSSL client: {kind.words}",
                        note=f"{n} probes, {tls.CONCURRENT} at a time; {tls.DNS_WORDS}"),
            lib.compare(pairs, "ours", "s_time", suffix=f" against openssl s_time -new: {kind.words}",
                        goal=None, peer_name="s_time, handshakes alone",
                        note="s_time does one handshake after the other, with openssl s_server; the bare client's probe "
                        f"costs {lib.compare(pairs, 'bare', 's_time').ratio:.2f} of it")]


# ---- openssl s_time ----

@contextlib.contextmanager
def s_server(bench, kind):
    """While it serves: the s_time command."""
    tls.certificates(bench, kind.new_key)
    command = [*bench.pin_server(), "openssl", "s_server", "-accept", f"127.0.0.1:{S_TIME_PORT}", "-www", "-quiet",
               "-num_tickets", "0", "-cert", bench.path("leaf.pem"), "-key", bench.path("leaf.key"),
               "-cert_chain", bench.path("intermediate.pem")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            await_port(server)
            yield ["openssl", "s_time", "-connect", f"127.0.0.1:{S_TIME_PORT}", "-new", kind.version, "-verify", "3",
                   "-CAfile", bench.path("root.pem"), "-time", str(bench.n(S_TIME_SECONDS))]
        finally:
            server.kill()


def await_port(server):
    end = time.monotonic() + READY_SECONDS
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", S_TIME_PORT)).close()
            return
        time.sleep(0.05)
    raise lib.Error("openssl s_server does not serve")


def handshakes(bench, command):
    sample = bench.client(command, 1)
    found = re.search(r"(\d+) connections in \d+ real seconds", sample.out)
    n = int(found[1]) if found else 0
    if n == 0 or "rror" in sample.out:
        raise lib.Error("openssl s_time: " + sample.out[-lib.LAST_WORDS:])
    return dataclasses.replace(sample, cpu_us=sample.cpu_us / n, user_us=sample.user_us / n, sys_us=sample.sys_us / n)
