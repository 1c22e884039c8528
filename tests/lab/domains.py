"""The domains of the lab: what each one publishes. One table; zones.py, web.py, mail.py and check.py all read it.

`records` is zone file text below the domain's own name (SOA and NS are added). What a right scanner must observe is
in expect.py and expect_peers.py, under the same names. The scripted peers bring their own: scripted_smtp.py,
scripted_https.py, expect_scripted.py.
Addresses: 127.0.25.x mail, 127.0.4.x HTTPS; each mail server has one of its own. Scripted: 127.0.29.x, 127.0.5.x.

To add a domain: a row here and one in expect.DOMAIN; for a mail server one in MAIL_SERVERS and in expect.hosts().
"""
from dataclasses import dataclass

import scripted_https
import scripted_smtp

WEB, PROVIDER_WEB = "127.0.4.1", "127.0.4.2"
NOBODY_WEB, NOBODY_MAIL = "127.0.4.99", "127.0.25.99"  # nothing listens there: connections are refused
STS = '_mta-sts TXT "v=STSv1; id=20260101T000000;"\n'
MTA_STS = f"mta-sts A {WEB}\n"
BIG_TXT = 119  # records of noise at the apex of bigtxt.test, 6.6 kB in all: the answer needs TCP


@dataclass
class Policy:
    """The policy host mta-sts.<domain>. Fields in `body` order; the default is a right answer."""
    mode: str = "enforce"
    mx: tuple = ()
    cert: str = "good"
    status: int = 200
    media: str = "text/plain"
    listen: tuple = (WEB,)
    text: str = None  # the whole body, where it is not made of the fields above

    def body(self):
        if self.text is not None:
            return self.text
        lines = ["version: STSv1", "mode: " + self.mode, *("mx: " + m for m in self.mx), "max_age: 86400"]
        return "".join(line + "\r\n" for line in lines)


@dataclass
class Domain:
    name: str
    what: str
    records: str = ""
    policy: Policy = None
    signed: bool = False
    zone: str = "served"  # served | bogus: DS changed in the parent | lame | refused | absent: no such name


@dataclass
class Mx:
    """A mail server. `behaviour` is ok, or what mail.py knows to do wrong; `tlsa` is match, mismatch or empty."""
    name: str
    addresses: tuple
    cert: str = "good"
    behaviour: str = "ok"
    tlsa: str = ""


def mx(n):
    return f"127.0.25.{n}"


MAIL_SERVERS = [
    Mx("mx.enforce.test", (mx(1),), tlsa="match"),
    Mx("mx.testing.test", (mx(2),)),
    Mx("mx.shared.test", (mx(3),)),
    Mx("mx.mx-selfsigned.test", (mx(4),), cert="selfsigned", tlsa="match"),
    Mx("mx.mx-expired.test", (mx(5),), cert="expired", tlsa="mismatch"),
    Mx("mx.mx-nostarttls.test", (mx(6),), behaviour="nostarttls"),
    Mx("mx.mx-421.test", (mx(7),), behaviour="421"),
    Mx("mx.mx-554.test", (mx(8),), behaviour="554"),
    Mx("mx.mx-tls12.test", (mx(9),), cert="rsa", behaviour="tls12"),
    Mx("mx.mx-cnonly.test", (mx(10),), cert="cnonly"),
    Mx("mx.unlisted.test", (mx(11),)),
    Mx("backup.unlisted.test", (mx(12),)),
    Mx("implicit.test", (mx(13),)),
    Mx("mx.dual.test", (mx(14), "::1")),
    Mx("mx.mx-454.test", (mx(15),), behaviour="454"),
    Mx("mx.mx-nochain.test", (mx(16),), cert="nochain"),
    Mx("mx.mx-wrongname.test", (mx(17),), cert="wrongname"),
    Mx("implicit-plain.test", (mx(18),)),
    Mx("mx.mx-multiline.test", (mx(19),), behaviour="multiline"),
]

