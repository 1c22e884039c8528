"""The DNS module alone against system calls in batches, against plain c-ares on libuv, and against the peers: one TXT query
a name, all with the same window of questions in flight, one server that answers each at once.

The kernel has 70 % of ours, for a datagram out and one in (on loopback whoever sends pays for the delivery, too), our code a
fifth. What was tried, in instructions of ours a query (callgrind): DNS over UDP without c-ares 6,600 to 2,900; names, questions
and owners read as what they mostly are 2,300. What is read to find a query in one cache line, fetched ahead for all datagrams of
a read: 0.63 to 0.43 us. Without a gain: a turn of the loop every 0.5, 1 or 2 ms at most."""
import re

import dns_client
import lib

TITLE = "DNS transport alone"
UNIT = "us CPU a query"
GOAL = STRETCH = None

NAMES = 1000000
WINDOW = dns_client.WINDOW
PEER_GOALS = {"goal": 0.65, "stretch": 0.50}
BUFFER_BYTES = "8000000"


def run(bench):
    n = bench.n(NAMES)
    with bench.stsim(n, args=["--only", "sts-ok"]) as server:
        def limit(program, *more):
            return lambda: dns_client.of_limits(bench, server, program, WINDOW, *more)

        clients = {"ours": limit("dns_transport"), "ours, plain": limit("dns_transport", "plain"), "bare": limit("dns_bare"),
                   "bare, segments": limit("dns_bare", "segment"), "c-ares": limit("dns_cares"), **peers(bench, server)}
        pairs = bench.pairs(clients)
        check = dnsperf(bench, server)
    served = dns_client.served(server, n * len(clients) * (bench.runs + 1) + check.get("asked", 0))
    segments = f"bare with UDP_SEGMENT: {lib.median(pairs['bare, segments']):.3f}"
    results = [
        lib.compare(pairs, "ours, plain", "bare", suffix=", without UDP_SEGMENT", peer_name="bare sendmmsg", goal=1.25,
                    note=f"window {WINDOW}; {served}; {check['words']}"),
        lib.compare(pairs, "ours", "bare", suffix=", with UDP_SEGMENT where it has it", peer_name="bare sendmmsg", goal=1.0, note=segments,
                    figures={"dns_us": lib.median(pairs["ours"]), "dns_bare_us": lib.median(pairs["bare"])}),
        lib.compare(pairs, "ours", "c-ares", suffix=", against plain c-ares", peer_name="c-ares on libuv"),
    ]
    for name, path, note in (("massdns", bench.massdns, "-s {0}, 8 MB buffers, -o S to /dev/null; its queries have no EDNS"),
                             ("zdns", bench.zdns, "--threads {0}, a processor, UDP alone, output to /dev/null")):
        more = {"suffix": f", against {name}", **(PEER_GOALS if name == "massdns" else {})}
        results.append(lib.compare(pairs, "ours", name, peer_name=name, note=note.format(WINDOW), **more) if name in pairs
                       else lib.skipped(f"no {name}: {path or f'--{name} names it'}", **more))
    return results


def peers(bench, server):
    """Those that are here, at settings as equal as can be: one core, WINDOW in flight, nothing kept."""
    questions = dns_client.questions_file(bench, server, "{}")
    address = f"127.0.0.1:{server.ports.dns}"
    resolvers = bench.path("resolvers")
    with open(resolvers, "w", encoding="ascii") as file:
        file.write(address + "\n")
    commands = {
        "massdns": [lib.find("massdns", bench.massdns), "-q", "-r", resolvers, "-t", "TXT", "-s", str(WINDOW), "-o", "S", "-w",
                    "/dev/null", "--rcvbuf", BUFFER_BYTES, "--sndbuf", BUFFER_BYTES, "--root", questions],
        "zdns": [lib.find("zdns", bench.zdns), "TXT", "--name-servers", address, "--threads", str(WINDOW), "--go-processes", "1",
                 "--udp-only", "--input-file", questions, "--output-file", "/dev/null"],
    }
    return {name: lambda argv=argv: bench.client(argv, server.names) for name, argv in commands.items() if argv[0]}


def dnsperf(bench, server):
    """Does it see the server as we do? Its rate is that of a client that is slower."""
    path = lib.find("dnsperf")
    if path is None:
        return {"words": "no dnsperf"}
    questions = dns_client.questions_file(bench, server, "{} TXT")
    sample = bench.client([path, "-s", "127.0.0.1", "-p", str(server.ports.dns), "-d", questions, "-n", "1", "-c", "4", "-T", "1",
                           "-q", str(WINDOW), "-e"], server.names)
    found = {word: float(re.search(word + r":\s+([\d.]+)", sample.out)[1]) for word in
             ("Queries sent", "Queries completed", "Queries per second")}
    lost = found["Queries sent"] - found["Queries completed"]
    return {"asked": int(found["Queries sent"]), "words": f"dnsperf: {sample.cpu_us:.2f} us CPU a query, "
            f"{found['Queries per second']:.0f} a second, {lost:.0f} lost"}
