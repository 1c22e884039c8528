"""Reading names: a file through the scanner's input, until each name is as it will be asked for. One core; SHA-256 of the
whole file (the scan records it) is part of it, and told apart: it goes by bytes, and a zone file has many. The goal is that of
a name, though there a name has two records to be read."""
import json
import os
from dataclasses import replace

import lib

TITLE = "reading and normalising names"
UNIT = "us CPU a name"
GOAL, STRETCH = 0.333, None  # 3 million a second

NAMES = 1000000
ROUNDS = 3  # of a run
FORMATS = (("plain", ", one a line"), ("ranked", ", rank,name"), ("zone", ", zone file (two NS records a name)"))


def ours(bench, path):
    sample = bench.client([bench.program("input"), path, str(ROUNDS)], 1)
    us = json.loads(sample.out)["us"]
    return replace(sample, cpu_us=us, user_us=us, sys_us=0)


def measure(bench, form, suffix):
    path, names = bench.path(form), bench.n(NAMES)
    lib.run.write(path, [lib.run.program("stsim"), "names", "--names", str(names), "--profile", "zone", "--format", form])
    pairs = bench.pairs({"ours": lambda: ours(bench, path),
                         "openssl": lambda: bench.client(["openssl", "dgst", "-sha256", path], names)})
    note = (f"{1 / lib.median(pairs['ours']):.2f} million names/s; {os.path.getsize(path) / names:.0f} bytes a name, of which "
            f"SHA-256 alone takes {lib.median(pairs['openssl'], 'user_us'):.3f} us (openssl dgst)")
    return lib.Result(lib.median(pairs["ours"]), suffix=suffix, samples={"ours": pairs["ours"]}, note=note)


def run(bench):
    return [measure(bench, form, suffix) for form, suffix in FORMATS]
