"""What a right scanner must observe at the policy hosts and mail servers of the lab; see expect.py."""
import hashlib
from pathlib import Path

import expect_scripted
import pki
from domains import DOMAINS, EXIM_SERVERS, MAIL_SERVERS
from expect import (ABSENT, CURLE_COULDNT_CONNECT, DOMAIN, ECONNREFUSED, NX, OC, SRC_CURL, SRC_ERRNO, SRC_HTTP,
                    SRC_SMTP, Either, Where, dns, failed)

CERT_EXPIRED, SELF_SIGNED, NO_ISSUER, NO_FIRST, HOST_MISMATCH = 10, 18, 20, 21, 62  # X509_V_ERR_*
VERIFY = {"good": (), "rsa": (), "shared": (), "expired": (CERT_EXPIRED,), "selfsigned": (SELF_SIGNED,),
          "nochain": (NO_ISSUER,), "wrongname": (), "cnonly": ()}
# The chain is the evidence. OpenSSL adds 21 where the leaf stands alone; the name may be left to the analysis (RFC 8461
# section 4.2, and the CN does not count).
ALSO = {"nochain": (NO_FIRST,), "wrongname": (HOST_MISMATCH,), "cnonly": (HOST_MISMATCH,)}
TLS12, TLS13 = 0x0303, 0x0304
SOME_TEXT = Where("some text", lambda v: isinstance(v, str) and v, "x")


def verify(kind):
    must = set(VERIFY[kind])
    may = must | set(ALSO.get(kind, ()))
    return Where(f"errors {sorted(must)}, all at depth 0", lambda v: must <= {e["c"] for e in v or []} <= may and
                 all(not e.get("d") for e in v or []), [{"c": code} for code in must])


def tls(host, kind, lab_dir, version=TLS13):
    """The handshake. OpenSSL's first cipher is the same in all versions, the first group is not."""
    chain = [hashlib.sha256(der).digest() for der in pki.der(Path(lab_dir) / "pki", host)]
    assert len(chain) == (1 if kind in ("selfsigned", "nochain") else 2)
    cipher = "TLS_AES_256_GCM_SHA384" if version == TLS13 else "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"
    return {"sni": host, "ver": version, "cipher": cipher, "group": SOME_TEXT, "sigalg": SOME_TEXT, "chain": chain,
            "verify": verify(kind)}


def attempts(outcome, src=None, raw=None, least=1, most=3):
    """Every attempt ends alike; `src` and `raw` are looked at where the outcome has one definite code behind it."""
    def right(att):
        return isinstance(att, list) and least <= len(att) <= most and all(
            a["oc"] == OC[outcome] and (src is None or (a.get("src"), a.get("raw")) in src_raw) for a in att)
    src_raw = [(src, raw)] if not isinstance(src, list) else src
    one = dict(zip(("oc", "src", "raw"), (OC[outcome], *(src_raw[0] if src else (0, 0)))))
    return Where(f"{least}..{most} x {outcome} {src_raw if src else ''}", right, [one] * least)


REFUSED = {"oc": OC["TCP_REFUSED"],
           "att": attempts("TCP_REFUSED", [(SRC_ERRNO, ECONNREFUSED), (SRC_CURL, CURLE_COULDNT_CONNECT)])}


def not_contacted():
    """Named by DNS, reserved: no attempt, or one that says that it was refused here."""
    barred = OC["ADDRESS_RESERVED"]
    return {"oc": barred, "att": Where("nothing but a refusal of ours", lambda v: all(
        a["oc"] == barred and not a.get("raw") for a in v or []), [])}


