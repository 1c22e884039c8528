"""The scripted MX hosts of the lab: what each does, and what a right scanner must observe. Rows are those of the edge
cases in rows.py. Each is the only MX host, mx.<name>.test, of the domain <name>.test, whose policy is right.
"""
from dataclasses import dataclass, field
from ssl import TLSVersion

from scripted import (alert_record, by_turns, cut, drip, endless, hear, impatient, listen, pause, record, reset,
                      server_hello, split, swallow, tls)

SRC_ERRNO, SRC_SMTP, SRC_ALERT, SRC_BYTES = 1, 6, 9, 11
ECONNRESET = 104
TLS10, TLS11, TLS12, TLS13 = range(0x0301, 0x0305)


@dataclass
class Peer:
    """`replies` are those of the last attempt; `tls` says what differs from a usual handshake, None that there is
    none. `varies`: fields that depend on how many bytes came in time."""
    what: str
    row: int
    steps: tuple
    outcome: str = "OK"
    raw: tuple = ()  # source and code of every attempt, where there is one
    replies: tuple = ()
    cert: str = "shared"
    tls: dict = None
    evidence: dict = field(default_factory=dict)  # further fields of the record
    varies: tuple = ()
    outcomes: tuple = ()  # of the attempts, where they differ
    counters: tuple = ()  # of ststat summary, beside those of the outcome
    name: str = ""
    addresses: tuple = ()

    @property
    def host(self):
        return "mx." + self.name


def said(to, code, *lines, cut=False):
    """A reply as the record has it."""
    reply = {"to": to, "code": code, "l": [line.encode() for line in lines]}
    return {**reply, "cut": True} if cut else reply


HELLO = b"220 mx ESMTP\r\n"
OFFER = b"250-mx\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"
NO_OFFER = b"250-mx\r\n250 SIZE 1000\r\n"
GO = b"220 go\r\n"
AGAIN = (hear, NO_OFFER, hear, b"221 bye\r\n", listen)
TO_GO = (HELLO, hear, OFFER, hear, GO)
BYE = (hear, b"221 bye\r\n", listen)

GREETED = said("CONNECT", 220, "mx ESMTP")
OFFERED = said("EHLO", 250, "mx", "SIZE 1000", "STARTTLS")
NOT_OFFERED = said("EHLO", 250, "mx", "SIZE 1000")
GONE_ON = said("STARTTLS", 220, "go")
LEFT = said("QUIT", 221, "bye")
BEHIND = (said("EHLO2", 250, "mx", "SIZE 1000"), LEFT)
TO_TLS = (GREETED, OFFERED, GONE_ON)
WHOLE = (*TO_TLS, *BEHIND)


def greets(what, steps, outcome="OK", raw=(), replies=(), row=73, **more):
    """It is all about the greeting; what follows where it is taken is as it should be."""
    if outcome == "OK":
        steps, replies = (*steps, *TO_GO[1:], tls(), *AGAIN), (*replies, *WHOLE[1:])
        more = {"tls": {}, **more}
    return Peer(what, row, steps, outcome, raw, replies, **more)


def refuses(what, greeting, code, text, row=72):
    outcome = f"SMTP_GREETING_{code // 100}XX"
    return greets(what, (greeting, *BYE), outcome, (SRC_SMTP, code), (said("CONNECT", code, text), LEFT), row=row)


def hellos(what, ehlo, replies, outcome="OK", raw=(), row=75, **more):
    """It is all about the reply to EHLO: `ehlo` are the steps from there on, `replies` theirs."""
    if outcome == "OK":
        ehlo, replies = (*ehlo, hear, GO, tls(), *AGAIN), (*replies, GONE_ON, *BEHIND)
        more = {"tls": {}, **more}
    elif raw and raw[0] == SRC_SMTP:
        ehlo, replies = (*ehlo, *BYE), (*replies, LEFT)
    return Peer(what, row, (HELLO, hear, *ehlo), outcome, raw, (GREETED, *replies), **more)


def offers(what, line, **more):
    """STARTTLS in another form."""
    text = line.decode()
    return hellos(what, (b"250-mx\r\n250-" + line + b"\r\n250 SIZE 1000\r\n",),
                  (said("EHLO", 250, "mx", text, "SIZE 1000"),), **more)


