"""What a right scanner must observe in the lab, derived from the RFCs and from what the servers are set up to do.

Values are compared with the records of sinks/SCHEMA.md field by field; a field that is missing here must be missing
there. `Either` and `Where` stand for what neither fixes (which of two codes; what depends on a library's version).
"""
import re
from pathlib import Path

import domains
import pki
import scripted_https
import scripted_smtp

OUTCOME_DEF = Path(__file__).resolve().parents[2] / "sinks" / "outcome.def"
OUTCOMES = re.findall(r"^OUTCOME\((\d+), (\w+), (\w+),", OUTCOME_DEF.read_text(), re.M)
OC = {name: int(number) for number, name, _ in OUTCOMES}
CLASS = {name: class_ for _, name, class_ in OUTCOMES}
SRC_ERRNO, SRC_CURL, SRC_HTTP, SRC_SMTP, SRC_OFFSET = 1, 4, 5, 6, 10
ECONNREFUSED, CURLE_COULDNT_CONNECT = 111, 7
DNSSEC_EDE = range(5, 13)  # RFC 8914: 5 DNSSEC Indeterminate .. 12 NSEC Missing


class Either(tuple):
    """One of several values."""
    def __new__(cls, *values):
        return super().__new__(cls, values)


class Where:
    """A value for which test() holds; `text` says what, `sample` is such a value."""
    def __init__(self, text, test, sample):
        self.text, self.test, self.sample = text, test, sample

    def __repr__(self):
        return self.text


TTL = Where("1..300", lambda v: 1 <= v <= 300, 300)
ABSENT = None  # inside Either: the field may be missing


# DNS answers. A list of RRs stands for a positive answer, a string for an outcome.
def dns(what, ad=False, **more):
    answer = {"oc": OC[what] if isinstance(what, str) else OC["OK"], **more}
    if ad:
        answer["ad"] = True
    if answer["oc"] == OC["OK"]:
        answer["ttl"] = TTL
    if answer["oc"] == OC["DNS_NXDOMAIN"]:
        answer["rc"] = 3
    return answer


def failed(outcome, rcode, with_cd=None, bogus=False):
    answer = {"oc": OC[outcome], "rc": rcode, "ede": Where("no DNSSEC error", no_dnssec_error, []),
              "att": Where("two rounds", lambda v: isinstance(v, list) and [a["oc"] for a in v] == 2 * [OC[outcome]],
                           2 * [{"oc": OC[outcome]}])}
    if with_cd:
        answer["cd_oc"] = OC[with_cd]
    if bogus:
        answer["ede"] = Where("an EDE of 5..12", lambda v: any(e.get("c") in DNSSEC_EDE for e in v), [{"c": 9}])
    return answer


def no_dnssec_error(ede):
    return not any(e.get("c") in DNSSEC_EDE for e in ede or [])


def mx_answer(hosts, ad=False):
    if isinstance(hosts, str):
        return dns(hosts, ad)
    return dns(hosts, ad, mx=[{"p": p, "h": h} if p else {"h": h} for p, h in hosts])


def txt_answer(rrs, ad=False, cname=()):
    if isinstance(rrs, str):
        return dns(rrs, ad)
    more = {"cname": list(cname)} if cname else {}
    return dns(rrs, ad, txt=[{"s": [s.encode() for s in ([rr] if isinstance(rr, str) else rr)]} for rr in rrs], **more)


def spf_answer(rrs, others=(), ad=False):
    """The apex: what begins v=spf1 is kept, of the others number and bytes (with or without the length octets)."""
    if not rrs and not others:
        return dns("DNS_NODATA", ad)
    answer = txt_answer(rrs, ad)
    if not rrs:
        del answer["txt"]
    if others:
        content = sum(map(len, others))
        answer.update(n_other=len(others), other_b=Either(content, content + len(others)))
    return answer