# Policies
def fetched(domain, policy, lab_dir):
    host = "mta-sts." + domain
    record = {"oc": OC["OK"], "att": attempts("OK", most=1), "status": policy.status, "http": Either("1.1", "HTTP/1.1"),
              "tls": tls(host, policy.cert, lab_dir), "hdr": headers(policy)}
    if policy.status == 200:
        body = policy.body().encode()
        record.update(body=body or ABSENT, body_h=hashlib.sha256(body).digest() if body else ABSENT)
    else:  # nginx's own page, of no interest
        record.update(body=Where("anything", lambda v: True, b""), body_h=Where("anything", lambda v: True, b""))
        outcome = "HTTP_REDIRECT" if policy.status in (301, 302) else "HTTP_STATUS"
        record.update(oc=OC[outcome], att=attempts(outcome, SRC_HTTP, policy.status))
    return record


def headers(policy):
    media = b"content-type: %s" % (policy.media if policy.status == 200 else "text/html").encode()
    location = b"location: https://mta-sts.enforce.test/" if policy.status in (301, 302) else b""
    return Where(f"header lines with {media + location!r}", lambda v: media in v.lower() and location in v.lower(),
                 media + location)


def policies(lab_dir):
    """One for each name that signals; the addresses of the policy host are in it."""
    table = {d.name: fetched(d.name, d.policy, lab_dir) for d in DOMAINS if d.policy}
    for name, record in table.items():
        ad = DOMAIN[name]["mx"].get("ad", False)
        record.update(a=dns([], ad, addr=["127.0.4.1"]), aaaa=dns("DNS_NODATA", ad), ip="127.0.4.1")
    chain = ["cname-test.mta-sts.provider.test"]
    table["cname.test"].update(ip="127.0.4.2", a=dns([], addr=["127.0.4.2"], cname=chain),
                               aaaa=dns("DNS_NODATA", cname=Either(ABSENT, chain)))
    table["dual.test"].update(aaaa=dns([], addr=["::1"]), also=[{"ip": "::1", **{
        q: table["dual.test"][q] for q in ("oc", "tls", "status", "hdr", "body_h")}}])
    table["pol-nohost.test"] = {"oc": OC[NX], "a": dns(NX), "aaaa": Either(ABSENT, dns(NX))}
    table["mx-down.test"] = {**REFUSED, "a": dns([], addr=["127.0.4.99"]), "aaaa": dns("DNS_NODATA"),
                             "ip": Either(ABSENT, "127.0.4.99")}
    table["reserved.test"] = {**not_contacted(), "a": dns([], addr=["10.1.2.4"]), "aaaa": dns("DNS_NODATA"),
                              "ip": Either(ABSENT, "10.1.2.4")}
    for name, outcome, rcode, cd, bogus in (("bogus.test", "DNS_SERVFAIL", 2, NX, True),
                                            ("lame.test", "DNS_SERVFAIL", 2, "DNS_SERVFAIL", False),
                                            ("refused.test", "DNS_REFUSED", 5, None, False)):
        no = failed(outcome, rcode, cd, bogus)
        table[name] = {"oc": OC["ADDRESS_UNKNOWN"], "a": no, "aaaa": Either(ABSENT, no)}
    table.update(expect_scripted.policies(lab_dir))
    return {name: named(name, record) for name, record in table.items()}


def named(name, record):
    if isinstance(record, Either):
        return Either(*(named(name, one) for one in record))
    return {"name": name, "host": "mta-sts." + name, **record}


# Endpoints
EHLO = ["PIPELINING", "SIZE 10240000", "VRFY", "ETRN", "STARTTLS", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8",
        "CHUNKING"]
GREETING = {"multiline": ["first line of two"]}


def reply(to, code, *lines):
    return {"to": to, "code": code, "l": [line.encode() for line in lines]}


