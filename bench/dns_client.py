"""The DNS clients that the rows about DNS run: one TXT query at _mta-sts.NAME for each name of a population."""
import re

import lib

WINDOW = 2000  # massdns is at its best with 1,000 to 2,000
COUNT = re.compile(r"(\w+) (\d+)")


def of_limits(bench, server, program, window, *more, port=None):
    """A Sample of build/bench/PROGRAM. An Error where not all names were answered: then it was not measured."""
    address = f"127.0.0.1:{port or server.ports.dns}"
    sample = bench.client([bench.program(program), server.names_file, address, str(window), *more], server.names)
    found = counts(sample)
    if found["answers"] != server.names or found["queries"] != server.names:
        raise lib.Error(f"{program}: not all of {server.names} names were answered: {sample.out}")
    return sample


def counts(sample):
    """What one of them wrote at its end: {word: number}."""
    return {word: int(n) for word, n in COUNT.findall(sample.out)}


def questions_file(bench, server, form):
    """The questions as another program reads them: `form` of each name."""
    path = bench.path("questions-" + str(len(form)))
    with open(server.names_file, encoding="ascii") as names, open(path, "w", encoding="ascii") as out:
        out.writelines(form.format("_mta-sts." + name.rstrip("\n")) + "\n" for name in names)
    return path


def served(server, asked):
    """Behind the block of stsim: what it cost to answer, and how many queries came more than once or were lost."""
    queries = server.stats["counts"]["dns.queries"]
    return f"stsim: {server.cpu_s * 1e6 / queries:.2f} us CPU a query; {queries} queries for {asked} questions"
