"""The rows of a scan as ststat exports them, for two scans to be compared."""
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

import run

TABLES = {"domains": ("pos",), "hosts": ("host",), "endpoints": ("host", "ip", "port"), "policies": ("name",)}
# The simulator makes a certificate anew when it has forgotten it: a leaf is the same in all but its serial number and key.
CHANCE = ("cert_sha256",)


def read_table(this, table):
    """Row by key; a key that is there twice: RunError."""
    command = [run.program("ststat"), "export", "--format", "ndjson", "--no-times", "--table", table, this.path("scan")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise run.RunError(f"ststat export: status {done.returncode}: {done.stderr[-2000:]}")
    found = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        key = tuple(row[column] for column in TABLES[table])
        if key in found:
            raise run.RunError(f"{this.path('scan')}: {table}: two rows of {key}")
        found[key] = {column: value for column, value in row.items() if column not in CHANCE}
    return found


def read(this):
    with ThreadPoolExecutor(len(TABLES)) as pool:
        return dict(zip(TABLES, pool.map(lambda table: read_table(this, table), TABLES)))


def misplaced(found, names):
    """Positions that are lost, or that nobody asked for."""
    there = {key[0] for key in found["domains"]}
    wanted = set(range(1, names + 1))
    return [f"positions {what}: {len(some)}, the first {min(some)}"
            for what, some in (("lost", wanted - there), ("of nothing", there - wanted)) if some]


def by_chance(found):
    """What makes a scan no reference: what depends on the order in which hosts come to an address."""
    n = sum(row["by_ip"] for row in found["endpoints"].values())
    return [f"{n} endpoints took the outcome of others at their address"] if n else []


def difference(table, key, left, right):
    name = f"{table} {' '.join(map(str, key))}"
    if left is None or right is None:
        return f"{name}: {'not there' if right is None else 'there, and should not be'}"
    return f"{name}: " + ", ".join(f"{column} is {right.get(column)!r}, was {value!r}"
                                   for column, value in left.items() if right.get(column) != value)


def differences(reference, found, most):
    """In words, `most` of each table at most."""
    out = []
    for table, left in reference.items():
        right = found[table]
        keys = [key for key in {**left, **right} if left.get(key) != right.get(key)]
        out += [difference(table, key, left.get(key), right.get(key)) for key in keys[:most]]
        if len(keys) > most:
            out.append(f"{table}: {len(keys) - most} more rows differ")
    return out
