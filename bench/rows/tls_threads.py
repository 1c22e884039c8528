"""What workers that do handshakes cost each other. stscan has one X509_STORE for all and an SSL_CTX for each worker;
bench/limits/tls_threads does handshakes in memory by threads that share more than that, and less."""
import dataclasses

import lib
import tls

TITLE = "handshakes of more workers"
UNIT = "us CPU a probe"
GOAL, STRETCH = 1.10, None

NAMES, HANDSHAKES = 1000, 1000
WORKERS = (1, 2, 4)
SHARES = {"context": "SSL_CTX and X509_STORE shared", "store": "X509_STORE shared (stscan)",
          "library": "nothing shared but the OSSL_LIB_CTX", "nothing": "nothing shared"}


def run(bench):
    scans, memory = probes(bench), in_memory(bench)
    note = "a handshake in memory with " + "; ".join(
        f"{words}: " + ", ".join(f"{lib.median(memory[share, n]):.0f}" for n in WORKERS) + " us"
        for share, words in SHARES.items()) + f" with {', '.join(map(str, WORKERS))} threads"
    return [lib.compare(scans, "2", "1", peer_name="1 worker", suffix=": 2 against 1", note=note),
            lib.compare(scans, "4", "1", peer_name="1 worker", suffix=": 4 against 1 (on 2 cores)", goal=None)]


def probes(bench):
    """All may use both cores, and so share one with stsim."""
    with bench.stsim(bench.n(NAMES), args=["--only", "smtp-ok", *tls.POPULATION]) as server:
        n = tls.servers(bench, server, tls.PROBES, "endpoints")[1]

        def scan(args, workers):
            return bench.scan(server.names_file, [*args, "-T", str(workers)], n, cores=2)
        what = {}
        for workers in WORKERS:
            what[str(workers)] = lambda w=workers: tls.complete(scan(tls.PROBES, w), "endpoints_tls", n)
            what[f"without {workers}"] = lambda w=workers: scan(tls.NEITHER, w)
        pairs = bench.pairs(what)
    for workers in WORKERS:
        pairs = tls.beyond(pairs, str(workers), f"without {workers}")
    return pairs


def in_memory(bench):
    tls.certificates(bench, tls.NEW_ECDSA)

    def handshakes(share, threads):
        sample = bench.client([bench.program("tls_threads"), share, str(threads), str(bench.n(HANDSHAKES)),
                               *map(bench.path, ("root.pem", "chain.pem", "leaf.key"))], 1, cores=2)
        return dataclasses.replace(sample, cpu_us=float(sample.out))
    return bench.pairs({(share, threads): lambda s=share, t=threads: handshakes(s, t)
                        for share in SHARES for threads in WORKERS})
