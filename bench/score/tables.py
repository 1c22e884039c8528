"""The tables of ststat summary, counted from the truth: a second time, by other code."""
from collections import Counter

from compare import hosts_of

# What depends on when and where the scan looked, not on what is true.
NOT_OF_THE_TRUTH = {"ep_by_ip", "ips", "ip_hosts", "ip_probed", "inferred"}
HAS_MAIL = ("has-mx", "implicit-mx")
HELD_STATES = ("mode-none", "testing", "enforced")
CHAINS = {"expired": "expired", "not-yet": "expired", "self-signed": "self_signed", "untrusted": "untrusted",
          "no-chain": "untrusted", "rsa1024": "weak"}


def of_mail(n, line):
    n[{"has-mx": "mx", "null-mx": "mx_null", "implicit-mx": "mx_implicit", "no-mail": "mx_no_mail",
       "nxdomain": "mx_nxdomain", "unknown": "mx_temporary"}[line["mail"]]] += 1
    n["mx_null_beside"] += line["mail"] == "has-mx" and line["classes"]["mail"] == "mail-null-beside"


def of_records(n, line):
    sts, rpt, mx = line["sts_record"], line["rpt_record"], line["mail"] == "has-mx"
    for kind, word in (("sts", sts), ("rpt", rpt)):
        there = word in ("valid", "invalid", "multiple")
        n[kind] += there
        n[kind + "_mx"] += there and mx
        n[kind + "_valid_mx"] += word == "valid" and mx
        n[kind + "_temporary"] += word == "unknown"
        if there:
            n[f"{kind}_{word}"] += 1
    n["sts_wild"] += sts in ("valid", "invalid", "multiple") and bool(line["sts_wild"])
    n["sts_rpt"] += sts == rpt == "valid"
    if rpt == "valid":
        n["rpt_mailto"] += line["rpt_mailto"] > 0
        n["rpt_https"] += line["rpt_https"] > 0
        n["rpt_nowhere"] += not line["rpt_mailto"] and not line["rpt_https"]
    lenient = line["sts_record_lenient"] == "valid"
    n["sts_lenient"] += lenient
    n["sts_lenient_only"] += lenient and sts != "valid"
    n["sts_strict_only"] += sts == "valid" and not lenient
    strict_policy = sts == "valid" and line["policy"] == "ok"
    lenient_policy = lenient and line["policy_lenient"] == "ok"
    n["pol_strict"] += strict_policy
    n["pol_lenient"] += lenient_policy
    n["pol_lenient_only"] += lenient_policy and not strict_policy


def of_policy_host(n, line):
    """What its addresses say; those that cannot be reached for now are not compared."""
    if line["policy_addresses"] is not None:
        n["pol_hosts"] += 1
        n["pol_hosts_" + line["policy_addresses"]] += 1


def of_policy(n, line):
    """The policy of a name with a valid record; RFC 8461 section 3.3."""
    if line["sts_record"] != "valid":
        return
    word, body, mx = line["policy"], line["policy_body"], line["mail"] == "has-mx"
    came, class_ = bool(line["policy_trusted"]) and body is not None, line["classes"].get("policy")
    n["pol_fetched"] += came
    n["pol_aged"] += came and class_ == "policy-age"
    n["pol_tls_aia"] += word == "tls-untrusted" and class_ == "policy-no-chain"
    if word == "inconclusive":
        n["pol_inconclusive"] += 1
    elif word == "ok":
        n["pol_ok"] += 1
        n["pol_ok_mx"] += mx
        n["pol_enforce"] += line["mode"] == "enforce"
        n["pol_enforce_mx"] += line["mode"] == "enforce" and mx
        n["pol_testing"] += line["mode"] == "testing"
        n["pol_mode_none"] += line["mode"] == "none"
    else:
        stage = word.partition("-")[0]
        other = ("http-short", "http-protocol", "http-encoding")
        n["pol_failed"] += 1
        n["pol_" + ("http_other" if word in other else word.replace("-", "_"))] += 1
        n["pol_http"] += stage == "http"
        n["pol_tls"] += stage == "tls"
        n["pol_tls_body"] += stage == "tls" and body == "valid"
        n["pol_media_body"] += word == "media" and body == "valid"


def share(yes, no):
    return "all" if yes and not no else "some" if yes else "none" if no else "unknown"


def of_addresses(host, said):
    """How the addresses of a host answer a question: those that do not answer are left out."""
    answers = [said(a) for a in host["addresses"]]
    return share(answers.count(True), answers.count(False))


def offers(a):
    return {"offered": True, "not-offered": False}.get(a["starttls"])


def certified(a):
    return None if a["cert_valid"] is None else a["cert_valid"] and a["cert_match"]


def of_mx_hosts(n, line, shares):
    if line["mail"] != "has-mx":
        return
    for kind, at in (("tls", 0), ("cert", 1)):
        found = [shares[h["host"].lower()][at] for h in line["hosts"] if h["host"].lower() in shares]
        whole = share(sum(s in ("all", "some") for s in found), sum(s in ("none", "some") for s in found))
        if kind == "tls" or whole != "unknown":
            n[f"mx_{kind}_{whole}"] += 1
        n["mx_answered" if kind == "tls" else "mx_cert"] += whole != "unknown"


