"""The domains of the lab: what each one publishes. One table; zones.py, web.py, mail.py and check.py all read it.

`records` is zone file text below the domain's own name (SOA and NS are added). What a right scanner must observe is
in expect.py and expect_peers.py, under the same names. The scripted peers bring their own: scripted_smtp.py,
scripted_https.py, expect_scripted.py.
Addresses: 127.0.25.x mail, 127.0.4.x HTTPS; each mail server has one of its own. Scripted: 127.0.26.x, 127.0.5.x.

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

    def body(self):
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


def own_mx(name, what, mode="enforce", signed=False):
    """One MX host of its own, listed in a policy that is otherwise right: what is wrong is the MX."""
    return Domain(name, what, "@ MX 10 mx\n" + STS + MTA_STS, Policy(mode, ("mx." + name,)), signed=signed)


def shared_mx(name, what, **policy):
    """The MX host of shared.test, right and listed: what is wrong is the policy host."""
    return Domain(name, what, "@ MX 10 mx.shared.test.\n" + STS + MTA_STS, Policy(mx=("mx.shared.test",), **policy))


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
