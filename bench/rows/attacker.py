"""What one name in 100 can do to the others: the worst of the hostile peers, those that hold connections and questions for as
long as they are let. Scans of the same good names, alone, with the hostile ones among them, and with those all in a row, as
a sorted zone would have them. Waits and connections are a tenth of the defaults (and 500 connections a second, the default):
so as many wait for each other at a tenth of the time.

What holds the others up: names with 20 hosts make a quarter more connections, and --connect-rate is what all share. So the
most preferred host of every name, to which mail goes, comes before any second one, and names with many hosts have the others
after those of names with few. CPU time goes by the number of connections."""
import collections
import csv
import datetime
import json
import statistics
import subprocess

import lib
import run as score

TITLE = "the other names, where 1 % are hostile"
UNIT = "us CPU a name"
GOAL, STRETCH = 1.05, None

NAMES = 20000
ONE_IN = 100
SMTP = ("smtp-silent", "smtp-go-stall")
POLICY = ("policy-drip", "policy-stall", "policy-tls-stall", "policy-silent")
STS = ("sts-timeout",)
KINDS = (SMTP, POLICY, STS)
HOSTILE = {"smtp-self": (0.15, SMTP), "policy-self": (0.1, POLICY), "policy-third": (0.1, POLICY), "sts": (0.02, STS),
           "sts-no-mx": (0.02, STS), "mxset": (0.02, ["mx-many"])}
# The world has more hostile names than are scanned, and no faults beside theirs.
POPULATION = ["--set", "mxset.mx-operator=0.15", "--set", "mxset.mx-bundled=0.15", "--set", "sts.sts-ok=0.05", "--set",
              "query.query-timeout=0", "--set", "query.query-servfail=0", "--set", "query.query-lost-once=0", "--set",
              "smtp-per-ip=100000", "--set", "smtp-rate-per-ip=1000000"]
# A tenth of the defaults, one attempt.
ARGS = ["--window", "5000", "--dns-window", "1600", "--max-connections", "300", "--connect-rate", "500", "--per-ip-smtp", "1",
        "--per-ip-interval", "200ms", "--per-prefix-smtp", "8", "--per-ip-hosts", "50", "--per-ip-signalled-hosts", "1000",
        "--per-ip-https", "4", "--per-prefix-https", "64", "--per-ip-https-rate", "100", "--dns-timeout", "500ms",
        "--dns-deadline", "2s", "--dns-retry-after", "2s", "--retry-after", "30s", "--connect-timeout", "1500ms",
        "--greeting-timeout", "4500ms", "--smtp-timeout", "6s", "--policy-timeout", "6s"]


