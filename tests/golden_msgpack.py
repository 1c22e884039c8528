#!/usr/bin/python3
"""A scan is plain msgpack in zstd for any tool: `zstd -dc part-*` into python3-msgpack yields every record.

golden_msgpack.py SCAN: fails (exit 1) where the records by kind are not those that the frame headers say."""
import collections
import glob
import struct
import subprocess
import sys

import msgpack

HEADER = struct.Struct("<II4sHHII5Q")  # sinks/SCHEMA.md, files and frames


def headers(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at < len(data):
        magic, size, mark, version, kind, records, _, _, _, packed, raw, _ = HEADER.unpack_from(data, at)
        assert (magic, size, mark, version) == (0x184D2A53, 56, b"STSF", 1), f"{path}: no frame at {at}"
        yield kind, records, raw
        at += HEADER.size + packed
    assert at == len(data), f"{path}: ends within a frame"


def main():
    parts = sorted(glob.glob(sys.argv[1] + "/part-*.msgpack.zst"))
    assert parts, "no parts"
    stated, raw = collections.Counter(), 0
    for part in parts:
        for kind, records, size in headers(part):
            stated[kind] += records
            raw += size
    plain = subprocess.run(["zstd", "-dc", "-q"] + parts, stdout=subprocess.PIPE, check=True).stdout
    assert len(plain) == raw, f"{len(plain)} bytes, the headers say {raw}"
    unpacker = msgpack.Unpacker(raw=False, unicode_errors="surrogateescape", strict_map_key=True)
    unpacker.feed(plain)
    seen = collections.Counter()
    for record in unpacker:
        assert next(iter(record)) == "k", "the first key is not k"
        seen[record["k"]] += 1
    assert unpacker.tell() == raw, "bytes are left over"
    assert seen == stated, f"{seen}, the headers say {stated}"
    print(f"{sum(seen.values())} records of {len(seen)} kinds")


main()