# The same of another make, with GnuTLS (exim.py).
EXIM_SERVERS = [
    Mx("mx.exim.test", ("127.0.29.1",)),
    Mx("mx.exim-rsa.test", ("127.0.29.2",), cert="rsa", behaviour="tls12"),
    Mx("mx.exim-nostarttls.test", ("127.0.29.3",), behaviour="nostarttls"),
    Mx("mx.exim-selfsigned.test", ("127.0.29.4",), cert="selfsigned"),
    Mx("mx.exim-wrongname.test", ("127.0.29.5",), cert="wrongname"),
    Mx("mx.exim-554.test", ("127.0.29.6",), behaviour="554"),
    Mx("mx.exim-451.test", ("127.0.29.7",), behaviour="451"),
]


def own_mx(name, what, mode="enforce", signed=False):
    """One MX host of its own, listed in a policy that is otherwise right: what is wrong is the MX."""
    return Domain(name, what, "@ MX 10 mx\n" + STS + MTA_STS, Policy(mode, ("mx." + name,)), signed=signed)


def shared_mx(name, what, **policy):
    """The MX host of shared.test, right and listed: what is wrong is the policy host."""
    return Domain(name, what, "@ MX 10 mx.shared.test.\n" + STS + MTA_STS, Policy(mx=("mx.shared.test",), **policy))


def sts_txt(name, what, *rrs, **policy):
    """All right but for the TXT records at _mta-sts, given as zone file text."""
    return Domain(name, what, "@ MX 10 mx.shared.test.\n" + "".join(f"_mta-sts TXT {rr}\n" for rr in rrs) + MTA_STS,
                  Policy(mx=("mx.shared.test",), **policy))


def policy_body(name, what, *lines, end="\r\n", last=None):
    """All right but for the body: its lines, and what ends them."""
    return shared_mx(name, what, text=end.join(lines) + (end if last is None else last))


VERSION, ENFORCE, MX_SHARED, DAY = "version: STSv1", "mode: enforce", "mx: mx.shared.test", "max_age: 86400"
NOISE = '@ TXT "google-site-verification=0123456789abcdef"\n@ TXT "MS=ms12345678"\n'

