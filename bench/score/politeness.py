"""Did the scan keep to the pace that it was asked for? The simulator has counted; MX hosts at an address are counted here."""
from collections import Counter


def breaches(statistics, pace):
    """What was too much, in words."""
    found = []

    def check(what, value, most):
        if value is not None and value > most:
            found.append(f"politeness: {what}: {value}, not more than {most} were asked for")

    smtp, https = statistics["smtp"], statistics["https"]
    check(f"SMTP connections open to {smtp['address']['open_at']}", smtp["address"]["most_open"], pace.per_ip)
    check(f"SMTP connections open to the /24 of {smtp['network']['open_at']}", smtp["network"]["most_open"], pace.per_prefix)
    if pace.per_ip_interval_ms:
        check(f"SMTP connections in a second to {smtp['address']['second_at']}", smtp["address"]["most_in_second"],
              1000 // pace.per_ip_interval_ms + 1)
    check(f"HTTPS connections open to {https['address']['open_at']}", https["address"]["most_open"], pace.per_ip_https)
    check(f"HTTPS connections in a second to {https['address']['second_at']}", https["address"]["most_in_second"],
          pace.per_ip_https_rate + 1)
    if statistics["not_watched"]:
        found.append(f"politeness: {statistics['not_watched']} connections were not watched")
    return found


def plain_hosts(names):
    """MX hosts that are so for no name with a record of MTA-STS or TLS-RPT, and have no TLSA: others have a limit of
    their own."""
    plain, others = set(), set()
    for line in names.values():
        signalled = line["signalled"] is not False or line["sts_record"] != "none" or line["rpt_record"] != "none"
        for host in line["hosts"]:
            (others if signalled or host["tlsa"] != "tlsa-none" else plain).add(host["host"].lower())
    return plain - others


def crowds(names, endpoints, pace):
    """Addresses at which too many hosts were probed, in words. `endpoints`: rows of that table."""
    plain = plain_hosts(names)
    probed = Counter(row["ip"] for row in endpoints
                     if row["host"] in plain and not row["by_ip"] and row["state"] != "skipped")
    return [f"politeness: MX hosts probed at {ip}: {n}, not more than {pace.per_ip_hosts} were asked for"
            for ip, n in probed.items() if n > pace.per_ip_hosts]
