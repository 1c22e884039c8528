"""Ten times the questions in flight: do tables and memory make each of them dearer? An answer takes so long that the window
is what limits, at the same rate for both."""
import dns_client
import lib

TITLE = "DNS transport, window 100,000 against 10,000"
UNIT = "us CPU a query"
GOAL, STRETCH = 1.4, 1.25

NAMES = 1000000
RATE = 200000  # a second: nearly what one core serves
WIDE, NARROW = 100000, 10000
PORTS = {WIDE: (5301, 8444, 2526), NARROW: (5302, 8445, 2527)}  # DNS, HTTPS, SMTP


def run(bench):
    n = bench.n(NAMES)
    with stsim(bench, n, WIDE) as far, stsim(bench, n, NARROW) as near:
        servers = {WIDE: far, NARROW: near}
        pairs = bench.pairs({str(window): lambda window=window: dns_client.of_limits(
            bench, servers[window], "dns_transport", window, port=PORTS[window][0]) for window in servers})
    note = "; ".join(f"window {window}, answers after {wait_ms(window)} ms: at most {most(pairs[str(window)])} with the server, "
                     f"{dns_client.served(server, n * (bench.runs + 1))}" for window, server in servers.items())
    return lib.compare(pairs, str(WIDE), str(NARROW), peer_name=f"window {NARROW}", note=note)


def wait_ms(window):
    return window * 1000 // RATE


def most(samples):
    return lib.median(samples, lambda sample: dns_client.counts(sample)["most"])


def stsim(bench, n, window):
    dns, https, smtp = map(str, PORTS[window])
    return bench.stsim(n, latency=1, args=["--only", "sts-ok", "--set", f"dns-latency-ms={wait_ms(window)}", "--set",
                                           "latency-sigma=0", "--dns-port", dns, "--https-port", https, "--smtp-port", smtp])
