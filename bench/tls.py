"""What the rows about TLS share: a population whose servers all answer well, the list of them that the peers of
bench/limits read, and the cost of what a scan does beyond another scan."""
import dataclasses
import json
import os
import subprocess

import lib

NAMES = 2000
CONCURRENT = 500
# Every server is right, unsigned (no TLSA queries) and takes as many connections as come; 500 of them are open at a time.
POPULATION = ["--set", "signed=0", "--set", "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]
SCAN = ["--records", "mx,sts,a", "--policy-addresses", "one", "--max-connections", str(CONCURRENT)]
PROBES = [*SCAN, "--fetch-policy", "never"]
FETCHES = [*SCAN, "--no-starttls"]
NEITHER = [*SCAN, "--no-starttls", "--fetch-policy", "never"]
DNS_WORDS = ("DNS and the records of names are taken off by a paired scan without; the addresses of hosts and the records of "
             "what was measured count")

NEW_ECDSA = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]  # a key, in the words of openssl
NEW_RSA = ["-newkey", "rsa:2048"]


def servers(bench, server, args, table):
    """The path of a list "address port name" of all servers that a scan finds good, and their number."""
    sample = bench.scan(server.names_file, args)
    port = server.ports.smtp if table == "endpoints" else server.ports.https
    rows = subprocess.run([lib.run.program("ststat"), "export", "--format", "ndjson", "--table", table, sample.dir],
                          capture_output=True, text=True, check=True).stdout.splitlines()
    path, n = bench.path(f"{table}.txt"), 0
    with open(path, "w", encoding="ascii") as out:
        for row in map(json.loads, rows):
            if row["outcome"] != "OK" or not row["tls_version"]:
                raise lib.Error(f"the server of {row['host']} is not good: {row['outcome']}")
            out.write(f"{row['ip']} {port} {row['host']}\n")
            n += 1
    return path, n


def complete(sample, counter, n):
    """The sample, if the scan did all of its work, and none of it twice, as after a stall of this machine."""
    done, connects = sample.metadata["counters"][counter], sample.metadata["connects"]
    if done != n or connects != n:
        raise lib.Error(f"{counter}: {done} of {n} with {connects} connections")
    return sample


def less(sample, other):
    """What `sample` cost beyond `other`."""
    return dataclasses.replace(sample, cpu_us=sample.cpu_us - other.cpu_us, user_us=sample.user_us - other.user_us,
                               sys_us=sample.sys_us - other.sys_us)


def beyond(pairs, label="ours", without="without"):
    """The pairs, with `label` reduced by what the scan `without` cost."""
    found = {key: samples for key, samples in pairs.items() if key != without}
    found[label] = [less(*both) for both in zip(pairs[label], pairs[without])]
    return found


def certificates(bench, new_key):
    """A chain like those of stsim, for peers that make none: root, intermediate (both ECDSA), and leaf.test, each in
    NAME.pem and NAME.key; chain.pem is what a server sends."""
    certificate(bench, "root", NEW_ECDSA, None, "keyUsage=critical,keyCertSign")
    certificate(bench, "intermediate", NEW_ECDSA, "root", "keyUsage=critical,keyCertSign")
    certificate(bench, "leaf", new_key, "intermediate", "basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:leaf.test")
    concatenate(bench.path("chain.pem"), bench.path("leaf.pem"), bench.path("intermediate.pem"))


def certificate(bench, name, new_key, above, *extensions):
    signer = [] if above is None else ["-CA", bench.path(f"{above}.pem"), "-CAkey", bench.path(f"{above}.key")]
    lib.run.write(os.devnull, [
        "openssl", "req", "-x509", *new_key, "-nodes", "-days", "30", "-subj", f"/CN={name}.test", *signer,
        *(word for extension in extensions for word in ("-addext", extension)),
        "-out", bench.path(f"{name}.pem"), "-keyout", bench.path(f"{name}.key")])


def concatenate(to, *paths):
    with open(to, "wb") as out:
        for path in paths:
            with open(path, "rb") as file:
                out.write(file.read())