NX = "DNS_NXDOMAIN"
STS = ["v=STSv1; id=20260101T000000;"]
NOISE = ["google-site-verification=0123456789abcdef", "MS=ms12345678"]


def name(mx, sts=NX, rpt=NX, dmarc=NX, spf=(), others=(), ad=False, wild=NX, cname=(), **more):
    """The domain record of a name that is asked everything."""
    record = {"oc": OC["OK"], "mx": mx_answer(mx, ad), "sts": txt_answer(sts, ad, cname), "rpt": txt_answer(rpt, ad),
              "dmarc": txt_answer(dmarc, ad), "spf": spf_answer(list(spf), others, ad), **more}
    if not isinstance(sts, str) or not isinstance(rpt, str):
        record["wild"] = txt_answer(wild, ad)
    if not isinstance(sts, str) and any("STSV1" in "".join(rr).upper() for rr in sts):
        record.update(sig=True, fetch=True)
    return record


def own(host, **more):
    return name([(10, host)], STS, **more)


def shared(**more):
    return name([(10, "mx.shared.test")], **more)


def unanswered(outcome, rcode, cd=(None,) * 5, bogus=False):
    """No lookup of the name succeeds. A failed _mta-sts lookup counts as a signal, so a fetch is tried."""
    may_fail = Either(ABSENT, failed(outcome, rcode))
    return {"oc": OC["OK"], "sig": True, "fetch": True, "a": may_fail, "aaaa": may_fail,
            **{q: failed(outcome, rcode, c, bogus) for q, c in zip(("mx", "sts", "rpt", "dmarc", "spf"), cd)}}