def run(bench):
    n = bench.n(NAMES)
    with bench.stsim(2 * n, args=POPULATION + shares()) as server:
        good, bad = split(server.world, n)
        files = {"alone": write(bench, "alone", good), "1 % hostile": write(bench, "among", mixed(good, bad)),
                 "1 % in a row": write(bench, "row", good[:n // 2] + bad + good[n // 2:])}
        rest = set(good)
        seconds = {label: [] for label in files}
        pairs = bench.pairs({label: lambda path=path, label=label: scan(bench, path, n, rest, seconds[label])
                             for label, path in files.items()})
    return [line for label in files if label != "alone" for line in lines(pairs, seconds, label, len(bad))]


def shares():
    return [word for table, (share, classes) in HOSTILE.items() for name in classes for word in ("--set", f"{table}.{name}={share}")]


def split(world, n):
    """n good names, and one hostile one for ONE_IN of them: those that take most, by turns of each kind."""
    good, bad = [], [[] for _ in KINDS]
    with subprocess.Popen(world.stsim("truth"), stdout=subprocess.PIPE) as truth:
        next(truth.stdout)
        for text in truth.stdout:
            line = json.loads(text)
            shown = [line["classes"]["sts"], line["classes"].get("policy")] + [
                a["smtp"] for host in line["hosts"] for a in host["addresses"]]
            takes = [sum(found in kind for found in shown) for kind in KINDS]
            if not any(takes):
                good.append(line["name"])
            for of, number in zip(bad, takes):
                of.append((-number, line["name"])) if number else None
    bad = list(dict.fromkeys(name for turn in zip(*map(sorted, bad)) for _, name in turn))
    if len(good) < n or len(bad) < n // ONE_IN:
        raise lib.Error(f"{len(good)} good names and {len(bad)} hostile ones: too few")
    return good[:n], bad[:n // ONE_IN]


def mixed(good, bad):
    for i, name in enumerate(bad):
        yield from good[i * ONE_IN:(i + 1) * ONE_IN]
        yield name
    yield from good[len(bad) * ONE_IN:]


def write(bench, name, names):
    with open(bench.path(name), "w", encoding="ascii") as file:
        file.writelines(name + "\n" for name in names)
    return bench.path(name)


def scan(bench, path, n, rest, seconds):
    """CPU time for each of the good names; and how long until they had what they lead to."""
    sample = bench.scan(path, ARGS, n)
    seconds.append(ends_of_names(sample, rest))
    return sample


def export(sample, form, table):
    return subprocess.Popen([score.program("ststat"), "export", "--format", form, "--table", table, sample.dir],
                            stdout=subprocess.PIPE, text=True)


def hosts_of(sample, rest):
    """(name, its most preferred MX hosts, all of its MX hosts) for each that has any."""
    with export(sample, "ndjson", "domains") as domains:
        for line in map(json.loads, domains.stdout):
            if line["name"] in rest and line["mx"]:
                pairs = [(int(preference), host.lower()) for preference, host in (mx.split() for mx in line["mx"])]
                least = min(pairs)[0]
                yield line["name"], [host for preference, host in pairs if preference == least], [host for _, host in pairs]


def ends_of(sample, table, key):
    """{host or name: when the last attempt at it was through, in seconds from the start} of those that had one"""
    ends, start = collections.defaultdict(float), seconds_of(sample.metadata["start"])
    with export(sample, "csv", table) as rows:
        for row in csv.DictReader(rows.stdout):
            if row["last_attempt_time"]:
                end = seconds_of(row["last_attempt_time"]) + int(row["attempt_ms"] or 0) / 1000 - start
                ends[row[key]] = max(ends[row[key]], end)
    return ends


def ends_of_names(sample, rest):
    """When the others had their policy and a most preferred MX host, and when all of their hosts: on average, and the last of
    them. Of those that lead to something that was tried."""
    hosts, policies = ends_of(sample, "endpoints", "host"), ends_of(sample, "policies", "name")
    first, every = {name: end for name, end in policies.items() if name in rest}, []
    for name, preferred, all_of_it in hosts_of(sample, rest):
        policy = [first[name]] if name in first else []
        tried = [[hosts[host] for host in of if host in hosts] for of in (preferred, all_of_it)]
        if policy or tried[0]:
            first[name] = max([*policy, *([min(tried[0])] if tried[0] else [])])
        if policy or tried[1]:
            every.append(max(policy + tried[1]))
    return {"first, average": statistics.mean(first.values()), "first, last": max(first.values()),
            "all, average": statistics.mean(every), "all, last": max(every)}


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def lines(pairs, seconds, label, n_bad):
    def until(what, words, **more):
        alone, found = ([one[what] for one in seconds[key][1:]] for key in ("alone", label))
        return lib.Result(statistics.median(found), statistics.median(alone), "alone", f": seconds until {words}, {label}", unit="s",
                          ratio=statistics.median(b / a for a, b in zip(alone, found)), **more)

    connects = [pairs[key][-1].metadata["connects"] for key in (label, "alone")]
    note = (f"{n_bad} hostile names; the whole scan took {lib.median(pairs[label], 'wall_s'):.1f} s, without them "
            f"{lib.median(pairs['alone'], 'wall_s'):.1f} s; {connects[0]} connections, {connects[0] / connects[1]:.2f} of those without")
    return [until("first, last", "the last of the others had a most preferred MX host and its policy"),
            until("first, average", "the same, on average of them"),
            until("all, last", "the last of them had all of its MX hosts", note=note),
            until("all, average", "the same, on average of them"),
            lib.compare(pairs, label, "alone", suffix=f": CPU, {label}")]
