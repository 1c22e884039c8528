"""The input list of the lab: `rank,name` lines for every domain of the table, with junk between them."""
from domains import DOMAINS

# How some names are written; the scanner asks for them in lower case, as A-labels, without the dot.
ODD = {"testing.test": b"TESTING.Test", "none.test": b"none.test.", "xn--bcher-kva.test": "bücher.test".encode()}

# After which domain, the line, and what it is: an outcome for a name that is none, "" for a line that is no position.
JUNK = (
    (0, b"# rank,name", ""),
    (1, b"", ""),
    (2, b"1000001,192.0.2.1", "NAME_IP_LITERAL"),
    (4, b"1000002,[2001:db8::1]", "NAME_IP_LITERAL"),
    (5, b"1000003,a..test", "NAME_LABEL_EMPTY"),
    (5, b"1000004," + b"l" * 64 + b".test", "NAME_LABEL_TOO_LONG"),
    (7, b"1000005," + b"toolong." * 31 + b"x.test", "NAME_TOO_LONG"),  # 254 octets
    (9, b"1000006,nul\0byte.test", "NAME_NUL"),
    (9, b"1000007,", "NAME_EMPTY"),
    (11, b"1000008,two words.test", "NAME_BAD_CHARACTER"),
    (12, b"   ", ""),
    (15, b"1000009,\xff\xfe.test", ("NAME_BAD_IDNA", "NAME_BAD_CHARACTER")),  # no UTF-8: either is right
    (17, b"\t# a comment behind white space", ""),
)


def lines(domains=DOMAINS):
    """(line, domain name or None, outcome or "") in order."""
    out = []
    for rank in range(len(domains) + 1):
        if rank:
            name = domains[rank - 1].name
            out.append((b"%d,%s" % (rank, ODD.get(name, name.encode())), name, ""))
        out += [(line, None, outcome) for after, line, outcome in JUNK if after == rank]
    return out


def csv(domains=DOMAINS):
    return b"".join(line + b"\n" for line, _, _ in lines(domains))


def positions():
    """(position, rank, name as given, domain name or None, outcome) of each line that counts."""
    counted = [row for row in lines() if row[1] or row[2]]
    return [(pos, line.split(b",")[0], line.split(b",", 1)[1], name, outcome)
            for pos, (line, name, outcome) in enumerate(counted, 1)]
