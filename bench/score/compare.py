"""Truth against findings: a confusion matrix for each question, and every disagreement with its name."""
from collections import Counter, defaultdict
from dataclasses import dataclass, field

MOST_KEPT = 1_000_000  # disagreements
NOT_THERE = "(no row)"

# What is compared, and whether it is a word (a matrix) or a value (equal or not). Keys of the truth are columns of
# ststat export, but those of EXPORTED.
OF_NAMES = {
    "mail": "word", "n_mx": "value", "signalled": "word", "sts_record": "word", "sts_record_lenient": "word",
    "sts_id": "value", "sts_wild": "word", "rpt_record": "word", "rpt_record_lenient": "word", "rpt_mailto": "value",
    "rpt_https": "value", "spf": "value", "dmarc": "value", "policy": "word", "policy_lenient": "word",
    "policy_body": "word", "mode": "word", "mode_lenient": "word", "max_age_s": "value", "n_mx_listed": "value",
    "n_mx_passing": "value", "n_mx_unknown": "value", "n_mx_down": "value", "sts_state": "word",
    "opportunistic": "word", "mta_sts": "word", "opportunistic_inferred": "word", "mta_sts_inferred": "word",
    "mta_sts_if_enforced": "word", "mta_sts_lenient": "word", "attacked_opportunistic": "word",
    "attacked_cached": "word", "attacked_first": "word", "results": "value", "headline": "word"}
OF_HOSTS = {"tls": "word", "tls_worst": "word", "tls_inferred": "word", "cert_good": "word", "cert_fault": "word"}
# What is the same in truth however it was found.
TRUE_OF = {"opportunistic_inferred": "opportunistic", "mta_sts_inferred": "mta_sts", "tls_inferred": "tls"}
# Not to be known where an MX host was judged by what others show at its address; what is inferred then must be true.
OWN_OF_NAMES = {"n_mx_passing", "n_mx_unknown", "n_mx_down", "opportunistic", "mta_sts", "mta_sts_if_enforced",
                "mta_sts_lenient", "attacked_opportunistic", "attacked_cached", "attacked_first", "results", "headline"}
OWN_OF_HOSTS = {"tls", "tls_worst", "cert_good", "cert_fault"}
OF_ENDPOINTS = {"state": "word", "starttls": "word", "tls_version": "word", "cert_valid": "word", "cert_match": "word"}


def word(value):
    if isinstance(value, list):
        return "+".join(sorted(map(str, value))) or "-"
    return "-" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@dataclass
class Score:
    matrices: dict = field(default_factory=lambda: defaultdict(Counter))  # of "table question"
    equal: Counter = field(default_factory=Counter)
    asked: Counter = field(default_factory=Counter)
    wrong: list = field(default_factory=list)  # (question, name, truth, found, classes)
    lost: list = field(default_factory=list)   # names without a row
    twice: list = field(default_factory=list)
    strange: list = field(default_factory=list)  # rows that the truth does not know

    def put(self, question, kind, name, expected, found, classes):
        expected, found = word(expected), word(found)
        self.asked[question] += 1
        self.equal[question] += expected == found
        if kind == "word":
            self.matrices[question][expected, found] += 1
        if expected != found and len(self.wrong) < MOST_KEPT:
            self.wrong.append((question, name, expected, found, classes))

    def good(self):
        return not (self.wrong or self.lost or self.twice or self.strange)


def of_classes(row):
    return " ".join(str(c) for c in row["classes"].values() if c)


def of_name(score, name, expected, row, inferred):
    for key, kind in OF_NAMES.items():
        if not (inferred and key in OWN_OF_NAMES):
            score.put("name: " + key, kind, name, expected[TRUE_OF.get(key, key)], row[key], of_classes(expected))


