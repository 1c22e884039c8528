"""Counters of `ststat summary --json` that follow from the table; the others are not compared."""
from collections import Counter

import expect_scripted
import names
import scripted_https
import scripted_smtp
from domains import DOMAINS, EXIM_SERVERS, MAIL_SERVERS
from expect import DOMAIN, OC
from expect_peers import SMTP_END
from verdicts import VERDICT

GOOD = ("good", "rsa", "shared")
BAD_CHAIN = {"expired": "ep_cert_expired", "selfsigned": "ep_cert_self_signed", "nochain": "ep_cert_untrusted"}
BAD_NAME = ("wrongname", "cnonly")
SERVERS = [s for s in MAIL_SERVERS + EXIM_SERVERS if s.name != "implicit-plain.test"]  # that is not signalled: not probed
ALIAS = {"mx.mx-alias.test": "mx.shared.test"}  # another name of a server's address; its certificate is for the server
TEMPORARY = (OC["DNS_SERVFAIL"], OC["DNS_REFUSED"])


def of_names():
    rows = names.positions()
    known = sum(bool(name) for _, _, _, name, _ in rows)
    n = Counter(positions=len(rows), names=known, not_names=len(rows) - known, asked=known)
    for name in (name for _, _, _, name, _ in rows if name):
        record, verdict = DOMAIN[name], VERDICT[name]
        mx, sts, rpt = (record.get(q, {}) for q in ("mx", "sts", "rpt"))
        has_mx = any(m["h"] != "." for m in mx.get("mx", []))
        n["mx"] += has_mx
        n["mx_null"] += mx.get("mx") == [{"h": "."}]
        n["mx_nxdomain"] += mx["oc"] == OC["DNS_NXDOMAIN"]
        n["mx_temporary"] += mx["oc"] in TEMPORARY
        n["mx_implicit"] += mx["oc"] == OC["DNS_NODATA"] and "addr" in record["a"]
        n["mx_no_mail"] += mx["oc"] == OC["DNS_NODATA"] and "addr" not in record["a"]
        there, valid = verdict["sts_record"] in ("valid", "invalid", "multiple"), verdict["sts_record"] == "valid"
        n["sts"] += there
        n["sts_valid"] += valid
        n["sts_multiple"] += verdict["sts_record"] == "multiple"
        n["sts_mx"] += there and has_mx
        n["sts_valid_mx"] += valid and has_mx
        n["sts_temporary"] += sts.get("oc") in TEMPORARY
        reports = [b"".join(rr["s"]) for rr in rpt.get("txt", []) if b"".join(rr["s"]).startswith(b"v=TLSRPTv1;")]
        reported = len(reports) == 1 and any(scheme in reports[0] for scheme in (b"rua=mailto:", b"rua=https:"))
        n["rpt"] += len(reports) > 0
        n["rpt_valid"] += reported
        n["rpt_invalid"] += len(reports) == 1 and not reported
        n["rpt_temporary"] += rpt.get("oc") in TEMPORARY
        n["sts_rpt"] += reported and valid
    return n


POLICY_TLS = ("expired", "self-signed", "untrusted", "name")


def of_policies():
    """Of names with one valid record: what their policy hosts come to (RFC 8461 section 3.3)."""
    n = Counter(pol_ok=0, unsignalled=sum(VERDICT[d.name]["sts_record"] != "valid" and d.policy is not None for d in DOMAINS
                                          if VERDICT[d.name]["sts_record"] == "none"))
    scripted = {peer.name for peer in scripted_https.PEERS}
    for verdict in (v for name, v in VERDICT.items() if v["sts_record"] == "valid" and "policy" in v and name not in scripted):
        class_, body = verdict["policy"], verdict.get("policy_body")
        for kind in POLICY_TLS:
            n["pol_tls_" + kind.replace("-", "_")] += class_ == "tls-" + kind
        n["pol_tls"] += class_.startswith("tls-")
        n["pol_tls_body"] += class_.startswith("tls-") and body == "valid"
        n["pol_fetched"] += class_ in ("ok", "media", "syntax")
        n["pol_media"] += class_ == "media"
        n["pol_media_body"] += class_ == "media" and body == "valid"
        n["pol_http_redirect"] += class_ == "http-redirect"
        n["pol_http_status"] += class_ == "http-status"
        for other in ("ok", "syntax", "dns", "tcp", "bogon"):
            n["pol_" + other] += class_ == other
        if class_ == "ok":
            n[{"none": "pol_mode_none"}.get(verdict["mode"], "pol_" + verdict["mode"])] += 1
    n["pol_http"] = n["pol_http_redirect"] + n["pol_http_status"]
    for peer in scripted_https.PEERS:
        n.update(peer.counters)
    n.update(of_policy_hosts())
    return n


