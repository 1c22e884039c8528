"""What a name takes on disk, in frames that each decode alone, against zstd -3 of the same records in one stream.

Of names as in zone files, with everything that is odd among them: DNS and policies alone, which most scans of whole zones
are, then with every MX host probed, where certificates and dialogs add to it."""
import glob
import json
import os

import lib

TITLE = "compressed bytes, zone with its noise, against zstd -3 in one stream"
UNIT = "bytes a name"
GOAL, STRETCH = 1.2, None

NAMES, PROBED_NAMES = 120000, 40000
LEAST_BYTES = 60  # a name, of DNS and policies alone: the stretch
POPULATION = ["--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]  # nobody is turned away
KINDS = ("domain", "host", "policy", "endpoint", "cert")


def parts(scan):
    return sorted(glob.glob(os.path.join(scan, "part-*")))


def in_one_stream(bench, scan):
    """Bytes of zstd -3 over all records."""
    raw, packed = bench.path("records.raw"), bench.path("records.zst")
    lib.run.write(raw, ["zstd", "-qdc", *parts(scan)])
    lib.run.write(packed, ["zstd", "-q3c", raw])
    return os.path.getsize(packed)


def words(bench, scan, names):
    kinds = json.loads(bench.client([bench.program("records"), scan, "1", "1"], 1).out)
    return "bytes a name: " + ", ".join(f"{kinds[kind]['packed_bytes'] / names:.1f} {kind} ({kinds[kind]['records'] / names:.2f} records)"
                                        for kind in KINDS if kind in kinds)


def measure(bench, names, args, **more):
    with bench.stsim(names, args=POPULATION) as server:
        scan = bench.scan(server.names_file, args).dir
    ours = sum(map(os.path.getsize, parts(scan)))
    return lib.Result(ours / names, in_one_stream(bench, scan) / names, "zstd -3", note=words(bench, scan, names), **more)


def run(bench):
    dns = measure(bench, bench.n(NAMES), ["--no-starttls"], suffix=", --no-starttls")
    plain = lib.Result(dns.ours, suffix=", --no-starttls: the bytes themselves", goal=LEAST_BYTES)
    return [dns, plain, measure(bench, bench.n(PROBED_NAMES), [], suffix=", everything on")]