def dialog(server):
    """The replies in order. A dialog that ends early may or may not still say QUIT."""
    hello = [server.name] + [w for w in EHLO if w != "STARTTLS" or server.behaviour != "nostarttls"]
    replies = [reply("CONNECT", 220, *GREETING.get(server.behaviour, []), server.name + " ESMTP lab"),
               reply("EHLO", 250, *hello)]
    if server.behaviour in ("421", "554"):
        text = {"421": "4.7.0 {}too many connections", "554": "5.7.1 {}not from you"}[server.behaviour]
        replies = [reply("CONNECT", int(server.behaviour), text.format("<unknown[127.0.0.1]>: Client host rejected: "))]
    elif server.behaviour == "454":
        replies.append(reply("STARTTLS", 454, "4.7.0 TLS not available due to local problem"))
    elif server.behaviour != "nostarttls":
        replies += [reply("STARTTLS", 220, "2.0.0 Ready to start TLS"),
                    reply("EHLO2", 250, *(w for w in hello if w != "STARTTLS")), reply("QUIT", 221, "2.0.0 Bye")]
        return replies
    return Either(replies, replies + [reply("QUIT", 221, "2.0.0 Bye")])


# behaviour -> outcome, SMTP code, fewest attempts: 4xx greetings and missing STARTTLS have a second look
SMTP_END = {"421": ("SMTP_GREETING_4XX", 421, 2), "554": ("SMTP_GREETING_5XX", 554, 1), "454": ("STARTTLS_4XX", 454, 1), "451": ("SMTP_GREETING_4XX", 451, 2),
            "nostarttls": ("SMTP_NO_STARTTLS", None, 2)}


def probed(server, lab_dir):
    outcome, code, least = SMTP_END.get(server.behaviour, ("OK", None, 1))
    talk = exim_dialog if server in EXIM_SERVERS else dialog
    record = {"oc": OC[outcome], "smtp": talk(server),
              "att": attempts(outcome, *((SRC_SMTP, code) if code else (None, None)), least=least,
                              most=1 if outcome == "OK" else 3)}
    if outcome == "OK":
        record["tls"] = tls(server.name, server.cert, lab_dir, TLS12 if server.behaviour == "tls12" else TLS13)
    return record


# Exim greets the client by a name of its own finding; of its keywords those that all versions have
EXIM_EHLO = {b"8BITMIME", b"PIPELINING", b"SMTPUTF8", b"HELP"}
EXIM_AWAY = {"554": "5.7.1 not from you", "421": "4.7.0 too many connections", "451": "4.7.1 greylisted"}


def exim_hello(server, to, starttls):
    def right(lines):
        return lines[0].startswith(b"%s Hello " % server.name.encode()) and EXIM_EHLO <= set(lines) and (
            (b"STARTTLS" in lines) == starttls)
    sample = [b"%s Hello x" % server.name.encode(), *EXIM_EHLO, *([b"STARTTLS"] if starttls else [])]
    return {"to": to, "code": 250, "l": Where(f"Exim's keywords, STARTTLS {starttls}", right, sample)}


def exim_dialog(server):
    end = reply("QUIT", 221, server.name + " closing connection")
    if server.behaviour in EXIM_AWAY:
        replies = [reply("CONNECT", int(server.behaviour), EXIM_AWAY[server.behaviour])]
        return Either(replies, replies + [end])
    offered = server.behaviour != "nostarttls"
    replies = [reply("CONNECT", 220, server.name + " ESMTP lab"), exim_hello(server, "EHLO", offered)]
    if offered:
        replies += [reply("STARTTLS", 220, "TLS go ahead"), exim_hello(server, "EHLO2", False)]
    return replies + [end]


def endpoints(lab_dir):
    """(host, address) -> record. The shared host is there once, however many names use it."""
    table = {(s.name, ip): probed(s, lab_dir) for s in MAIL_SERVERS + EXIM_SERVERS for ip in s.addresses
             if s.name != "implicit-plain.test"}  # not signalled, so not probed
    table["mx.mx-alias.test", "127.0.25.3"] = {**table["mx.shared.test", "127.0.25.3"],
                                               "tls": {**table["mx.shared.test", "127.0.25.3"]["tls"], "sni": "mx.mx-alias.test"}}
    table["mx.mx-down.test", "127.0.25.99"] = REFUSED
    table["mx.reserved.test", "10.1.2.3"] = not_contacted()
    table.update(expect_scripted.endpoints(lab_dir))
    return {(host, ip): {"host": host, "ip": ip, "port": 25, **record} for (host, ip), record in table.items()}
