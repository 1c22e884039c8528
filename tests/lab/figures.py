"""Counters of `ststat summary --json` that follow from the table; the others are not compared."""
from collections import Counter

import expect_scripted
import names
import scripted_https
import scripted_smtp
from domains import DOMAINS, MAIL_SERVERS
from expect import DOMAIN, OC
from expect_peers import SMTP_END

GOOD = ("good", "rsa", "shared")
BAD_CHAIN = {"expired": "ep_cert_expired", "selfsigned": "ep_cert_self_signed", "nochain": "ep_cert_untrusted"}
BAD_NAME = ("wrongname", "cnonly")
POLICY_TLS = {"expired": "pol_tls_expired", "selfsigned": "pol_tls_self_signed", "nochain": "pol_tls_untrusted",
              "wrongname": "pol_tls_name"}
TEMPORARY = (OC["DNS_SERVFAIL"], OC["DNS_REFUSED"])


def of_names():
    rows = names.positions()
    known = [DOMAIN[name] for _, _, _, name, _ in rows if name]
    n = Counter(positions=len(rows), names=len(known), not_names=len(rows) - len(known), asked=len(known))
    for record in known:
        mx, sts, rpt = (record.get(q, {}) for q in ("mx", "sts", "rpt"))
        has_mx = any(m["h"] != "." for m in mx.get("mx", []))
        n["mx"] += has_mx
        n["mx_null"] += mx.get("mx") == [{"h": "."}]
        n["mx_nxdomain"] += mx["oc"] == OC["DNS_NXDOMAIN"]
        n["mx_temporary"] += mx["oc"] in TEMPORARY
        n["mx_implicit"] += mx["oc"] == OC["DNS_NODATA"] and "addr" in record["a"]
        n["mx_no_mail"] += mx["oc"] == OC["DNS_NODATA"] and "addr" not in record["a"]
        found = [b"".join(rr["s"]) for rr in sts.get("txt", []) if b"".join(rr["s"]).startswith(b"v=STSv1;")]
        n["sts"] += len(found) > 0
        n["sts_valid"] += len(found) == 1  # all of them have a right id
        n["sts_multiple"] += len(found) > 1
        n["sts_mx"] += len(found) > 0 and has_mx
        n["sts_valid_mx"] += len(found) == 1 and has_mx
        n["sts_temporary"] += sts.get("oc") in TEMPORARY
        reports = [b"".join(rr["s"]) for rr in rpt.get("txt", []) if b"".join(rr["s"]).startswith(b"v=TLSRPTv1;")]
        valid = len(reports) == 1 and any(scheme in reports[0] for scheme in (b"rua=mailto:", b"rua=https:"))
        n["rpt"] += len(reports) > 0
        n["rpt_valid"] += valid
        n["rpt_invalid"] += len(reports) == 1 and not valid
        n["rpt_temporary"] += rpt.get("oc") in TEMPORARY
        n["sts_rpt"] += valid and len(found) == 1
    return n


def of_policies():
    """Of names with one valid record: what their policy hosts come to (RFC 8461 section 3.3)."""
    n = Counter(pol_ok=0)
    for d in DOMAINS:
        if not d.policy or d.name == "twosts.test":
            continue
        verified, found = d.policy.cert in GOOD, d.policy.status == 200
        n["pol_fetched"] += verified and found
        n["pol_tls"] += not verified
        n["pol_tls_body"] += not verified  # the bodies behind them are right
        if not verified:
            n[POLICY_TLS[d.policy.cert]] += 1
        elif d.policy.status == 301:
            n["pol_http_redirect"] += 1
        elif not found:
            n["pol_http_status"] += 1
        elif d.policy.media != "text/plain":
            n["pol_media"] += 1
            n["pol_media_body"] += 1
        else:
            n["pol_ok"] += 1
            n[{"none": "pol_mode_none"}.get(d.policy.mode, "pol_" + d.policy.mode)] += 1
    n["pol_http"] = n["pol_http_redirect"] + n["pol_http_status"]
    n.update(pol_dns=1, pol_tcp=1, pol_syntax=0)  # pol-nohost.test, mx-down.test
    for peer in scripted_https.PEERS:
        n.update(peer.counters)
    n["unsignalled"] = 0  # twosts.test has records, one too many
    return n


def of_endpoints():
    n = Counter(ep=2, ep_unreachable=1, ep_skipped=1, ep_ours=0, ep_by_ip=0, ep_tls_failed=0)  # mx-down, reserved
    for server in MAIL_SERVERS:
        if server.name == "implicit-plain.test":  # not signalled, not probed
            continue
        shown = server.behaviour not in SMTP_END
        for _ in server.addresses:
            n["ep"] += 1
            n["ep_turned_away"] += server.behaviour in ("421", "554")
            n["ep_not_offered"] += server.behaviour == "nostarttls"
            n["ep_starttls_failed"] += server.behaviour == "454"
            n["ep_offered"] += shown or server.behaviour == "454"
            n["ep_tls12" if server.behaviour == "tls12" else "ep_tls13"] += shown
            for counter in ("ep_handshake", "ep_cert"):
                n[counter] += shown
            if not shown:
                continue
            n["ep_cert_valid"] += server.cert not in BAD_CHAIN
            n["ep_cert_match"] += server.cert not in BAD_NAME
            n["ep_cert_good"] += server.cert in GOOD
            if server.cert in BAD_CHAIN:
                n[BAD_CHAIN[server.cert]] += 1
    for peer in scripted_smtp.PEERS:
        for address in peer.addresses:
            n.update(expect_scripted.endpoint_counters(peer, address))
    n["ep_answered"] = n["ep_offered"] + n["ep_not_offered"]
    return n


def of_hosts():
    """MX hosts, and the names by what their MX hosts show: every name here has hosts of one kind only."""
    # without implicit-plain.test; mx-down, mx-gone, reserved
    n = Counter(hosts=len(MAIL_SERVERS) - 1 + len(scripted_smtp.PEERS) + 3)
    n.update(hosts_no_address=1, hosts_address=n["hosts"] - 1, hosts_tlsa=sum(bool(s.tlsa) for s in MAIL_SERVERS))
    n["hosts_probed"] = n["hosts_address"] - 1  # reserved.test is not
    behind = {s.name: s for s in MAIL_SERVERS}
    for record in DOMAIN.values():
        servers = [behind[m["h"]] for m in record["mx"].get("mx", []) if m["h"] in behind]
        if not servers or servers[0].behaviour in ("421", "554"):
            continue
        n["mx_answered"] += 1
        n["mx_tls_none" if servers[0].behaviour == "nostarttls" else "mx_tls_all"] += 1
        if servers[0].behaviour not in SMTP_END:
            n["mx_cert"] += 1
            n["mx_cert_all" if servers[0].cert in GOOD else "mx_cert_none"] += 1
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
