"""What a right scanner must observe at the scripted peers, made from their tables; see expect.py."""
import hashlib
from pathlib import Path

import pki
import scripted_https
import scripted_smtp
from expect import ABSENT, CLASS, OC, SRC_ERRNO, Either, Where, dns
from programs import ATTEMPTS

TLS13 = 0x0304
SOME_TEXT = Where("some text", lambda v: isinstance(v, str) and v, "x")
ECONNREFUSED = 111
HOST_MISMATCH = 62  # X509_V_ERR_*: libcurl's context is told the name, the probe's is not
# (error, depth) of OpenSSL's verification, by kind of certificate
VERIFY = {"notyet": {(9, 0)}, "expired": {(10, 0)}, "untrusted": {(19, 1)}, "constrained": {(47, 0)}, "aia": {(20, 0), (21, 0)}}
OTHER_NAME = ("nul", "ulabel", "cnonly", "cnother", "partial", "inner", "twolabels", "wrongname")


def verify(kind, name_checked):
    must = VERIFY.get(kind, set()) | ({(HOST_MISMATCH, 0)} if name_checked and kind in OTHER_NAME else set())
    return Where(f"errors {sorted(must)}", lambda v: {(e["c"], e.get("d", 0)) for e in v or []} == must,
                 [{"c": code, "d": depth} if depth else {"c": code} for code, depth in sorted(must)])


def handshake(peer, lab_dir, name_checked, file=None):
    chain = [hashlib.sha256(der).digest() for der in pki.der(Path(lab_dir) / "pki", file or peer.host)]
    return {"sni": peer.host, "ver": TLS13, "cipher": "TLS_AES_256_GCM_SHA384", "group": SOME_TEXT,
            "sigalg": SOME_TEXT, "chain": chain, "verify": verify(peer.cert, name_checked), **peer.tls}


def tries(outcome):
    """How many attempts an outcome gets: what may be otherwise later all, an absent STARTTLS a second look."""
    if outcome in ("SMTP_NO_STARTTLS", "SMTP_HELO_ONLY"):
        return 2
    return ATTEMPTS if CLASS[outcome] == "temporary" else 1


def attempts_of(peer):
    """The outcomes of the attempts, in order."""
    return list(getattr(peer, "outcomes", ())) or [peer.outcome] * tries(peer.outcome)


def attempts(peer, outcomes):
    want = [OC[outcome] for outcome in outcomes]
    raw = dict(zip(("src", "raw"), peer.raw))

    def right(att):
        return [a["oc"] for a in att] == want and all(
            a.get(k) == v for a in att if a["oc"] == OC[peer.outcome] for k, v in raw.items())
    return Where(f"{' '.join(outcomes)} {raw or ''}", right, [{"oc": oc, **raw} for oc in want])


def endpoint(peer, address, lab_dir):
    record = {"oc": OC[peer.outcome], "att": attempts(peer, attempts_of(peer)), "smtp": list(peer.replies) or ABSENT,
              **peer.evidence}
    if peer.tls is not None:
        file = scripted_smtp.SECOND_CERT if address in peer.addresses[1:] else None
        record["tls"] = handshake(peer, lab_dir, False, file)
    for key in set(peer.varies) - {"src", "raw"}:
        record[key] = Where("anything", lambda v: True, [])
    return record


def endpoints(lab_dir):
    return {(peer.host, address): endpoint(peer, address, lab_dir)
            for peer in scripted_smtp.PEERS for address in peer.addresses}


def address_answer(peer, what):
    chain = {"cname": [peer.cname]} if peer.cname else {}
    if isinstance(what, str):
        return dns(what, cname=Either(ABSENT, chain["cname"])) if chain else dns(what)
    return dns([], addr=[ip.format(ip=peer.addresses[0]) for ip in what], **chain)


def addresses(peer):
    a, aaaa = peer.address or (list(peer.addresses), "DNS_NODATA")
    answers = {"a": address_answer(peer, a), "aaaa": address_answer(peer, aaaa)}
    return {**answers, "aaaa": Either(ABSENT, answers["aaaa"])} if a == "DNS_NXDOMAIN" else answers


REFUSED = {"oc": OC["TCP_REFUSED"], "src": SRC_ERRNO, "raw": ECONNREFUSED}


def beside_a_dead_address(peer, record):
    """The address that refuses was tried first, or it is asked too when the other has answered."""
    dead, = (ip for answer in peer.address for ip in answer if ip not in ("{ip}", *peer.addresses))
    before = Where("OK behind a refusal", lambda v: [a["oc"] for a in v] == [REFUSED["oc"], OC["OK"]] and v[0].items() >= {
        **REFUSED, "ip": dead}.items(), [{**REFUSED, "ip": dead}, {"oc": OC["OK"]}])
    return Either({**record, "also": [{"ip": dead, **REFUSED}]}, {**record, "att": before})


def evidence(peer, lab_dir):
    """What the policy host shows at an address: handshake and answer. Without the bodies, which `also` may leave out."""
    record = {}
    if peer.tls is not None:
        record["tls"] = handshake(peer, lab_dir, True, peer.file)
    if peer.status:
        record.update(status=peer.status, hdr=peer.header_sent() or ABSENT)
    return record


def digest(peer):
    return hashlib.sha256(peer.body).digest() if peer.body else ABSENT


