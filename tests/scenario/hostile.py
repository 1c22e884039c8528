"""Hostile HTTPS and SMTP peers: scripts (tests/lab/scripted.py), each with what a right scan records of it, and whether it goes
on until the client ends it. What is in the lab already (scripted_https.py, scripted_smtp.py) is not here again."""
import gzip
import time
import zlib
from dataclasses import dataclass

from scripted import cut, drip, endless, hear, listen, record, request, reset, server_hello, swallow, tls
from scripted_https import CHUNKED, POLICY, answer, field_line, frame
from scripted_smtp import GO, HELLO, NO_OFFER, OFFER

KIB = 1 << 10
HTTP_BYTES = 256 * KIB       # HTTP_MOST_BYTES
TLS_BYTES = 256 * KIB        # MOST_TLS_BYTES of a probe
REPLY_BYTES = 64 * KIB       # REPLY_MOST_BYTES
LINE_BYTES = 4 * KIB         # REPLY_MOST_LINE_BYTES
ANY = 512 * KIB              # more than any limit: where the client ends it sooner, by itself


@dataclass
class Peer:
    """`outcomes`: any of them is right. `most_bytes` that it gets rid of, but for what the kernel holds."""
    steps: tuple
    outcomes: tuple
    most_bytes: int = ANY
    kind: str = "shared"  # of certificate
    tls: bool = False     # the record has a handshake
    name: str = ""
    host: str = ""
    addresses: tuple = ()


def echo(c):
    c.send(c.receive(4096))


def slowly(data, seconds=0.25):
    """All of it again and again, with such waits between."""
    def step(c):
        while True:
            c.send(data)
            time.sleep(seconds)
    return step


# What stands where a ServerHello should (RFC 8446 section 5.1, RFC 5246 section 6.2.1); the ClientHello has come. Of a record
# type that is none each stage has its own word.
FAILED, NO_TLS, EITHER, LATE = ("TLS_PROTOCOL",), ("TLS_NOT_TLS",), ("TLS_PROTOCOL", "TLS_NOT_TLS"), ("TLS_TIMEOUT",)
SHAPES = {
    "long-record": (FAILED, endless(b"y" * KIB, b"\x16\3\3\xff\xff")),
    "longer-record": (FAILED, endless(b"y" * KIB, b"\x16\3\3\x48\1")),
    "empty-records": (FAILED, endless(record(22, b"") * 100)),
    "data-records": (FAILED, endless(record(23, b"y" * 99))),
    "ccs-records": (FAILED, endless(record(20, b"\1") * 100)),
    "warnings": (FAILED, endless(record(21, b"\1\x5a") * 100)),
    "odd-record": (EITHER, endless(record(99, b"y" * 99))),
    "odd-version": (NO_TLS, endless(record(22, b"y" * 99, 0x7f7f))),
    "heartbeats": (EITHER, endless(record(24, b"\1\0\x10" + b"y" * 16) * 9)),
    "sslv2": (NO_TLS, endless(b"\x80\x1f\4\0\1\0\2\0\0\0\3\0\x10" + b"y" * 99)),
    "own-hello": (FAILED, echo),
    "long-message": (FAILED, endless(record(22, b"y" * KIB), record(22, b"\2\xff\xff\xff"))),
    "long-certificate": (FAILED, endless(record(22, b"y" * KIB),
                                         server_hello(0x0303, 0xC02F) + record(22, b"\x0b\xff\xff\xff"))),
    "empty-messages": (FAILED, endless(record(22, b"\4\0\0\0" * 64), server_hello(0x0303, 0xC02F))),
    "nothing-but-zeros": (NO_TLS, endless(bytes(KIB))),
    "dripped-hello": (LATE, drip(b"\x16\3\3\x40\0\2\0")),
}
BEHIND = {name: (*(() if steps is echo else (swallow,)), steps, listen) for name, (_, steps) in SHAPES.items()}


def shaped(before):
    return {name: Peer((*before, *steps), SHAPES[name][0]) for name, steps in BEHIND.items()}


# ---- HTTPS ----

def h2(*after):
    """Agrees on HTTP/2, hears the request, and then this."""
    return (tls(alpn="h2"), swallow, frame(4, 0, 0, b""), *after)


