"""Figures of `ststat summary --json` that follow from the table."""
import names
from expect import DOMAIN, OC


def counted():
    """figure -> number of names."""
    rows = names.positions()
    known = [DOMAIN[name] for _, _, _, name, _ in rows if name]

    def answered(question):
        return sum(record.get(question, {}).get("oc") == OC["OK"] for record in known)
    return {
        "positions": len(rows),
        "no_name": sum(bool(outcome) for *_, outcome in rows),
        "nxdomain": sum(record["mx"]["oc"] == OC["DNS_NXDOMAIN"] for record in known),
        "dns_failed": sum(record["mx"]["oc"] in (OC["DNS_SERVFAIL"], OC["DNS_REFUSED"]) for record in known),
        "with_mx": sum(any(m["h"] != "." for m in record["mx"].get("mx", [])) for record in known),
        "null_mx": sum(record["mx"].get("mx") == [{"h": "."}] for record in known),
        "with_dmarc": answered("dmarc"),
        "signalled": sum(record.get("sig", False) for record in known),
    }


# Where each figure stands in the summary: a path of keys, filled in when ststat has settled.
WHERE = {}


def complaints(summary):
    wrong, want = [], counted()
    for figure, path in WHERE.items():
        value = summary
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value != want[figure]:
            wrong.append(f"ststat summary: {'.'.join(path)}: expected {want[figure]} ({figure}), observed {value}")
    return wrong


def timeless(value):
    """The summary without what may differ between scans: times, durations, names of files."""
    skip = ("time", "start", "end", "seconds", "_ms", "duration", "path", "scan", "file", "bytes")
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if not any(word in k for word in skip)}
    return [timeless(v) for v in value] if isinstance(value, list) else value
