"""Names that do not exist, as most of a guessed list: one query each, and nothing kept. Memory does not grow with the
input (DESIGN.md, principle 6)."""
import contextlib
import subprocess
import time

import lib

TITLE = "a name that does not exist"
UNIT = "us CPU a name"
GOAL = STRETCH = None

NAMES, FEWER = 1000000, 100000
READY_SECONDS = 20
ARGS = ["--no-starttls", "--fetch-policy", "never"]
UNBOUND = """server:
    interface: 127.0.0.1@{port}
    chroot: ""
    username: ""
    directory: "{dir}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    num-threads: 1
    so-rcvbuf: 4m
    so-sndbuf: 4m
    access-control: 127.0.0.0/8 allow
    module-config: "iterator"
    local-zone: "." static
remote-control:
    control-enable: no
"""


def run(bench):
    with bench.stsim(bench.n(NAMES), args=["--only", "mail-nxdomain"]) as server:
        fewer = first_of(bench, server.names_file, bench.n(FEWER))
        pairs = bench.pairs({"all": lambda: bench.scan(server.names_file, ARGS),
                             "a tenth": lambda: bench.scan(fewer, ARGS)})
    results = [lib.Result(lib.median(pairs["all"]), samples={"ours": pairs["all"]}, note=memory(pairs))]
    if bench.unbound:
        results.append(by_unbound(bench, server.names_file))
    return results


def first_of(bench, names_file, n):
    path = bench.path("fewer.txt")
    with open(names_file, encoding="ascii") as all_names, open(path, "w", encoding="ascii") as out:
        for _, line in zip(range(n), all_names):
            out.write(line)
    return path


def memory(pairs):
    names = [pairs[label][0].metadata["positions"] for label in ("all", "a tenth")]
    peaks = [lib.median(pairs[label], "rss_mib") for label in ("all", "a tenth")]
    return f"peak memory {peaks[0]:.1f} MiB for {names[0]} names, {peaks[1]:.1f} MiB for {names[1]}"


@contextlib.contextmanager
def unbound(bench, program):
    """Says NXDOMAIN to all, on the server's core."""
    with open(bench.path("unbound.conf"), "w", encoding="ascii") as conf:
        conf.write(UNBOUND.format(dir=bench.tmp, port=lib.run.DNS))
    with open(bench.path("unbound.log"), "wb") as log:
        server = subprocess.Popen([*bench.pin_server(), program, "-d", "-c", conf.name], stdout=log, stderr=log)
    try:
        time.sleep(1)
        end = time.monotonic() + READY_SECONDS
        while f":{lib.run.DNS:04X} " not in open("/proc/net/udp", encoding="ascii").read():
            if server.poll() is not None or time.monotonic() > end:
                raise lib.Error("unbound does not serve: " + open(log.name, errors="replace").read()[-lib.LAST_WORDS:])
            time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def by_unbound(bench, names_file):
    program = lib.find("unbound") or lib.find("unbound", "/usr/sbin/unbound")
    if program is None:
        return lib.skipped("unbound: not installed", suffix=", answered by unbound")
    with unbound(bench, program):
        pairs = bench.pairs({"ours": lambda: bench.scan(names_file, ARGS)})
    return lib.Result(lib.median(pairs["ours"]), samples=pairs, suffix=", answered by unbound")