NAME = field_line(b"x-a", b"y")
# The first block puts a value of 4,000 bytes into the table (RFC 7541 section 6.2.1); then each byte of the wire is that field.
LARGE = b"\x40\3x-b\x7f\xa1\x1e" + b"y" * 4000
BOMB_BLOCK = frame(1, 0, 1, field_line(b":status", b"200") + LARGE) + frame(9, 0, 1, b"\xbe" * 16000)
BROKEN_H2 = ("HTTP_PROTOCOL", "HTTP_CLOSED", "HTTP_SHORT")  # as libcurl has it: it ends what breaks HTTP/2 in its own ways
PROTOCOL, CLOSED, TOO_BIG, TIMEOUT = "HTTP_PROTOCOL", "HTTP_CLOSED", "HTTP_TOO_BIG", "HTTP_TIMEOUT"
CHAIN = {"chain-of-100": "chain", "key-of-16k": "large", "thousand-names": "names", "odd-names": "odd"}


def says(text, outcome, *more, steps=(), most_bytes=HTTP_BYTES):
    return Peer((tls(), request, text, *steps), (outcome, *more), most_bytes, tls=True)


def packed(coding, data):
    return says(answer(body=data, more=b"Content-Encoding: " + coding + b"\r\n"), "OK")


ZEROS = bytes(10 << 20)
HTTPS = {
    **shaped(()),
    **{name: Peer((tls(), request, answer()), ("OK",), kind=kind, tls=True) for name, kind in CHAIN.items()},
    "dripped-status": says(b"", TIMEOUT, steps=(drip(b"HTTP/1.1 2"),)),
    "dripped-header": says(b"HTTP/1.1 200 OK\r\n", TIMEOUT, steps=(drip(b"X: y"),)),
    "dripped-chunks": says(CHUNKED, TIMEOUT, steps=(slowly(b"1\r\ny\r\n"),)),
    "dripped-interim": says(b"", TIMEOUT, steps=(drip(b"HTTP/1.1 100 Continue\r\nX: y"),)),
    "endless-trailers": says(CHUNKED + b"0\r\n", PROTOCOL, TOO_BIG, "OK", steps=(endless(b"X: y\r\n" * 99),)),
    "endless-reason": says(b"HTTP/1.1 200 ", PROTOCOL, steps=(endless(b"y" * KIB),)),
    "endless-404": says(b"HTTP/1.1 404 No\r\n\r\n", "HTTP_STATUS", steps=(endless(b"y" * KIB),)),
    "deflate-bomb": packed(b"deflate", zlib.compress(ZEROS)),
    "two-gzip-bomb": packed(b"gzip, gzip", gzip.compress(gzip.compress(ZEROS, mtime=0), mtime=0)),
    "br-label": packed(b"br", b"y" * 99),
    "transfer-gzip": says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", PROTOCOL, "OK", TOO_BIG,
                          steps=(b"%x\r\n" % len(gzip.compress(ZEROS, mtime=0)) + gzip.compress(ZEROS, mtime=0) + b"\r\n0\r\n\r\n",)),
    "reset-request": Peer((tls(), request, reset), ("HTTP_RESET", CLOSED), tls=True),
    "reset-header": says(b"HTTP/1.1 200 OK\r\nX: ", "HTTP_RESET", "HTTP_SHORT", CLOSED, steps=(reset,)),
    "h2-continuations": Peer(h2(frame(1, 0, 1, NAME), endless(frame(9, 0, 1, NAME * 9))), BROKEN_H2, HTTP_BYTES, tls=True),
    "h2-bomb": Peer(h2(BOMB_BLOCK, endless(frame(9, 0, 1, b"\xbe" * 16000))), BROKEN_H2, HTTP_BYTES, tls=True),
    "h2-interim-bombs": Peer(h2(frame(1, 4, 1, field_line(b":status", b"103") + LARGE), endless(
        frame(1, 4, 1, field_line(b":status", b"103") + b"\xbe" * 20))), BROKEN_H2, HTTP_BYTES, tls=True),
    "h2-settings": Peer(h2(endless(frame(4, 0, 0, b"\0\4\0\0\xff\xff") * 99)), BROKEN_H2, HTTP_BYTES, tls=True),
    "h2-empty-data": Peer(h2(frame(1, 4, 1, field_line(b":status", b"200")), endless(frame(0, 0, 1, b"") * 99)),
                          (TOO_BIG, PROTOCOL), HTTP_BYTES, tls=True),
    "h2-pushes": Peer(h2(endless(frame(5, 4, 1, b"\0\0\0\2" + NAME))), BROKEN_H2, HTTP_BYTES, tls=True),
    "h2-reset": Peer(h2(frame(3, 0, 1, b"\0\0\0\1"), listen), BROKEN_H2, tls=True),
    "h2-close": Peer(h2(cut), BROKEN_H2, tls=True),
    "h2-stall": Peer(h2(listen), (TIMEOUT,), tls=True),
    "h2-nonsense": Peer((tls(alpn="h2"), swallow, endless(b"y" * KIB)), BROKEN_H2, HTTP_BYTES, tls=True),
}