def also(peer, lab_dir):
    """The fetches from the other addresses: the body is there where it is another."""
    records = []
    for address in peer.addresses[1:]:
        other = peer.at(address)
        records.append({"ip": address, "oc": OC[other.outcome], **dict(zip(("src", "raw"), other.raw)),
                        **evidence(other, lab_dir), "body_h": digest(other),
                        "body": ABSENT if other.body == peer.body else other.body})
    return records


def policy(peer, lab_dir):
    record = {"oc": OC[peer.outcome], **addresses(peer)}
    if peer.outcome == "ADDRESS_RESERVED":  # none of its addresses is ever contacted
        return {**record, "oc": OC["ADDRESS_RESERVED"], "ip": ABSENT, "att": Where(
            "nothing but refusals of ours",
            lambda v: all(a["oc"] == OC["ADDRESS_RESERVED"] and not a.get("raw") for a in v or []), [])}
    if CLASS[peer.outcome] == "absent":
        return record
    record.update(ip=peer.addresses[0], att=attempts(peer, attempts_of(peer)), also=also(peer, lab_dir) or ABSENT,
                  **evidence(peer, lab_dir), **peer.evidence)
    if peer.status:
        record.update(http=peer.http)
    record.update(body=peer.body or ABSENT, body_h=digest(peer))
    for key in set(peer.varies) - {"src", "raw"}:
        record[key] = Where("anything", lambda v: True, 0)
    return beside_a_dead_address(peer, record) if peer.attempts else record


def policies(lab_dir):
    return {peer.name: policy(peer, lab_dir) for peer in scripted_https.PEERS}


def leaves():
    """(file name, host name, kind) of each certificate; see pki.py."""
    return [(peer.host, peer.host, peer.cert) for peer in scripted_smtp.PEERS + scripted_https.PEERS
            if peer.steps is None or peer.steps] + [
        (other.file, peer.host, other.cert) for peer in scripted_https.PEERS for other in map(peer.at, peer.addresses[1:])
        if other.file]


def varying():
    """(kind, identity) -> the fields that may differ from scan to scan."""
    return {**{("endpoint", (peer.host, address, 25)): peer.varies
               for peer in scripted_smtp.PEERS for address in peer.addresses if peer.varies},
            **{("policy", peer.name): (*peer.varies, "raw", "ip", "a") for peer in scripted_https.PEERS if peer.varies}}


def connections(peer):
    """How many connections of one scan the peer sees."""
    if not peer.steps and peer.outcome != "SMTP_CLOSED_EARLY":  # DNS tells, or nobody accepts
        return 0
    return len(peer.addresses) * len(attempts_of(peer))


# Counters of `ststat summary`.
GROUP = {"SMTP_GREETING_TIMEOUT": "ep_turned_away", "SMTP_GREETING_4XX": "ep_turned_away",
         "SMTP_GREETING_5XX": "ep_turned_away", "SMTP_CLOSED_EARLY": "ep_turned_away",
         "SMTP_EHLO_4XX": "ep_turned_away", "SMTP_EHLO_5XX": "ep_turned_away", "SMTP_NOT_SMTP": "ep_smtp_failed",
         "SMTP_TIMEOUT": "ep_smtp_failed", "SMTP_RESET": "ep_smtp_failed", "SMTP_PROTOCOL": "ep_smtp_failed",
         "SMTP_TOO_MUCH": "ep_smtp_failed", "SMTP_CLOSED": "ep_smtp_failed", "SMTP_NO_STARTTLS": "ep_not_offered",
         "SMTP_HELO_ONLY": "ep_not_offered", "STARTTLS_4XX": "ep_starttls_failed", "STARTTLS_5XX": "ep_starttls_failed",
         "STARTTLS_BAD_REPLY": "ep_starttls_failed", "STARTTLS_INJECTED": "ep_starttls_failed"}
VERSION = {0x0301: "ep_tls10", 0x0302: "ep_tls11", 0x0303: "ep_tls12", TLS13: "ep_tls13"}


def endpoint_counters(peer, address):
    if peer.outcome != "OK":
        group = "ep_tls_failed" if peer.outcome.startswith("TLS_") else GROUP[peer.outcome]
        offered = ["ep_offered"] if group in ("ep_tls_failed", "ep_starttls_failed") else []
        return ["ep", group, *offered]
    named = peer.cert not in OTHER_NAME and address == peer.addresses[0]
    seen = ["ep", "ep_offered", "ep_handshake", VERSION[peer.tls.get("ver", TLS13)], "ep_cert", *peer.counters]
    return seen + ["ep_cert_match"] * named + ["ep_cert_valid"] * (not peer.counters) + \
        ["ep_cert_good"] * (named and not peer.counters)


def mx_counters(peer):
    counted = [set(endpoint_counters(peer, address)) for address in peer.addresses]
    if not counted[0] & {"ep_offered", "ep_not_offered"}:
        return []
    offered = ["mx_answered", "mx_tls_all" if "ep_offered" in counted[0] else "mx_tls_none"]
    good = sum("ep_cert_good" in counters for counters in counted)
    share = "mx_cert_none" if not good else "mx_cert_all" if good == len(counted) else "mx_cert_some"
    return offered + (["mx_cert", share] if peer.outcome == "OK" else [])