def of_policy_hosts():
    """Those with several addresses, by what these serve: dual.test the same, the others not."""
    several = [peer for peer in scripted_https.PEERS if peer.attempts or peer.second]
    bodies = sum(set(peer.second) == {"body"} for peer in several)
    return {"pol_hosts": 1 + len(several), "pol_hosts_same": 1, "pol_hosts_bodies": bodies,
            "pol_hosts_partly": len(several) - bodies, "pol_hosts_failures": 0}


def of_endpoints():
    n = Counter(ep=2, ep_unreachable=1, ep_skipped=1, ep_ours=0, ep_by_ip=0, ep_tls_failed=0)  # mx-down, reserved
    for server, named in [(s, s.cert not in BAD_NAME) for s in SERVERS] + [
            (s, False) for s in SERVERS for alias in ALIAS.values() if s.name == alias]:
        shown = server.behaviour not in SMTP_END
        for _ in server.addresses:
            n["ep"] += 1
            n["ep_turned_away"] += server.behaviour in ("421", "451", "554")
            n["ep_not_offered"] += server.behaviour == "nostarttls"
            n["ep_starttls_failed"] += server.behaviour == "454"
            n["ep_offered"] += shown or server.behaviour == "454"
            n["ep_tls12" if server.behaviour == "tls12" else "ep_tls13"] += shown
            for counter in ("ep_handshake", "ep_cert"):
                n[counter] += shown
            if not shown:
                continue
            n["ep_cert_valid"] += server.cert not in BAD_CHAIN
            n["ep_cert_match"] += named
            n["ep_cert_good"] += server.cert in GOOD and named
            if server.cert in BAD_CHAIN:
                n[BAD_CHAIN[server.cert]] += 1
    for peer in scripted_smtp.PEERS:
        for address in peer.addresses:
            n.update(expect_scripted.endpoint_counters(peer, address))
    n["ep_answered"] = n["ep_offered"] + n["ep_not_offered"]
    return n


def share(values):
    """all, some or none of those that say yes or no; "" where nobody says anything."""
    known = [v for v in values if v is not None]
    return "" if not known else "all" if all(known) else "some" if any(known) else "none"


def of_hosts():
    """MX hosts, and the names by what their MX hosts show. Of a host's addresses, those of the lab are all alike."""
    # and mx-down, mx-gone, reserved, 192.0.2.1
    n = Counter(hosts=len(SERVERS) + len(ALIAS) + len(scripted_smtp.PEERS) + 4)
    n.update(hosts_no_address=2, hosts_tlsa=sum(bool(s.tlsa) for s in SERVERS))
    n["hosts_address"] = n["hosts"] - 2
    n["hosts_probed"] = n["hosts_address"] - 1  # reserved.test is not
    behind = {s.name: s for s in SERVERS}
    for record in DOMAIN.values():
        hosts = [str(m["h"][1] if isinstance(m["h"], tuple) else m["h"]) for m in record["mx"].get("mx", [])]
        servers = [behind.get(ALIAS.get(h, h)) for h in hosts if h != "."]
        tls = share([None if s is None or s.behaviour in ("421", "451", "554") else s.behaviour != "nostarttls" for s in servers])
        cert = share([None if s is None or s.behaviour in SMTP_END else s.cert in GOOD and h not in ALIAS
                      for h, s in zip([h for h in hosts if h != "."], servers)])
        n["mx_answered"] += tls != ""
        n["mx_tls_" + (tls or "unanswered")] += 1
        n["mx_cert"] += cert != ""
        n["mx_cert_" + (cert or "unanswered")] += 1
    del n["mx_tls_unanswered"], n["mx_cert_unanswered"]
    for peer in scripted_smtp.PEERS:  # each behind one name
        n.update(expect_scripted.mx_counters(peer))
    return n


def counters():
    return {**of_names(), **of_policies(), **of_endpoints(), **of_hosts()}


def complaints(summary):
    observed = summary.get("counters", {})
    return [f"ststat summary: {counter}: expected {number}, observed {observed.get(counter)}"
            for counter, number in counters().items() if observed.get(counter) != number]


def timeless(summary):
    """What must be the same for all scans of the lab."""
    return {key: value for key, value in summary.items() if key != "scan"}