DOMAINS = [
    Domain("enforce.test", "everything right: enforce, signed, TLSA, TLS-RPT, SPF, DMARC", signed=True,
           policy=Policy("enforce", ("mx.enforce.test",)),
           records="@ MX 10 mx\n" + STS + MTA_STS + NOISE + '@ TXT "v=spf1 mx -all"\n'
           '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tlsrpt@enforce.test"\n'
           '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:dmarc@enforce.test"\n'),
    Domain("testing.test", "mode testing", policy=Policy("testing", ("*.testing.test",)),
           records="@ MX 10 mx\n" + STS + MTA_STS + '@ TXT "v=spf1 ip4:192.0.2.0/24 ~all"\n'
           '_smtp._tls TXT "v=TLSRPTv1; rua=https://reports.testing.test/v1,mailto:tlsrpt@testing.test"\n'
           '_dmarc TXT "v=DMARC1; p=none"\n'),
    shared_mx("none.test", "mode none", mode="none"),
    Domain("shared.test", "no MTA-STS; its MX host serves many names", "@ MX 10 mx\n@ TXT \"v=spf1 a -all\"\n"),
    Domain("plain.test", "no MTA-STS, shared MX host, TXT noise", "@ MX 5 mx.shared.test.\n" + NOISE),

    shared_mx("pol-expired.test", "policy host: certificate expired", cert="expired"),
    shared_mx("pol-wrongname.test", "policy host: certificate for another name", cert="wrongname"),
    shared_mx("pol-selfsigned.test", "policy host: self-signed", cert="selfsigned"),
    shared_mx("pol-nochain.test", "policy host: intermediate missing", cert="nochain"),
    shared_mx("pol-404.test", "policy host: 404", status=404),
    shared_mx("pol-redirect.test", "policy host: 301 to a good policy", status=301),
    shared_mx("pol-html.test", "policy host: right body as text/html", media="text/html"),
    Domain("pol-nohost.test", "MTA-STS record, policy host does not exist", "@ MX 10 mx.shared.test.\n" + STS),

    own_mx("mx-selfsigned.test", "MX self-signed, TLSA matches: DANE holds, MTA-STS does not", signed=True),
    own_mx("mx-expired.test", "MX certificate expired, TLSA does not match", signed=True),
    own_mx("mx-cnonly.test", "MX certificate has its name in the CN only"),
    own_mx("mx-nochain.test", "MX intermediate missing"),
    own_mx("mx-wrongname.test", "MX certificate for another name", mode="testing"),
    own_mx("mx-nostarttls.test", "MX without STARTTLS"),
    own_mx("mx-421.test", "MX greets with 421"),
    own_mx("mx-554.test", "MX greets with 554"),
    own_mx("mx-454.test", "MX offers STARTTLS and answers it with 454"),
    own_mx("mx-tls12.test", "MX speaks TLS 1.2 only, RSA certificate"),
    own_mx("mx-multiline.test", "MX greets with two lines"),
    Domain("mx-down.test", "MX host and policy host refuse TCP", policy=None,
           records=f"@ MX 10 mx\nmx A {NOBODY_MAIL}\n{STS}mta-sts A {NOBODY_WEB}\n"),
    Domain("mx-gone.test", "MX host does not exist", "@ MX 10 mx\n"),
    Domain("reserved.test", "MX host and policy host in 10/8: never to be contacted",
           "@ MX 10 mx\nmx A 10.1.2.3\n" + STS + "mta-sts A 10.1.2.4\n"),
    Domain("dual.test", "MX host and policy host also at ::1", policy=Policy("enforce", ("mx.dual.test",),
           listen=(WEB, "::1")), records="@ MX 10 mx\n" + STS + MTA_STS + "mta-sts AAAA ::1\n"),
    Domain("unlisted.test", "two MX hosts, the backup is not in the policy",
           "@ MX 10 mx\n@ MX 20 backup\n" + STS + MTA_STS, Policy("enforce", ("mx.unlisted.test",))),

    Domain("cname.test", "_mta-sts and mta-sts are CNAMEs to a provider", policy=Policy(
           "enforce", ("mx.shared.test",), listen=(PROVIDER_WEB,)), records="@ MX 10 mx.shared.test.\n"
           "_mta-sts CNAME cname-test._mta-sts.provider.test.\nmta-sts CNAME cname-test.mta-sts.provider.test.\n"),
    Domain("provider.test", "the provider: no mail at all (null MX)", "@ MX 0 .\n"
           '*._mta-sts TXT "v=STSv1; id=provider1;"\n' f"*.mta-sts A {PROVIDER_WEB}\n"),
    Domain("wildcard.test", "wildcard TXT: _mta-sts answers with SPF", "@ MX 10 mx.shared.test.\n"
           '@ TXT "v=spf1 -all"\n* TXT "v=spf1 -all"\n'),
    Domain("strings.test", "records in several character-strings", policy=Policy("testing", ("mx.shared.test",)),
           records="@ MX 10 mx.shared.test.\n" '_mta-sts TXT "v=STSv" "1; id=" "abc123;"\n' + MTA_STS +
           '@ TXT "v=spf1 ip4:192.0.2.1 " "-all"\n_smtp._tls TXT "v=TLSRPTv1;" " rua=mailto:a@strings.test"\n'),
    Domain("twosts.test", "two MTA-STS records", policy=Policy("enforce", ("mx.shared.test",)),
           records="@ MX 10 mx.shared.test.\n" + STS + '_mta-sts TXT "v=STSv1; id=2;"\n' + MTA_STS),
    Domain("rpt-bad.test", "TLS-RPT without a scheme, DMARC without p, two SPF records", "@ MX 10 mx.shared.test.\n"
           '_smtp._tls TXT "v=TLSRPTv1; rua=reports@rpt-bad.test"\n_dmarc TXT "v=DMARC1; rua=mailto:x@rpt-bad.test"\n'
           '@ TXT "v=spf1 -all"\n@ TXT "v=spf1 ?all"\n@ TXT "v=spf10 -all"\n'),
    Domain("nullmx.test", "null MX", '@ MX 0 .\n@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n'),
    Domain("implicit.test", "no MX, address only, enforce policy lists the name itself",
           STS + MTA_STS, Policy("enforce", ("implicit.test",))),
    Domain("implicit-plain.test", "no MX, address only, no MTA-STS"),
    Domain("nothing.test", "the name exists and has neither MX nor address", '@ TXT "hello"\n'),
    Domain("bigtxt.test", "6.6 kB of TXT at the apex, SPF among it",
           "@ MX 10 mx.shared.test.\n" '@ TXT "v=spf1 a ~all"\n'
           + "".join(f'@ TXT "noise-{i:03d}={"x" * 32}"\n' for i in range(BIG_TXT))),
    Domain("xn--bcher-kva.test", "asked for as a U-label", "@ MX 10 mx.shared.test.\n"),

    Domain("nxdomain.test", "does not exist", zone="absent"),
    Domain("bogus.test", "DNSSEC bogus: the DS in the parent is wrong", "@ MX 10 mx.shared.test.\n" + STS, signed=True,
           zone="bogus"),
    Domain("lame.test", "delegated to a server that refuses", zone="lame"),
    Domain("refused.test", "the resolver itself answers REFUSED", zone="refused"),
]

