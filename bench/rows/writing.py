"""Packing and compressing the records of a scan, as workers and the writer do, against zstd on the same bytes.

What is compared is computation alone: of zstd its user time, on a file in the cache, into nothing; ours is measured around
the calls, kernel time (memory) included."""
import glob
import json
import os
from dataclasses import replace

import lib

TITLE = "writing (pack + compress) against zstd -1 alone"
UNIT = "us CPU a record"
GOAL, STRETCH = 2.2, 1.9

NAMES = 120000
ROUNDS = 3  # of a run, over all records
LEVELS = (1, 3, 9)


def raw_records(bench, scan):
    """A file with the records as they are, one after the other."""
    path = bench.path("records.raw")
    lib.run.write(path, ["zstd", "-qdc", *sorted(glob.glob(os.path.join(scan, "part-*")))])
    return path


def ours(bench, scan, level):
    """A Sample whose time is that of packing and compressing one record; .metadata tells more."""
    sample = bench.client([bench.program("records"), scan, str(level), str(ROUNDS)], 1)
    kinds = json.loads(sample.out)
    us = (kinds["all"]["pack_ns"] + kinds["all"]["compress_ns"]) / 1000
    return replace(sample, cpu_us=us, user_us=us, sys_us=0, metadata=kinds)


def zstd(bench, raw, records, level=1):
    sample = bench.client(["zstd", "-q", "--single-thread", f"-{level}", "-f", raw, "-o", "/dev/null"], records)
    return replace(sample, cpu_us=sample.user_us, sys_us=0)


def words(kinds):
    everything = kinds["all"]
    n = everything["records"]
    return (f"{n} records of {everything['raw_bytes'] / n:.0f} bytes, {everything['packed_bytes'] / n:.1f} compressed; packing "
            f"{everything['pack_ns'] / 1000:.2f} us, compressing {everything['compress_ns'] / 1000:.2f}")


def run(bench):
    with bench.stsim(bench.n(NAMES)) as server:
        scan = bench.scan(server.names_file, ["--no-starttls"]).dir
    raw = raw_records(bench, scan)
    records = ours(bench, scan, 1).metadata["all"]["records"]
    results = []
    for level in LEVELS:
        pairs = bench.pairs({"ours": lambda: ours(bench, scan, level), "zstd": lambda: zstd(bench, raw, records, level)})
        goals = {} if level == 1 else {"goal": None, "stretch": None, "suffix": f", level {level} of both"}
        results.append(lib.compare(pairs, "ours", "zstd", peer_name=f"zstd -{level}", note=words(pairs["ours"][0].metadata), **goals))
    results[0].figures = {"record_us": results[0].ours}
    return results
