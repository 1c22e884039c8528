"""Latencies and silence as in the Internet, the defaults of the scan but for its DNS rate: is that rate held, second for
second, until the last name has begun, and has every name its record? One run: it takes as long as the rate says."""
import csv
import json
import subprocess

import lib

TITLE = "DNS 30 ms, TCP 60 ms, 2 % silent"
UNIT = "% off the rate, at worst"
GOAL, STRETCH = 2, None

NAMES = 1000000
RATE = 20000  # queries a second
QUERIES_A_NAME = 6  # or more
POPULATION = ["--set", "dns-latency-ms=30", "--set", "tcp-latency-ms=60", "--set", "query.query-timeout=0.02"]
# As a scan has it, but that what failed is tried again soon, and that both ends of the connections, of which one takes about
# 5 ms CPU, fit on two cores beside the queries.
ARGS = ["-T", "2", "--window", "50000", "--dns-rate", str(RATE), "--dns-timeout", "5s", "--dns-deadline", "20s", "--dns-retry-after", "10s",
        "--connect-rate", "150", "--max-connections", "3000", "--per-ip-smtp", "1", "--per-ip-interval", "2s",
        "--per-prefix-smtp", "8", "--per-ip-hosts", "50", "--per-ip-signalled-hosts", "1000", "--per-ip-https", "4",
        "--per-ip-https-rate", "10", "--connect-timeout", "15s", "--greeting-timeout", "45s", "--smtp-timeout", "60s",
        "--policy-timeout", "60s", "--attempts", "2", "--retry-after", "10s", "--tail", "60s"]
FIRST_SECONDS, SPAN_SECONDS = 2, 10


def run(bench):
    n, status = bench.n(NAMES), bench.path("status.csv")
    if n * QUERIES_A_NAME / RATE < FIRST_SECONDS + 2 * SPAN_SECONDS:
        return lib.skipped(f"{n} names are through too soon: a larger --scale")
    with bench.stsim(n, args=POPULATION, latency=1) as server:
        sample = bench.scan(server.names_file, [*ARGS, "--status-updates-file", status], cores=2)
    with open(status, encoding="ascii") as file:
        spans = rates(list(csv.DictReader(file)), n)
    if not spans:
        raise lib.Error("every name began at once: the rate was not held back")
    worst = max(spans, key=lambda rate: abs(rate - RATE))
    lost = n - exported(sample)
    scan = sample.metadata
    near = sum(abs(rate - RATE) <= RATE * GOAL / 100 for rate in spans)
    note = (f"{RATE} queries/s asked for: {min(spans):.0f} to {max(spans):.0f} in spans of {SPAN_SECONDS} s, {near} of {len(spans)} within {GOAL} %; "
            f"{scan['counters']['queries']} questions, {scan['counters']['dns_retries']} times one was asked again, {scan['connects']} connections, {scan['loop_gaps']} stalls over 500 ms")
    return [lib.Result(100 * abs(worst - RATE) / RATE, suffix=f", {n} names: the rate", samples={"ours": [sample]}, note=note),
            lib.Result(lost, suffix=f", {n} names: names lost", unit="names", goal=0)]


def rates(rows, names):
    """Queries a second in each span, from the first seconds on until every name has begun."""
    begun = [row for row in rows if int(row["names_started"]) < names][FIRST_SECONDS:]
    return [(sent(b) - sent(a)) / (float(b["elapsed_s"]) - float(a["elapsed_s"])) for a, b in zip(begun, begun[SPAN_SECONDS:])]


def sent(row):
    """What the rate is of: each try counts."""
    return int(row["queries"]) + int(row["dns_retries"])


def exported(sample):
    """How many names the scan has, once each, after proof that it is whole."""
    lib.verify(sample.dir)
    with subprocess.Popen([lib.run.program("ststat"), "export", "--format", "ndjson", sample.dir], stdout=subprocess.PIPE) as export:
        positions = {json.loads(line)["pos"] for line in export.stdout}
    if export.returncode != 0:
        raise lib.Error(f"ststat export: status {export.returncode}")
    return len(positions)