def compare_names(score, names, rows, by_others):
    """`names`: {name: line of the truth}; `rows`: of the table of domains; `by_others`: MX hosts judged by others."""
    seen = Counter()
    for row in rows:
        name = row["name"]
        seen[name] += 1
        if name not in names:
            score.strange.append(name or row.get("input"))
        elif seen[name] > 1:
            score.twice.append(name)
        else:
            expected = names[name]
            of_name(score, name, expected, row, any(h["host"].lower() in by_others for h in expected["hosts"]))
    score.lost.extend(name for name in names if not seen[name])


def hosts_of(names):
    """Every MX host that a scan looks at, once."""
    hosts = {}
    for line in names.values():
        for host in line["hosts"]:
            hosts.setdefault(host["host"].lower(), (host, line))
    return hosts


def compare_rows(score, what, questions, expected, rows, key, left_out=lambda k, question: False):
    """`expected`: {key: (truth, line of the name)}. The keys that were seen."""
    seen = set()
    for row in rows:
        k = key(row)
        if k not in expected:
            score.strange.append(f"{what} {k}")
            continue
        if k in seen:
            score.twice.append(f"{what} {k}")
        seen.add(k)
        truth, line = expected[k]
        for question, kind in questions.items():
            if not left_out(k, question):
                score.put(f"{what}: {question}", kind, line["name"], truth[TRUE_OF.get(question, question)],
                          row[question], f"{k} {of_classes(line)}")
    return seen


def compare(names, export, sampling=False):
    """`export`: a function of the table's name that gives its rows."""
    score = Score()
    hosts = hosts_of(names)
    endpoints = {(name, a["ip"]): (a, line) for name, (host, line) in hosts.items() for a in host["addresses"]}
    rows = list(export("endpoints"))
    seen = compare_rows(score, "endpoint", OF_ENDPOINTS, endpoints, rows, lambda row: (row["host"], row["ip"]))
    not_seen = [k for k in endpoints if k not in seen]
    by_others = {row["host"] for row in rows if row["by_ip"]}
    if sampling:
        by_others.update(host for host, _ in not_seen)
    else:
        score.lost.extend(f"endpoint {k}" for k in not_seen)
    seen = compare_rows(score, "host", OF_HOSTS, hosts, export("hosts"), lambda row: row["host"],
                        lambda host, question: host in by_others and question in OWN_OF_HOSTS)
    score.lost.extend(f"host {k}" for k in hosts if k not in seen)
    compare_names(score, names, export("domains"), by_others)
    return score


# ---- as text ----

def print_matrix(question, matrix, out):
    rows = sorted({e for e, _ in matrix})
    width = max(map(len, rows))
    print(f"\n{question}", file=out)
    for expected in rows:
        cells = sorted(((n, found) for (e, found), n in matrix.items() if e == expected), reverse=True)
        right = matrix[expected, expected]
        others = ", ".join(f"{found} {n}" for n, found in cells if found != expected)
        print(f"  {expected:{width}} {right:8}" + (f"   but found: {others}" if others else ""), file=out)


def print_disagreements(score, out, most_wrong):
    for what, found in (("lost", score.lost), ("twice", score.twice), ("not of this population", score.strange)):
        if found:
            print(f"\n{what}: {len(found)}: " + ", ".join(map(str, found[:10])), file=out)
    if score.wrong:
        print(f"\n{len(score.wrong)} disagreements (question, name, truth, found, classes):", file=out)
    for question, name, expected, found, classes in score.wrong[:most_wrong]:
        print(f"  {question:26} {name:24} {expected} | {found}   ({classes})", file=out)
    if len(score.wrong) > most_wrong:
        print(f"  and {len(score.wrong) - most_wrong} more", file=out)


def print_score(score, out, most_wrong=40):
    """What is wrong comes first: of a long output often no more than the beginning is kept."""
    print_disagreements(score, out, most_wrong)
    for question, matrix in score.matrices.items():
        print_matrix(question, matrix, out)
    print("\nequal, of", file=out)
    for question, n in score.asked.items():
        mark = "" if score.equal[question] == n else f"   {n - score.equal[question]} differ"
        print(f"  {question:28} {score.equal[question]:8} {n:8}{mark}", file=out)