NO_ADDRESS = {"a": dns("DNS_NODATA"), "aaaa": dns("DNS_NODATA")}
DOMAIN = {
    "enforce.test": own("mx.enforce.test", ad=True, rpt=["v=TLSRPTv1; rua=mailto:tlsrpt@enforce.test"], dmarc=[
        "v=DMARC1; p=reject; rua=mailto:dmarc@enforce.test"], spf=["v=spf1 mx -all"], others=NOISE),
    "testing.test": own("mx.testing.test", dmarc=["v=DMARC1; p=none"], spf=["v=spf1 ip4:192.0.2.0/24 ~all"], rpt=[
        "v=TLSRPTv1; rua=https://reports.testing.test/v1,mailto:tlsrpt@testing.test"]),
    "none.test": shared(sts=STS),
    "shared.test": shared(spf=["v=spf1 a -all"]),
    "plain.test": name([(5, "mx.shared.test")], others=NOISE),
    **{f"pol-{what}.test": shared(sts=STS) for what in ("expired", "wrongname", "selfsigned", "nochain", "404",
                                                        "redirect", "html", "nohost")},
    **{f"mx-{what}.test": own(f"mx.mx-{what}.test", ad=what in ("selfsigned", "expired")) for what in (
        "selfsigned", "expired", "cnonly", "nochain", "wrongname", "nostarttls", "421", "554", "454", "tls12",
        "multiline", "down")},
    "mx-gone.test": name([(10, "mx.mx-gone.test")]),
    "reserved.test": own("mx.reserved.test"),
    "dual.test": own("mx.dual.test"),
    "unlisted.test": name([(10, "mx.unlisted.test"), (20, "backup.unlisted.test")], STS),
    "cname.test": shared(sts=["v=STSv1; id=provider1;"], cname=["cname-test._mta-sts.provider.test"]),
    # *._mta-sts.provider.test makes _mta-sts.provider.test an empty non-terminal: NODATA, not NXDOMAIN (RFC 4592 2.2.2)
    "provider.test": name([(0, ".")], sts="DNS_NODATA"),
    # The wildcard answers at every name below, however many labels (RFC 4592 section 2.2.1)
    "wildcard.test": shared(**{q: ["v=spf1 -all"] for q in ("sts", "rpt", "dmarc", "spf", "wild")}),
    "strings.test": shared(sts=[["v=STSv", "1; id=", "abc123;"]], spf=[["v=spf1 ip4:192.0.2.1 ", "-all"]],
                           rpt=[["v=TLSRPTv1;", " rua=mailto:a@strings.test"]]),
    "twosts.test": shared(sts=STS + ["v=STSv1; id=2;"]),
    "rpt-bad.test": shared(rpt=["v=TLSRPTv1; rua=reports@rpt-bad.test"], dmarc=["v=DMARC1; rua=mailto:x@rpt-bad.test"],
                           spf=["v=spf1 -all", "v=spf1 ?all", "v=spf10 -all"]),
    "nullmx.test": name([(0, ".")], dmarc=["v=DMARC1; p=reject"], spf=["v=spf1 -all"]),
    "implicit.test": name("DNS_NODATA", STS, a=dns([], addr=["127.0.25.13"]), aaaa=dns("DNS_NODATA")),
    "implicit-plain.test": name("DNS_NODATA", a=dns([], addr=["127.0.25.18"]), aaaa=dns("DNS_NODATA")),
    "nothing.test": name("DNS_NODATA", others=["hello"], **NO_ADDRESS),
    "bigtxt.test": shared(spf=["v=spf1 a ~all"], others=["noise-000=" + "x" * 32] * domains.BIG_TXT),
    "xn--bcher-kva.test": shared(),
    "nxdomain.test": {"oc": OC["OK"], "mx": dns(NX, ad=True)},  # RFC 8020: nothing below it to ask
    # With CD=1 the data come through: MX and _mta-sts exist, the others do not
    "bogus.test": unanswered("DNS_SERVFAIL", 2, ("OK", "OK", NX, NX, "DNS_NODATA"), bogus=True),
    "lame.test": unanswered("DNS_SERVFAIL", 2, ("DNS_SERVFAIL",) * 5),
    "refused.test": unanswered("DNS_REFUSED", 5),
    **{peer.name: own(peer.host) for peer in scripted_smtp.PEERS},
    **{peer.name: shared(sts=STS) for peer in scripted_https.PEERS},
}
ASKED = ["v=STSv1; id=1;"]
DOMAIN.update({
    **{f"sts-{what}.test": shared(sts=rrs) for what, rrs in (
        ("notrail", ["v=STSv1; id=20160831085700Z"]), ("spf", ASKED + ["v=spf1 -all"]), ("space", ["v=STSv1 ; id=1"]),
        ("case", ["v=stsv1; id=1"]), ("leading", [" v=STSv1; id=1"]), ("noid", ["v=STSv1;"]),
        ("dash", ["v=STSv1; id=2026-01-01;"]), ("twoids", ["v=STSv1; id=1; id=2;"]),
        ("colon", ["v=STSv1; id=1; mx: a.com; mode: testing"]), ("unknown", ["v=STSv1; id=1; foo=bar;"]),
        ("semicolons", ["v=STSv1;; id=1;"]), ("nonascii", ["v=STSv1; id=1\u00e4;"]))},
    "sts-dangling.test": shared(),
    "sts-wild.test": shared(sts=ASKED, rpt=ASKED, dmarc=ASKED, wild=ASKED),
    "sts-www.test": shared(),
    **{f"body-{what}.test": shared(sts=STS) for what in (
        "lf", "nolast", "bom", "blank", "case", "order", "nomode", "nomx", "empty", "none", "twice", "over", "unit",
        "comma", "dot", "rescue", "copied", "unknown")},
    **{f"pol-{what}.test": shared(sts=STS) for what in ("302", "403", "500", "charset")},
    "mx-upper.test": name([(10, Either("MX.Shared.TEST", "mx.shared.test"))], STS),  # knot lowers names as it loads them
    "mx-alias.test": own("mx.mx-alias.test"),
    "mx-second.test": name([(10, "mx.mx-expired.test"), (20, "mx.shared.test")], STS),
    "mx-nullbeside.test": name([(0, "."), (10, "mx.shared.test")], STS),
    "nullmx-sts.test": name([(0, ".")], STS),
    "mx-literal.test": name([(10, "192.0.2.1")]),
    **{f"exim{what}.test": own(f"mx.exim{what}.test") for what in (
        "", "-rsa", "-nostarttls", "-selfsigned", "-wrongname", "-554", "-451")},
})
DOMAIN["sts-dangling.test"]["sts"]["cname"] = ["gone.provider.test"]
# _mta-sts.www makes www an empty non-terminal, which changes nothing at _mta-sts
assert set(DOMAIN) == {d.name for d in domains.DOMAINS}, "a domain without expectation, or the reverse"
DOMAIN["bigtxt.test"]["spf"]["len"] = Where("6000..7500", lambda v: 6000 < v < 7500, 6611)


