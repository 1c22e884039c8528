#!/usr/bin/python3
"""A million names, nearly all of which do not exist, against unbound on loopback: names/s, CPU time a name, peak memory.

One name in 1,000 exists and has an MX. unbound answers from local data, on one core; stscan runs on the other. The scan
of 100,000 names and that of 1,000,000 must reach the same peak memory (DESIGN.md, principle 6).

    bench/nxdomain.py [--threads N] [--window N] [--runs N] [--names N,N,...]     (root: makes a network namespace)
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
STSCAN = os.environ.get("STSCAN", os.path.join(ROOT, "build", "stscan"))
STSTAT = os.environ.get("STSTAT", os.path.join(ROOT, "build", "ststat"))
READY_SECONDS = 10
EXISTS_ONE_IN = 1000

UNBOUND = """server:
    interface: 127.0.0.1@5300
    chroot: ""
    username: ""
    directory: "{dir}"
    pidfile: ""
    use-syslog: no
    logfile: ""
    num-threads: 1
    so-rcvbuf: 32m
    so-sndbuf: 32m
    access-control: 127.0.0.0/8 allow
    module-config: "iterator"
    local-zone: "test." static
{data}
remote-control:
    control-enable: no
"""


def write_inputs(directory, sizes):
    data = []
    for size in sizes:
        with open(f"{directory}/{size}.txt", "w", encoding="ascii") as file:
            for i in range(size):
                file.write(f"name-{i:07d}.test\n")
    for i in range(0, max(sizes), EXISTS_ONE_IN):
        data.append(f"    local-data: 'name-{i:07d}.test. 300 IN MX 10 mx.test.'")
    data.append("    local-data: 'mx.test. 300 IN A 127.0.0.2'")
    with open(f"{directory}/unbound.conf", "w", encoding="ascii") as file:
        file.write(UNBOUND.format(dir=directory, data="\n".join(data)))


def start_unbound(directory):
    with open(f"{directory}/unbound.log", "wb") as log:
        server = subprocess.Popen(["taskset", "-c", "1", "unbound", "-d", "-c", f"{directory}/unbound.conf"], stdin=subprocess.DEVNULL,
                                  stdout=log, stderr=log)
    end = time.monotonic() + READY_SECONDS
    while subprocess.run(["kdig", "+time=1", "+retry=0", "@127.0.0.1", "-p", "5300", "mx.test.", "A"], stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL, check=False).returncode != 0:
        if time.monotonic() > end or server.poll() is not None:
            sys.exit(f"unbound does not answer: see {directory}/unbound.log")
        time.sleep(0.1)
    return server


def scan(directory, size, options):
    out = f"{directory}/scan-{time.monotonic_ns()}"
    cores = "0" if options.threads == 1 else "0,1"
    command = ["taskset", "-c", cores, STSCAN, "-q", "-f", f"{directory}/{size}.txt", "-o", out, "-T", str(options.threads),
               "--name-servers", "127.0.0.1:5300", "--lab", "127.0.0.0/8", "--no-starttls", "--fetch-policy", "never",
               "--dns-rate", str(options.dns_rate), "--window", str(options.window), "--control-rate", "0",
               "--probe-nxdomain", "test"]
    began = time.monotonic()
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    if status != 0:
        sys.exit(f"stscan ended with status {status}")
    summary = subprocess.run([STSTAT, "verify", out], capture_output=True, text=True, check=False)
    size_bytes = sum(os.path.getsize(f"{out}/{name}") for name in os.listdir(out))
    subprocess.run(["rm", "-rf", out], check=True)
    if summary.returncode > 0:
        sys.exit(f"ststat verify: {summary.stdout}{summary.stderr}")
    return {"names": size, "names_per_s": size / seconds, "cpu_us_per_name": 1e6 * (usage.ru_utime + usage.ru_stime) / size,
            "peak_mib": usage.ru_maxrss / 1024, "bytes_per_name": size_bytes / size}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--window", type=int, default=10000)
    parser.add_argument("--dns-rate", type=int, default=0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--names", default="100000,1000000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if "STS_BENCH_NETNS" not in os.environ:
        os.environ["STS_BENCH_NETNS"] = "1"
        os.execvp("unshare", ["unshare", "-n", sys.executable, os.path.abspath(__file__)] + sys.argv[1:])
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    sizes = [int(n) for n in options.names.split(",")]
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        write_inputs(directory, sizes)
        server = start_unbound(directory)
        try:
            runs = [scan(directory, size, options) for _ in range(options.runs) for size in sizes]
        finally:
            server.terminate()
            server.wait()
    for size in sizes:
        mine = [run for run in runs if run["names"] == size]
        rows.append({key: statistics.median(run[key] for run in mine) for key in mine[0]})
    if options.json:
        print(json.dumps({"threads": options.threads, "window": options.window, "runs": options.runs, "rows": rows}))
        return
    print(f"medians of {options.runs} runs; {options.threads} workers, window {options.window}")
    print(f"{'names':>10} {'names/s':>10} {'CPU us/name':>12} {'peak MiB':>9} {'bytes/name':>11}")
    for row in rows:
        print(f"{row['names']:>10.0f} {row['names_per_s']:>10.0f} {row['cpu_us_per_name']:>12.2f} {row['peak_mib']:>9.1f} "
              f"{row['bytes_per_name']:>11.2f}")


main()
