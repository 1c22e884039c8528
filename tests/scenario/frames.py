"""Frames as they stand in the parts of a scan (sinks/SCHEMA.md, files and frames), written by hand."""
import struct
import subprocess

HEADER = struct.Struct("<II4sHHII5Q")
CHECKED = struct.Struct("<II4sHHII4Q")  # what the checksum is over
MAGIC, MARK, VERSION = 0x184D2A53, b"STSF", 1
P1, P2, P3, P4, P5 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
MASK = (1 << 64) - 1


def rotated(x, bits):
    return (x << bits | x >> 64 - bits) & MASK


def mixed(lane, word):
    return rotated(lane + word * P2 & MASK, 31) * P1 & MASK


def xxh64(data):
    """XXH64 with seed 0, of 32 bytes or more, in words of 8."""
    words = struct.unpack(f"<{len(data) // 8}Q", data)
    lanes, whole = [P1 + P2 & MASK, P2, 0, -P1 & MASK], len(words) // 4 * 4
    for i in range(whole):
        lanes[i % 4] = mixed(lanes[i % 4], words[i])
    digest = sum(rotated(lane, bits) for lane, bits in zip(lanes, (1, 7, 12, 18))) & MASK
    for lane in lanes:
        digest = (digest ^ mixed(0, lane)) * P1 + P4 & MASK
    digest = digest + len(data) & MASK
    for word in words[whole:]:
        digest = rotated(digest ^ mixed(0, word), 27) * P1 + P4 & MASK
    digest = (digest ^ digest >> 33) * P2 & MASK
    digest = (digest ^ digest >> 29) * P3 & MASK
    return digest ^ digest >> 32


def frame(kind, *records):
    """Of records that are msgpack already; without positions."""
    raw = b"".join(records)
    packed = subprocess.run(["zstd", "-qc", "--check"], input=raw, stdout=subprocess.PIPE, check=True).stdout
    head = CHECKED.pack(MAGIC, 56, MARK, VERSION, kind, len(records), 0, 0, 0, len(packed), len(raw))
    return head + struct.pack("<Q", xxh64(head)) + packed


def whole_bytes(path):
    """Of the whole frames that a part begins with."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + HEADER.size <= len(data):
        fields = HEADER.unpack_from(data, at)
        if at + HEADER.size + fields[9] > len(data):
            break
        assert fields[11] == xxh64(data[at:at + CHECKED.size]), f"{path}: the checksum at {at}"
        at += HEADER.size + fields[9]
    return at