# MX hosts. Addresses are repeated here by hand: the point is to say what must be seen.
def host(a, aaaa=(), ad=False, tlsa=None, **more):
    record = {"oc": OC["OK"], "a": dns([], ad, addr=[a]),
              "aaaa": dns([], ad, addr=list(aaaa)) if aaaa else dns("DNS_NODATA", ad), **more}
    record["base"] = Either(ABSENT, Where("a name", lambda v: isinstance(v, str) and v, "x"))
    if tlsa:
        record["tlsa"] = dns([], ad, tlsa=[{"u": 3, "s": 1, "m": 1, "d": tlsa}])
    return record


def hosts(lab_dir):
    """TLSA is asked only where the addresses are authenticated (RFC 7672 section 2.2.2)."""
    keys = Path(lab_dir) / "pki"

    def digest(name):
        return bytes.fromhex(pki.spki_sha256(keys, name))
    gone = {"oc": OC[NX], "a": dns(NX), "aaaa": Either(ABSENT, dns(NX))}
    table = {f"mx.mx-{what}.test": host(f"127.0.25.{n}") for what, n in (
        ("nostarttls", 6), ("421", 7), ("554", 8), ("tls12", 9), ("cnonly", 10), ("454", 15), ("nochain", 16),
        ("wrongname", 17), ("multiline", 19), ("down", 99))}
    table.update({
        "mx.enforce.test": host("127.0.25.1", ad=True, tlsa=digest("mx.enforce.test"), base="mx.enforce.test"),
        "mx.testing.test": host("127.0.25.2"),
        "mx.shared.test": host("127.0.25.3"),
        "mx.mx-selfsigned.test": host("127.0.25.4", ad=True, tlsa=digest("mx.mx-selfsigned.test")),
        "mx.mx-expired.test": host("127.0.25.5", ad=True, tlsa=bytes(32)),
        "mx.unlisted.test": host("127.0.25.11"),
        "backup.unlisted.test": host("127.0.25.12"),
        "implicit.test": host("127.0.25.13", implicit=True),
        "mx.dual.test": host("127.0.25.14", aaaa=["::1"]),
        "mx.reserved.test": host("10.1.2.3"),
        "mx.mx-gone.test": gone,
        "192.0.2.1": gone,
        "mx.mx-alias.test": {**host("127.0.25.3"), **{q: {**answer, "cname": ["mx.shared.test"]} for q, answer in (
            ("a", dns([], addr=["127.0.25.3"])), ("aaaa", dns("DNS_NODATA")))}},
        **{f"mx.exim{what}.test": host(f"127.0.29.{n}") for n, what in enumerate((
            "", "-rsa", "-nostarttls", "-selfsigned", "-wrongname", "-554", "-451"), 1)},
    })
    for name in ("mx.mx-selfsigned.test", "mx.mx-expired.test"):
        table[name]["base"] = name
    table.update({peer.host: {**host(None), "a": dns([], addr=list(peer.addresses))} for peer in scripted_smtp.PEERS})
    # implicit-plain.test is not looked up: nothing is signalled there
    return {name: {"host": name, **record} for name, record in table.items()}