# ---- SMTP ----

TO_GO = (HELLO, hear, OFFER, hear, GO)
TO_EHLO2 = (*TO_GO, tls(), hear)
LONG = b"b" * (64 * KIB)
MUCH = "SMTP_TOO_MUCH"


def dialog(*steps, to, most_bytes=REPLY_BYTES, shown=False):
    return Peer(steps, to if isinstance(to, tuple) else (to,), most_bytes, tls=shown)


SMTP = {
    **shaped(TO_GO),
    **{name: Peer((*TO_EHLO2, NO_OFFER, hear, b"221 bye\r\n", listen), ("OK",), kind=kind, tls=True) for name, kind in CHAIN.items()},
    "64k-greeting": dialog(b"220 " + LONG + b"\r\n", listen, to=MUCH, most_bytes=LINE_BYTES),
    "64k-ehlo": dialog(HELLO, hear, b"250-" + LONG + b"\r\n250 STARTTLS\r\n", listen, to=MUCH, most_bytes=LINE_BYTES),
    "64k-starttls": dialog(HELLO, hear, OFFER, hear, b"220 " + LONG + b"\r\n", listen, to=MUCH, most_bytes=LINE_BYTES),
    "64k-helo": dialog(HELLO, hear, b"502 no\r\n", hear, endless(b"250-mx\r\n" * 99), to=MUCH),
    "endless-starttls": dialog(HELLO, hear, OFFER, hear, endless(b"220-go\r\n" * 99), to=MUCH),
    "endless-ehlo2": dialog(*TO_EHLO2, endless(b"b" * KIB, b"250-"), to="OK", most_bytes=TLS_BYTES, shown=True),
    "endless-quit": dialog(*TO_EHLO2, NO_OFFER, hear, endless(b"221-no\r\n" * 99), to="OK", most_bytes=TLS_BYTES, shown=True),
    "endless-injection": dialog(*TO_GO[:-1], GO + b"250 x\r\n" * 99, endless(b"y" * KIB), to="STARTTLS_INJECTED",
                                most_bytes=4 * REPLY_BYTES),
    "endless-nuls": dialog(endless(bytes(KIB)), to="SMTP_NOT_SMTP"),
    "endless-returns": dialog(endless(b"\r" * KIB, b"220"), to=("SMTP_NOT_SMTP", MUCH)),
    "endless-newlines": dialog(endless(b"\n" * KIB), to="SMTP_NOT_SMTP"),
    "nul-greeting": dialog(b"220 \0\0 mx\0\r\n", hear, OFFER, hear, GO, tls(), hear, NO_OFFER, hear, b"221 bye\r\n", listen,
                           to="OK", shown=True),
    "dripped-starttls": dialog(HELLO, hear, OFFER, hear, drip(b"220-g"), to="SMTP_TIMEOUT"),
    "dripped-lines": dialog(slowly(b"220-a\r\n"), to="SMTP_GREETING_TIMEOUT"),
    "dripped-ehlo2": dialog(*TO_EHLO2, drip(b"250-x"), to="OK", shown=True),
    "dripped-quit": dialog(*TO_EHLO2, NO_OFFER, hear, drip(b"221-x"), to="OK", shown=True),
    "reset-starttls": dialog(HELLO, hear, OFFER, hear, reset, to="SMTP_RESET"),
    "reset-ehlo2": dialog(*TO_EHLO2, reset, to="OK", shown=True),
    "reset-quit": dialog(*TO_EHLO2, NO_OFFER, hear, reset, to="OK", shown=True),
    "reset-in-line": dialog(HELLO, hear, b"250-mx\r\n250-STAR", reset, to="SMTP_RESET"),
}
N_GOOD = 20
GOOD = {f"good{n}": Peer((*TO_EHLO2, NO_OFFER, hear, b"221 bye\r\n", listen), ("OK",), tls=True) for n in range(N_GOOD)}
GOOD_HTTPS = {name: Peer((tls(), request, answer()), ("OK",), tls=True) for name in GOOD}


def settle(table, label, network):
    """Names and addresses."""
    for number, (name, peer) in enumerate(table.items(), 1):
        peer.name, peer.addresses = f"{name}.test", (f"{network}.{number}",)
        peer.host = f"{label}.{peer.name}"
    return list(table.values())


PEERS_SMTP = settle({**SMTP, **GOOD}, "mx", "127.0.8")
PEERS_HTTPS = settle({**HTTPS, **GOOD_HTTPS}, "mta-sts", "127.0.9")