# Edge cases of STANDARDS.md section 4, by number, that real daemons can show.
DOMAINS += [
    sts_txt("sts-notrail.test", "2: no semicolon at the end", '"v=STSv1; id=20160831085700Z"'),
    sts_txt("sts-spf.test", "6: an SPF record beside the MTA-STS record", '"v=STSv1; id=1;"', '"v=spf1 -all"'),
    sts_txt("sts-space.test", "8: a blank before the first semicolon", '"v=STSv1 ; id=1"'),
    sts_txt("sts-case.test", "9: v=stsv1", '"v=stsv1; id=1"'),
    sts_txt("sts-leading.test", "10: a blank before the version", '" v=STSv1; id=1"'),
    sts_txt("sts-noid.test", "11: no id", '"v=STSv1;"'),
    sts_txt("sts-dash.test", "12: an id with dashes", '"v=STSv1; id=2026-01-01;"'),
    sts_txt("sts-twoids.test", "13: two ids, the first counts", '"v=STSv1; id=1; id=2;"'),
    sts_txt("sts-colon.test", "14: policy fields in the record", '"v=STSv1; id=1; mx: a.com; mode: testing"'),
    sts_txt("sts-unknown.test", "15: an unknown field", '"v=STSv1; id=1; foo=bar;"'),
    sts_txt("sts-semicolons.test", "16: two semicolons", '"v=STSv1;; id=1;"'),
    sts_txt("sts-nonascii.test", "17: bytes that are not ASCII", '"v=STSv1; id=1\\195\\164;"'),
    Domain("sts-dangling.test", "19: _mta-sts is a CNAME to nowhere", "@ MX 10 mx.shared.test.\n"
           "_mta-sts CNAME gone.provider.test.\n"),
    Domain("sts-wild.test", "21: a wildcard makes the MTA-STS record of any name", "@ MX 10 mx.shared.test.\n"
           '* TXT "v=STSv1; id=1;"\n' + MTA_STS, Policy(mx=("mx.shared.test",))),
    Domain("sts-www.test", "25: a record at _mta-sts.www only", '@ MX 10 mx.shared.test.\n'
           '_mta-sts.www TXT "v=STSv1; id=1;"\n'),

    policy_body("body-lf.test", "50: lines end with LF", VERSION, ENFORCE, MX_SHARED, DAY, end="\n"),
    policy_body("body-nolast.test", "50: nothing behind the last line", VERSION, ENFORCE, MX_SHARED, DAY, last=""),
    policy_body("body-bom.test", "51: a byte order mark", "\ufeff" + VERSION, ENFORCE, MX_SHARED, DAY),
    policy_body("body-blank.test", "51: two newlines at the end", VERSION, ENFORCE, MX_SHARED, DAY, ""),
    policy_body("body-case.test", "52: mode: Enforce", VERSION, "mode: Enforce", MX_SHARED, DAY),
    policy_body("body-order.test", "54: the version comes last", ENFORCE, MX_SHARED, DAY, VERSION),
    policy_body("body-nomode.test", "55: no mode", VERSION, MX_SHARED, DAY),
    policy_body("body-nomx.test", "55: enforce without mx", VERSION, ENFORCE, DAY),
    policy_body("body-empty.test", "55: an empty body", last=""),
    policy_body("body-none.test", "56: mode none without mx", VERSION, "mode: none", DAY),
    policy_body("body-twice.test", "57: two modes, the first counts", VERSION, "mode: testing", ENFORCE, MX_SHARED, DAY),
    policy_body("body-over.test", "58: max_age 31557601", VERSION, ENFORCE, MX_SHARED, "max_age: 31557601"),
    policy_body("body-unit.test", "58: max_age 604800s", VERSION, ENFORCE, MX_SHARED, "max_age: 604800s"),
    policy_body("body-comma.test", "59: two mx in one line", VERSION, ENFORCE, "mx: mx.shared.test, mx2.shared.test", DAY),
    policy_body("body-dot.test", "60: mx with a trailing dot", VERSION, ENFORCE, "mx: mx.shared.test.", DAY),
    policy_body("body-rescue.test", "60: a bad mx among good ones", VERSION, ENFORCE, "mx: user@a.com", MX_SHARED, DAY),
    policy_body("body-copied.test", "62: the policy host as mx", VERSION, ENFORCE, "mx: mta-sts.body-copied.test", DAY),
    policy_body("body-unknown.test", "63: an unknown key", VERSION, ENFORCE, MX_SHARED, "foo: bar", DAY),

    shared_mx("pol-302.test", "38: 302", status=302),
    shared_mx("pol-403.test", "39: 403", status=403),
    shared_mx("pol-500.test", "39: 500", status=500),
    shared_mx("pol-charset.test", "43: a charset behind the media type", media="text/plain; charset=us-ascii"),

    Domain("mx-upper.test", "66: the MX in capitals", "@ MX 10 MX.Shared.TEST.\n" + STS + MTA_STS,
           Policy(mx=("mx.shared.test",))),
    Domain("mx-alias.test", "67: the MX host is a CNAME, the policy lists its target", "@ MX 10 mx\n"
           "mx CNAME mx.shared.test.\n" + STS + MTA_STS, Policy(mx=("mx.shared.test",))),
    Domain("mx-second.test", "68: the first MX host fails, the second passes", "@ MX 10 mx.mx-expired.test.\n"
           "@ MX 20 mx.shared.test.\n" + STS + MTA_STS, Policy(mx=("mx.mx-expired.test", "mx.shared.test"))),
    Domain("mx-nullbeside.test", "69: null MX beside another", "@ MX 0 .\n@ MX 10 mx.shared.test.\n" + STS + MTA_STS,
           Policy(mx=("mx.shared.test",))),
    Domain("nullmx-sts.test", "69: null MX with a policy", "@ MX 0 .\n" + STS + MTA_STS, Policy(mx=("mx.shared.test",))),
    Domain("mx-literal.test", "71: the MX host is an IPv4 address as text", "@ MX 10 192.0.2.1.\n"),

    own_mx("exim.test", "Exim: all right"),
    own_mx("exim-rsa.test", "Exim: TLS 1.2 only, RSA certificate"),
    own_mx("exim-nostarttls.test", "Exim without STARTTLS", mode="testing"),
    own_mx("exim-selfsigned.test", "Exim, self-signed"),
    own_mx("exim-wrongname.test", "Exim, certificate for another name"),
    own_mx("exim-554.test", "Exim greets with 554"),
    own_mx("exim-451.test", "Exim greets with 451"),
]

def scripted_mx(peer):
    """A scripted MX host behind a right policy."""
    hosts = "".join(f"mx A {address}\n" for address in peer.addresses)
    return Domain(peer.name, "MX: " + peer.what, "@ MX 10 mx\n" + hosts + STS + MTA_STS,
                  Policy(mx=(peer.host,), cert="shared"))


def scripted_policy(peer):
    """A scripted policy host of a domain whose MX host is right."""
    records = peer.records.format(ip=peer.addresses[0]) or "".join(f"mta-sts A {ip}\n" for ip in peer.addresses)
    return Domain(peer.name, "policy host: " + peer.what, "@ MX 10 mx.shared.test.\n" + STS + records)


REAL = list(DOMAINS)  # those of real daemons alone
DOMAINS += [scripted_mx(peer) for peer in scripted_smtp.PEERS] + [
    scripted_policy(peer) for peer in scripted_https.PEERS]
