"""Did the scan keep to the pace that it was asked for? The simulator has counted."""


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