def of_host(n, host, shares):
    tls, cert = shares
    n["hosts"] += 1
    n["hosts_address"] += host["state"] == "there"
    n["hosts_no_address"] += host["state"] in ("no-address", "nxdomain")
    n["hosts_inconclusive"] += host["state"] == "unknown"
    n["hosts_tlsa"] += bool(host["tlsa_secure"])
    n["hosts_probed"] += any(a["state"] != "skipped" for a in host["addresses"])
    n["hosts_tls_" + tls] += 1
    n["hosts_answered"] += tls != "unknown"
    n["hosts_cert"] += cert != "unknown"
    n["hosts_cert_all"] += cert == "all"


def of_endpoint(n, a):
    n["ep"] += 1
    n["ep_reached"] += bool(a["reached"])
    n["ep_answered"] += a["starttls"] != "unknown"
    n["ep_inconclusive"] += a["starttls"] == "unknown"
    n["ep_offered"] += a["starttls"] == "offered"
    n["ep_not_offered"] += a["starttls"] == "not-offered"
    if a["state"] not in ("done", "no-starttls"):
        n["ep_" + a["state"].replace("-", "_")] += 1
    if a["tls_version"]:
        n["ep_handshake"] += 1
        n["ep_tls" + a["tls_version"].rpartition(" ")[2].replace(".", "").replace("TLSv", "")] += 1
    if a["cert_valid"] is None:
        return
    n["ep_cert"] += 1
    n["ep_cert_valid"] += a["cert_valid"]
    n["ep_cert_match"] += a["cert_match"]
    n["ep_cert_good"] += a["cert_valid"] and a["cert_match"]
    if not a["cert_valid"]:
        cert = a["cert"]
        n["ep_cert_" + CHAINS.get(cert, "other")] += 1
        n["ep_cert_aia"] += cert == "no-chain"  # whose leaf says where the missing one is


def of_message(n, prefix, word):
    n[prefix + "_known"] += word != "inconclusive"
    n[f"{prefix}_{word}"] += 1


def of_deliverability(n, line):
    """MX hosts under the policy."""
    prefix = {"enforced": "enforced", "testing": "tested"}.get(line["sts_state"])
    if prefix is None:
        return
    word, fails = line["mta_sts_if_enforced"], bool(line["results"])
    n[prefix] += 1
    n["asks_mx"] += 1
    n[prefix + "_whole"] += word == "authenticated" and not fails
    n[prefix + "_partial"] += word == "authenticated" and fails
    n[prefix + "_refused"] += word == "refused"
    n[prefix + "_inconclusive"] += word == "inconclusive"
    n["unlisted_some"] += line["n_mx_listed"] < line["n_mx_judged"]
    n["unlisted_all"] += line["n_mx_listed"] == 0


def of_verdict(n, line):
    mail = line["mail"] in HAS_MAIL
    n["mail"] += mail
    n["mail_none"] += line["opportunistic"] == "not-applicable"
    if not mail:
        return
    for prefix in ("opp", "own_opp"):
        of_message(n, prefix, line["opportunistic"])
    for prefix in ("sender", "own_sender"):
        of_message(n, prefix, line["mta_sts"])
    if line["sts_state"] in HELD_STATES:
        n["held"] += 1
        of_message(n, "held", line["mta_sts"])
    of_deliverability(n, line)
    n["sts_mail"] += line["sts_record"] == "valid"
    n["lenient_differs"] += line["mta_sts"] != line["mta_sts_lenient"]
    n["attacked_opp_clear"] += line["attacked_opportunistic"] == "clear"
    n["attacked_first_clear"] += line["attacked_first"] == "clear"
    n["attacked_held_" + line["attacked_cached"]] += 1
    if line["results"]:
        n["result_any"] += 1
        n["first_" + line["headline"].replace("-", "_")] += 1
        for result in line["results"]:
            n["result_" + result.replace("-", "_")] += 1


def count(names):
    """{counter: n} for the names and all that they share."""
    n = Counter(positions=len(names), names=len(names), asked=len(names))
    hosts = {name: host for name, (host, _) in hosts_of(names).items()}
    shares = {name: (of_addresses(h, offers), of_addresses(h, certified)) for name, h in hosts.items()}
    for name, host in hosts.items():
        of_host(n, host, shares[name])
        for a in host["addresses"]:
            of_endpoint(n, a)
    for line in names.values():
        of_mail(n, line)
        of_records(n, line)
        of_policy(n, line)
        of_policy_host(n, line)
        of_mx_hosts(n, line, shares)
        of_verdict(n, line)
    return n


def differences(names, summary, sampling):
    """Rows of the summary that are not those of the truth, in words. With sampling, what is inferred is compared, and
    what is not inferred cannot be."""
    n, found = count(names), []
    inferred = any(row["numerator"] == "inferred" and row["n"] for row in summary["statistics"])
    for row in summary["statistics"]:
        if inferred and row["section"] == "not_inferred":
            continue
        if sampling and row["section"] in ("endpoints", "hosts", "mx", "not_inferred", "endpoint_failures", "inconclusive"):
            continue
        for id_, value in ((row["numerator"], row["n"]), (row["denominator"], row["of"])):
            if id_ not in NOT_OF_THE_TRUTH and n[id_] != value:
                found.append(f"summary: {row['section']}: {row['text']}: {id_} is {value}, in truth {n[id_]}")
    return found