def answers(what, reply, outcome, code, text, row=76):
    """To STARTTLS."""
    return Peer(what, row, (*TO_GO[:-1], reply, *BYE), outcome, (SRC_SMTP, code),
                (GREETED, OFFERED, said("STARTTLS", code, text), LEFT))


def breaks(what, steps, outcome, raw=(), row=76, **more):
    """Behind the 220: no handshake."""
    return Peer(what, row, (*TO_GO, *steps), outcome, raw, TO_TLS, **more)


def shakes(what, row=77, cert="shared", handshake=None, counters=(), **differs):
    """A whole probe; what is worth a look is TLS."""
    return Peer(what, row, (*TO_GO, handshake or tls(), *AGAIN), "OK", (), WHOLE, cert, differs, counters=counters)


LONG = "x" * 1000
BANNER = "b" * 4000
SECOND_CERT = "mx.t-sni.test"  # right, but for that host alone
OLD = "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"

SCRIPTS = {
    # 72: turned away
    "s-450": refuses("greets with 450", b"450 4.7.0 later\r\n", 450, "4.7.0 later"),
    "s-451": refuses("greets with 451", b"451 4.7.0 later\r\n", 451, "4.7.0 later"),
    "s-timeouts": refuses("greets with 554, too many timeouts", b"554 Too many timeouts\r\n", 554, "Too many timeouts"),
    "s-421-close": greets("greets with 421 and closes", (b"421 busy\r\n",), "SMTP_GREETING_4XX", (SRC_SMTP, 421),
                          (said("CONNECT", 421, "busy"),), row=72),
    "s-ehlo-421": hellos("421 to EHLO", (b"421 busy\r\n",), (said("EHLO", 421, "busy"),), "SMTP_EHLO_4XX",
                         (SRC_SMTP, 421), row=72),
    # 73: greetings and lines
    "s-slow": greets("greeting after a second", (pause(1), HELLO), replies=(GREETED,)),
    "s-silent": greets("no greeting", (listen,), "SMTP_GREETING_TIMEOUT"),
    "s-drip": greets("greeting a byte at a time, without end", (drip(b"220-x"),), "SMTP_GREETING_TIMEOUT",
                     varies=("smtp", "junk")),
    "s-early-close": greets("closes before the greeting", (), "SMTP_CLOSED_EARLY"),
    "s-early-reset": greets("resets before the greeting", (pause(0.1), reset), "SMTP_RESET", (SRC_ERRNO, ECONNRESET)),
    "s-split": Peer("every reply byte by byte", 73, (split(HELLO), hear, split(OFFER), hear, split(GO), tls(), hear,
                    split(NO_OFFER), hear, split(b"221 bye\r\n"), listen), "OK", (), WHOLE, tls={}),
    "s-multiline": greets("greeting of three lines", (b"220-one\r\n220-\r\n220 three\r\n",),
                          replies=(said("CONNECT", 220, "one", "", "three"),)),
    "s-banner4k": greets("greeting of 4,000 bytes", (b"220 " + BANNER.encode() + b"\r\n",),
                         replies=(said("CONNECT", 220, BANNER[:1024], cut=True),)),
    "s-lf": Peer("lines end with LF only", 73, tuple(
        step.replace(b"\r", b"") if isinstance(step, bytes) else step for step in (*TO_GO, tls(), *AGAIN)), "OK", (),
        WHOLE, tls={}),
    "s-codes": greets("bare codes", (b"220\r\n",), replies=(said("CONNECT", 220, ""),)),
    "s-longline": hellos("EHLO line of 1,000 bytes", (b"250-mx\r\n250-" + LONG.encode() + b"\r\n250 STARTTLS\r\n",),
                         (said("EHLO", 250, "mx", LONG, "STARTTLS"),), row=73),
    "s-toolong": greets("greeting line over the limit", (b"220 " + b"b" * 5000 + b"\r\n", listen), "SMTP_TOO_MUCH",
                        (SRC_BYTES, 4102), (said("CONNECT", 220, "b" * 1024, cut=True),)),
    "s-endless-line": greets("greeting line without end", (endless(b"b" * 1000, b"220 "),), "SMTP_TOO_MUCH",
                             (SRC_BYTES, 4102), (said("CONNECT", 220, "b" * 1024, cut=True),)),
    "s-endless-220": greets("220- lines without end", (endless(b"220-and so on\r\n" * 50),), "SMTP_TOO_MUCH",
                            (SRC_BYTES, 65537), (said("CONNECT", 220, *["and so on"] * 64, cut=True),),
                            evidence={"junk": b"22"}),  # of the line that was too much
    "s-endless-250": hellos("250- lines without end", (endless(b"250-and so on\r\n" * 50),),
                            (said("EHLO", 250, *["and so on"] * 64, cut=True),), "SMTP_TOO_MUCH", (SRC_BYTES, 65537),
                            row=73, evidence={"junk": b"25"}),
    "s-nul": hellos("NUL and 8-bit bytes in replies", (b"250-mx\0\x01\r\n250-STARTTLS\0\r\n250 STARTTLS\r\n",),
                    (said("EHLO", 250, "mx\0\x01", "STARTTLS\0", "STARTTLS"),), row=73),
    "s-ssh": greets("greets as SSH does", (b"SSH-2.0-OpenSSH_9.2\r\n", listen), "SMTP_NOT_SMTP",
                    evidence={"junk": b"SSH-2.0-OpenSSH_9.2\r\n"}),
    "s-twocodes": greets("two codes in one greeting", (b"220-one\r\n250 two\r\n", listen), "SMTP_PROTOCOL", (),
                         (said("CONNECT", 220, "one", cut=True),), evidence={"junk": b"250 two\r\n"}),
    # 74: EHLO unknown
    "s-ehlo500": hellos("500 to EHLO, knows HELO", (b"500 what?\r\n", hear, b"250 mx\r\n"),
                        (said("EHLO", 500, "what?"), said("HELO", 250, "mx")), "SMTP_HELO_ONLY", (SRC_SMTP, 250), 74),
    "s-ehlo502": hellos("502 to EHLO, knows HELO", (b"502 no\r\n", hear, b"250 mx\r\n"),
                        (said("EHLO", 502, "no"), said("HELO", 250, "mx")), "SMTP_HELO_ONLY", (SRC_SMTP, 250), 74),
    "s-nohelo": hellos("550 to EHLO and HELO", (b"550 no\r\n", hear, b"550 no\r\n"),
                       (said("EHLO", 550, "no"), said("HELO", 550, "no")), "SMTP_EHLO_5XX", (SRC_SMTP, 550), 74),
    "s-ehlo-close": hellos("closes on EHLO", (cut,), (), "SMTP_CLOSED", row=74),
    "s-ehlo-reset": hellos("resets on EHLO", (reset,), (), "SMTP_RESET", (SRC_ERRNO, ECONNRESET), 74),
    "s-ehlo-stall": hellos("no answer to EHLO", (listen,), (), "SMTP_TIMEOUT", row=74),
    "s-ehlo-drip": hellos("answer to EHLO a byte at a time", (drip(b"250-x"),), (), "SMTP_TIMEOUT", row=74,
                          varies=("smtp",)),
    "s-secondlook-helo": Peer("knows EHLO only at the second look", 74, (HELLO, hear, by_turns(
        (b"500 what?\r\n", hear, b"250 mx\r\n", hear, b"221 bye\r\n", listen), (OFFER, hear, GO, tls(), *AGAIN))),
        "OK", (), WHOLE, tls={}, outcomes=("SMTP_HELO_ONLY", "OK")),
    # 75: STARTTLS, or not
    "s-secondlook": Peer("offers STARTTLS only at the second look", 75, (HELLO, hear, by_turns(
        (NO_OFFER, hear, b"221 bye\r\n", listen), (OFFER, hear, GO, tls(), *AGAIN))),
        "OK", (), WHOLE, tls={}, outcomes=("SMTP_NO_STARTTLS", "OK")),
    "s-never": hellos("never offers STARTTLS", (NO_OFFER,), (NOT_OFFERED,), "SMTP_NO_STARTTLS", (SRC_SMTP, 250)),
    "s-almost": hellos("words that are not quite STARTTLS", (b"250-STARTTLS\r\n250-X-STARTTLS\r\n250 STARTTLSX\r\n",),
                       (said("EHLO", 250, "STARTTLS", "X-STARTTLS", "STARTTLSX"),), "SMTP_NO_STARTTLS",
                       (SRC_SMTP, 250)),
    "s-lower": offers("offers starttls in lower case", b"starttls"),
    "s-parameter": offers("offers STARTTLS with a parameter", b"STARTTLS REQUIRED"),
    "s-tab": offers("STARTTLS with a tab behind it", b"STARTTLS\t"),
    "s-last": hellos("STARTTLS in the last line", (OFFER,), (OFFERED,)),
    "s-middle": offers("STARTTLS in a middle line", b"STARTTLS"),
    "s-impatient": Peer("refuses who does not wait for replies", 75, (impatient(HELLO), hear, impatient(OFFER), hear,
                        GO, tls(), hear, impatient(NO_OFFER), hear, b"221 bye\r\n", listen), "OK", (), WHOLE, tls={}),
    "s-requiretls": Peer("REQUIRETLS in the second EHLO only", 75, (
        *TO_GO, tls(), hear, b"250-mx\r\n250 REQUIRETLS\r\n", *BYE), "OK", (),
        (*TO_TLS, said("EHLO2", 250, "mx", "REQUIRETLS"), LEFT), tls={}),
    "s-ehlo2-503": Peer("refuses the second EHLO", 75, (*TO_GO, tls(), hear, b"503 no\r\n", *BYE), "OK", (),
                        (*TO_TLS, said("EHLO2", 503, "no"), LEFT), tls={}),
    "s-ehlo2-close": Peer("closes behind the handshake", 75, (*TO_GO, tls(), hear, cut), "OK", (), TO_TLS, tls={}),
    "s-ehlo2-stall": Peer("says nothing behind the handshake", 75, (*TO_GO, tls(), hear, listen), "OK", (), TO_TLS,
                          tls={}),
    "s-ehlo2-endless": Peer("250- lines without end behind the handshake", 75, (
        *TO_GO, tls(), hear, endless(b"250-and so on\r\n" * 50)), "OK", (),
        (*TO_TLS, said("EHLO2", 250, *["and so on"] * 64, cut=True)), tls={}, evidence={"junk": b"25"}),
    # 76: offered, and then
    "s-454": answers("454 to STARTTLS", b"454 no TLS now\r\n", "STARTTLS_4XX", 454, "no TLS now"),
    "s-501": answers("501 to STARTTLS", b"501 what?\r\n", "STARTTLS_5XX", 501, "what?"),
    "s-554": answers("554 to STARTTLS", b"554 no\r\n", "STARTTLS_5XX", 554, "no"),
    "s-250": answers("250 to STARTTLS", b"250 go?\r\n", "STARTTLS_BAD_REPLY", 250, "go?"),
    "s-go-close": breaks("220, then closes", (cut,), "TLS_CLOSED"),
    "s-go-hello-close": breaks("220, closes on the ClientHello", (swallow, cut), "TLS_CLOSED"),
    "s-go-reset": breaks("220, then resets", (swallow, reset), "TLS_RESET", (SRC_ERRNO, ECONNRESET)),
    "s-go-stall": breaks("220, then nothing", (listen,), "TLS_TIMEOUT"),
    "s-go-garbage": breaks("220, then garbage", (swallow, b"garbage\r\n", listen), "TLS_NOT_TLS",
                           evidence={"junk": b"garbage\r\n"}),
    "s-inject": Peer("a reply behind the 220, in one segment", 76, (*TO_GO[:-1], GO + b"250 injected\r\n", listen),
                     "STARTTLS_INJECTED", (SRC_BYTES, 14), TO_TLS, evidence={"inj": b"250 injected\r\n", "inj_b": 14}),
    "s-inject-later": breaks("a reply in the clear before the ServerHello", (swallow, b"250 injected\r\n", tls()),
                             "TLS_NOT_TLS", evidence={"junk": b"250 injected\r\n"}),
    "s-alert": breaks("alert handshake_failure, as SSL 3.0 servers do", (swallow, alert_record(40), listen),
                      "TLS_ALERT", (SRC_ALERT, 40)),
    "s-alert-sni": breaks("alert unrecognized_name", (tls(alert=112),), "TLS_ALERT", (SRC_ALERT, 112)),
    "s-ssl3": breaks("agrees on SSL 3.0", (swallow, server_hello(0x0300, 0x000A), listen), "TLS_PROTOCOL"),
    "s-rc4": breaks("agrees on RC4", (swallow, server_hello(0x0303, 0x0005), listen), "TLS_PROTOCOL"),
    "s-half": breaks("half a ServerHello, then nothing", (swallow, server_hello(0x0303, 0xC02F)[:20], listen),
                     "TLS_TIMEOUT"),
    "s-half-reset": breaks("half a ServerHello, then resets", (swallow, server_hello(0x0303, 0xC02F)[:20],
                           pause(0.2), reset), "TLS_RESET", (SRC_ERRNO, ECONNRESET)),
    "s-flood": breaks("handshake records without end", (swallow, endless(record(22, b"\0\0\0\0" * 64)),),
                      "TLS_PROTOCOL", (SRC_BYTES,), varies=("raw",)),
    # 77: certificates (also CN only, expired, self-signed, wrong name, missing intermediate: mx-*.test, by Postfix)
    "t-notyet": shakes("certificate of 2040", cert="notyet", counters=("ep_cert_expired",)),
    "t-untrusted": shakes("certificate of an unknown root", cert="untrusted", counters=("ep_cert_untrusted",)),
    "t-aia": shakes("no intermediate, but AIA says where it is", cert="aia", counters=("ep_cert_untrusted", "ep_cert_aia")),
    "t-nul": shakes("NUL in the name of the certificate", cert="nul"),
    "xn--t-grn-nva": shakes("U-label in the certificate", cert="ulabel"),
    "t-constrained": shakes("CA that may not name this host", cert="constrained", counters=("ep_cert_other",)),
    "t-cnother": shakes("right CN, SAN for another host", cert="cnother"),
    "t-wildcard": shakes("certificate for *.<domain>", cert="wildcard"),
    "t-partial": shakes("certificate for m*.<domain>", cert="partial"),
    "t-inner": shakes("certificate for mx.*.test", cert="inner"),
    "t-twolabels": shakes("certificate for *.test", cert="twolabels"),
    "t-longchain": shakes("chain of 30 certificates", cert="longchain"),
    "t-rsa1024": shakes("RSA key of 1,024 bits", cert="rsa1024", counters=("ep_cert_weak",)),
    "t-clientcert": shakes("asks for a certificate of ours", handshake=tls(client_cert=True)),
    "t-retry": shakes("wants a group that nobody offers a key for: HelloRetryRequest", handshake=tls(curve="secp521r1"),
                      group="secp521r1"),
    "t-tls10": shakes("TLS 1.0 only", handshake=tls(TLSVersion.TLSv1), ver=TLS10,
                      cipher="TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    "t-tls11": shakes("TLS 1.1 only", handshake=tls(TLSVersion.TLSv1_1), ver=TLS11,
                      cipher="TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    "t-oldcipher": shakes("TLS 1.2 with CBC and SHA-1 only", handshake=tls(TLSVersion.TLSv1_2, OLD), ver=TLS12,
                          cipher="TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"),
    "t-nogroup": shakes("RSA key exchange only", cert="rsa",
                        handshake=tls(TLSVersion.TLSv1_2, "AES128-SHA:@SECLEVEL=0"), ver=TLS12,
                        cipher="TLS_RSA_WITH_AES_128_CBC_SHA", group=None, sigalg=None),
    # 78: who asks, and where
    "t-sni": shakes("another certificate without SNI", row=78, cert="good",
                    handshake=tls(no_sni_cert="mx.t-notyet.test")),
    "t-peraddress": shakes("another certificate at the second address", row=78, cert="good",
                           handshake=tls(second_cert=SECOND_CERT)),
}
for number, (stem, peer) in enumerate(SCRIPTS.items(), 1):
    peer.name, peer.addresses = stem + ".test", (f"127.0.26.{number}",)
SCRIPTS["t-peraddress"].addresses += ("127.0.26.200",)
PEERS = list(SCRIPTS.values())
