"""The scripted policy hosts of the lab: what each does, and what a right scanner must observe. Rows are those of the
edge cases in rows.py. Each is the policy host of the domain <name>.test, whose MX host is right.
"""
import gzip
from dataclasses import dataclass, field, replace
from ssl import TLSVersion

from scripted import (alert_record, by_address, cut, drip, endless, listen, pause, record, request, reset,
                      server_hello, swallow, tls, weak_dh)

SRC_ERRNO, SRC_CURL, SRC_HTTP, SRC_ALERT, SRC_BYTES = 1, 4, 5, 9, 11
ECONNRESET = 104
TLS10, TLS11, TLS12, TLS13 = range(0x0301, 0x0305)
POLICY = b"version: STSv1\r\nmode: enforce\r\nmx: mx.shared.test\r\nmax_age: 86400\r\n"
PAGE = b"<!doctype html><title>Parked</title><p>This domain is parked.\n"
LIMIT = 65536


@dataclass
class Peer:
    """`steps` None: a full listener, that accepts nobody. `tls` says what differs from a usual handshake, None that
    there is none. `counters` are those of `ststat summary` that the name counts in. `status` 0: no HTTP answer. `second`: what
    differs at the second address; `file`: whose certificate is shown, where it is not that of the host."""
    what: str
    row: int
    steps: tuple
    counters: tuple
    outcome: str = "OK"
    raw: tuple = ()
    status: int = 200
    body: bytes = POLICY
    header: bytes = None  # as the record has it, where it is not that of the script
    http: str = "1.1"
    cert: str = "shared"
    tls: dict = field(default_factory=dict)
    evidence: dict = field(default_factory=dict)
    varies: tuple = ()
    records: str = ""  # of the zone, where they are not an A record for each address
    cname: str = ""
    address: dict = None  # the A and AAAA answers, where they are not of `addresses`
    attempts: tuple = ()  # outcomes that come before that of the whole
    name: str = ""
    addresses: tuple = ()
    file: str = ""
    second: dict = field(default_factory=dict)

    def at(self, address):
        return replace(self, **self.second) if address in self.addresses[1:] else self

    @property
    def host(self):
        return "mta-sts." + self.name

    def header_sent(self):
        """The header lines of the final answer, without its status line."""
        if self.header is not None or not self.status:
            return self.header or b""
        text = b"".join(step for step in self.steps if isinstance(step, bytes))
        while text.split(b" ")[1][:1] == b"1":
            text = text.partition(b"\r\n\r\n")[2]
        lines = text.partition(b"\r\n\r\n")[0].partition(b"\r\n")[2]
        return lines + b"\r\n" if lines else b""


VALID = ("pol_fetched", "pol_ok", "pol_enforce")
OLD = ("pol_tls", "pol_tls_old", "pol_tls_body")
PLAIN = b"Content-Type: text/plain\r\n"


def answer(status=b"200 OK", media=PLAIN, body=POLICY, more=b"", length=None):
    return b"HTTP/1.1 " + status + b"\r\n" + media + more + b"Content-Length: %d\r\n\r\n" % (
        len(body) if length is None else length) + body


def says(what, row, text, counters=VALID, outcome="OK", raw=(), steps=(), **more):
    """An HTTP answer, and then the end of the connection or what `steps` say."""
    return Peer(what, row, (tls(), request, text, *steps), counters, outcome, raw, **more)


def states(row, status, reason=b"Because", body=b"no", more=b""):
    """A status that is no policy, with a body that would be one."""
    outcome, counter = ("HTTP_REDIRECT", "pol_http_redirect") if more else ("HTTP_STATUS", "pol_http_status")
    text = answer(b"%d %s" % (status, reason), body=body, more=more) if body else \
        b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, reason, PLAIN)
    return says(f"status {status}", row, text, ("pol_http", counter), outcome, (SRC_HTTP, status), status=status,
                body=body)


def broken(what, row, text, outcome="HTTP_PROTOCOL", counter="pol_http_other", steps=(), raw=(), status=200, body=b"",
           **more):
    return says(what, row, text, ("pol_http", counter), outcome, raw, steps, status=status, body=body, **more)


def fails(what, row, steps, outcome, raw=(), counters=("pol_tls", "pol_tls_handshake"), **more):
    """No handshake."""
    return Peer(what, row, steps, counters, outcome, raw, status=0, body=b"", tls=None, **more)


def shows(what, row, cert, counter=None, also=(), **more):
    """A right answer behind a certificate; `counter` says what is wrong with that, None nothing."""
    counters = ("pol_tls", counter, "pol_tls_body", *also) if counter else VALID
    return says(what, row, answer(), counters, cert=cert, **more)


def shakes(what, row, handshake, counters=VALID, cert="shared", **differs):
    return Peer(what, row, (handshake, request, answer()), counters, cert=cert, tls=differs)


def frame(kind, flags, stream, data):
    """Of HTTP/2 (RFC 9113 section 4.1)."""
    return len(data).to_bytes(3, "big") + bytes((kind, flags)) + stream.to_bytes(4, "big") + data


def field_line(name, value):
    """HPACK, literal without indexing, new name (RFC 7541 section 6.2.2)."""
    return b"\0" + bytes((len(name),)) + name + bytes((len(value),)) + value


H2_ANSWER = frame(4, 0, 0, b"") + frame(1, 4, 1, field_line(b":status", b"103")) + frame(
    1, 4, 1, field_line(b":status", b"200") + field_line(b"content-type", b"text/plain")) + frame(0, 1, 1, POLICY)
FULL = POLICY + b"".join(b"x%05d: %s\r\n" % (i, b"y" * 54) for i in range((LIMIT - len(POLICY)) // 64))
FULL += b"z: " + b"y" * (LIMIT - len(FULL) - 5) + b"\r\n"
GZIP = gzip.compress(POLICY, mtime=0)
BOMB = gzip.compress(bytes(10 << 20), mtime=0)
CHUNKED = b"HTTP/1.1 200 OK\r\n" + PLAIN + b"Transfer-Encoding: chunked\r\n\r\n"
NO_LENGTH = b"HTTP/1.1 200 OK\r\n" + PLAIN + b"\r\n"
OTHER = POLICY.replace(b"86400", b"86401")
RIGHT = PLAIN + b"Content-Length: %d\r\n" % len(POLICY)
EXPIRED = "expired.mta-sts.h-oneexpired.test"
VARYING_BODY = ("body", "body_h")
RESERVED = "mta-sts A 10.1.2.5\nmta-sts A 169.254.1.1\nmta-sts A 0.0.0.1\nmta-sts A 100.64.0.1\n" \
    "mta-sts AAAA fc00::1\nmta-sts AAAA fe80::1\nmta-sts AAAA ::ffff:10.1.2.6\nmta-sts AAAA 64:ff9b::10.1.2.7\n"

SCRIPTS = {
    # 26, 27, 28: DNS and addresses (NXDOMAIN, one reserved address, IPv6: pol-nohost, reserved, dual)
    "h-dangling": Peer("policy host is a CNAME to nothing", 26, (), ("pol_dns",), "DNS_NXDOMAIN", status=0, body=b"",
                       tls=None, records="mta-sts CNAME gone.provider.test.\n", cname="gone.provider.test",
                       address=("DNS_NXDOMAIN", "DNS_NXDOMAIN")),
    "h-nodata": Peer("policy host has no address", 26, (), ("pol_dns",), "NO_ADDRESS", status=0, body=b"", tls=None,
                     records='mta-sts TXT "x"\n', address=("DNS_NODATA", "DNS_NODATA")),
    "h-v6only": Peer("A refuses, AAAA is right", 27, (tls(), request, answer()), VALID,
                     records="mta-sts A 127.0.4.99\nmta-sts AAAA {ip}\n", attempts=("TCP_REFUSED",),
                     address=(["127.0.4.99"], ["{ip}"])),
    "h-v4only": Peer("A is right, AAAA refuses", 27, (tls(), request, answer()), VALID,
                     records="mta-sts A {ip}\nmta-sts AAAA fd00::3\n", attempts=("TCP_REFUSED",),
                     address=(["{ip}"], ["fd00::3"])),
    "h-reserved": Peer("policy host has reserved addresses of every kind", 28, (), ("pol_bogon",), "ADDRESS_RESERVED",
                       status=0, body=b"", tls=None, records=RESERVED, address=(
                           ["10.1.2.5", "169.254.1.1", "0.0.0.1", "100.64.0.1"],
                           ["fc00::1", "fe80::1", "10.1.2.6", "64:ff9b::a01:207"])),
    # 29: TCP (refused: mx-down)
    "h-full": fails("nobody accepts", 29, None, "TCP_TIMEOUT", counters=("pol_tcp",)),
    "h-reset": fails("resets after accept", 29, (reset,), "TCP_RESET", (SRC_ERRNO, ECONNRESET), ("pol_tcp",)),
    "h-hello-reset": fails("resets on the ClientHello", 29, (swallow, reset), "TCP_RESET", (SRC_ERRNO, ECONNRESET),
                           ("pol_tcp",)),
    "h-close": fails("closes after accept", 29, (cut,), "TLS_CLOSED"),
    # 30 to 35: certificates (expired, self-signed, wrong name, missing intermediate: pol-*.test, by nginx)
    "h-provider": shows("certificate for the provider's host only", 30, "wrongname", "pol_tls_name",
                        records="mta-sts CNAME provider\nprovider A {ip}\n",
                        cname="provider.h-provider.test", address=(["{ip}"], "DNS_NODATA")),
    "h-wildcard": shows("certificate for *.<domain>", 31, "wildcard"),
    "h-partial": shows("certificate for m*.<domain>", 31, "partial", "pol_tls_name"),
    "h-inner": shows("certificate for mta-sts.*.test", 31, "inner", "pol_tls_name"),
    "h-twolabels": shows("certificate for *.test", 32, "twolabels", "pol_tls_name"),
    "h-cnonly": shows("policy host in the CN only", 33, "cnonly", "pol_tls_name"),
    "h-cnother": shows("right CN, SAN for another host", 33, "cnother", "pol_tls_name"),
    "h-notyet": shows("certificate of 2040", 34, "notyet", "pol_tls_expired"),
    "h-untrusted": shows("certificate of an unknown root", 34, "untrusted", "pol_tls_untrusted"),
    "h-constrained": shows("CA that may not name this host", 34, "constrained", "pol_tls_other"),
    "h-aia": shows("no intermediate, but AIA says where it is", 34, "aia", "pol_tls_untrusted", also=("pol_tls_aia",)),
    "h-nul": shows("NUL in the name of the certificate", 34, "nul", "pol_tls_name"),
    # 36, 37: handshakes
    "h-sni": shakes("another certificate without SNI", 36, tls(no_sni_cert="mta-sts.h-notyet.test"), cert="good"),
    "h-alert-sni": fails("alert unrecognized_name", 36, (tls(alert=112),), "TLS_ALERT", (SRC_ALERT, 112),
                         ("pol_tls", "pol_tls_alert")),
    "h-alert": fails("alert handshake_failure, as SSL 3.0 servers do", 37, (swallow, alert_record(40), listen),
                     "TLS_ALERT", (SRC_ALERT, 40), ("pol_tls", "pol_tls_alert")),
    "h-tls10": shakes("TLS 1.0 only", 37, tls(TLSVersion.TLSv1), OLD, ver=TLS10,
                      cipher="TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    "h-tls11": shakes("TLS 1.1 only", 37, tls(TLSVersion.TLSv1_1), OLD, ver=TLS11,
                      cipher="TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"),
    "h-ssl3": fails("agrees on SSL 3.0", 37, (swallow, server_hello(0x0300, 0x000A), listen), "TLS_PROTOCOL"),
    "h-rc4": fails("agrees on RC4", 37, (swallow, server_hello(0x0303, 0x0005), listen), "TLS_PROTOCOL"),
    "h-dh512": fails("DH of 512 bits", 37, (swallow, weak_dh, listen), "TLS_PROTOCOL", cert="rsa"),
    "h-rsa1024": shows("RSA key of 1,024 bits", 37, "rsa1024", "pol_tls_weak"),
    "h-garbage": fails("garbage for a ServerHello", 37, (swallow, b"HTTP/1.1 400 Bad Request\r\n\r\n", listen),
                       "TLS_NOT_TLS"),
    "h-half": fails("half a ServerHello, then garbage", 37, (
        swallow, server_hello(0x0303, 0xC02F), b"HTTP/1.1 400 Bad Request\r\n\r\n", listen), "TLS_PROTOCOL"),
    "h-half-reset": fails("half a ServerHello, then resets", 37, (
        swallow, server_hello(0x0303, 0xC02F)[:20], pause(0.3), reset), "TLS_RESET", (SRC_ERRNO, ECONNRESET)),
    "h-stall": fails("no ServerHello", 37, (listen,), "TLS_TIMEOUT", counters=("pol_timeout",)),
    "h-flood": fails("handshake records without end", 37, (swallow, endless(record(22, b"\0\0\0\0" * 64)),),
                     "TLS_PROTOCOL", (SRC_BYTES,), varies=("raw",)),
    # 38, 39: status (301, 404: pol-redirect, pol-404)
    **{f"h-{status}": states(38, status, more=b"Location: https://mta-sts.enforce.test/.well-known/mta-sts.txt\r\n",
                             body=POLICY) for status in (302, 303, 307, 308)},
    **{f"h-{status}": states(39, status, body=POLICY) for status in (206, 401, 403, 410, 429, 500, 503)},
    **{f"h-{status}": states(39, status, body=b"") for status in (204, 304)},
    # 40: interim answers
    "h-100": says("100, then 200", 40, b"HTTP/1.1 100 Continue\r\n\r\n" + answer()),
    "h-103": says("103, then 200", 40, b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + answer()),
    "h-h2": Peer("103, then 200, by HTTP/2", 40, (tls(alpn="h2"), swallow, H2_ANSWER, listen), VALID, http="2",
                 header=b"content-type: text/plain\r\n"),
    "h-endless-100": broken("interim answers without end", 40, b"", steps=(
        endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 50),), raw=(SRC_BYTES,), status=0, varies=("raw",)),
    # 41, 42, 43: media types (text/html with a right body: pol-html)
    "h-parked": says("parking page", 41, answer(media=b"Content-Type: text/html\r\n", body=PAGE),
                     ("pol_fetched", "pol_media"), body=PAGE),
    "h-octets": says("application/octet-stream", 42, answer(media=b"Content-Type: application/octet-stream\r\n"),
                     ("pol_fetched", "pol_media", "pol_media_body")),
    "h-notype": says("no Content-Type", 42, answer(media=b""), ("pol_fetched", "pol_media", "pol_media_body")),
    "h-utf16": says("charset=utf-16", 43, answer(media=b"Content-Type: text/plain; charset=utf-16\r\n")),
    "h-upper": says("TEXT/PLAIN;x=y", 43, answer(media=b"Content-Type: TEXT/PLAIN;x=y\r\n")),
    # 44: sizes
    "h-64k": says("exactly 65,536 bytes", 44, answer(body=FULL), body=FULL),
    "h-64k1": says("65,537 bytes", 44, answer(body=FULL + b"z"), ("pol_size",), "HTTP_TOO_BIG",
                   (SRC_BYTES, LIMIT + 1), body=FULL, evidence={"body_b": LIMIT + 1}),
    "h-endless": says("chunks without end", 44, CHUNKED, ("pol_size",), "HTTP_TOO_BIG", (SRC_BYTES,),
                      (endless(b"400\r\n" + b"y" * 1024 + b"\r\n"),), body=b"y" * LIMIT, varies=("body_b", "raw")),
    "h-bomb": broken("gzip of 10 MiB, unasked", 44, answer(body=BOMB, more=b"Content-Encoding: gzip\r\n"), "OK",
                     body=BOMB),
    "h-short": broken("Content-Length promises more", 44, answer(length=999), "HTTP_SHORT", raw=(SRC_CURL, 18),
                      body=POLICY),
    "h-less": says("Content-Length promises less", 44, answer(length=20), ("pol_fetched", "pol_syntax"),
                   body=POLICY[:20]),
    # 45: time
    "h-drip": says("body a byte at a time", 45, NO_LENGTH, ("pol_timeout",), "HTTP_TIMEOUT", (), (drip(POLICY),),
                   varies=VARYING_BODY),
    "h-quiet": says("nothing behind the header", 45, answer(body=b"", length=99), ("pol_timeout",), "HTTP_TIMEOUT", (),
                    (listen,), body=b""),
    "h-silent": says("no answer", 45, b"", ("pol_timeout",), "HTTP_TIMEOUT", (), (listen,), status=0, body=b""),
    # 46, 47: encodings and caches
    "h-gzip": broken("gzip, unasked", 46, answer(body=GZIP, more=b"Content-Encoding: gzip\r\n"), "OK", body=GZIP),
    "h-age": says("out of a cache", 47, answer(more=b"Age: 600\r\nCache-Control: max-age=9999\r\n"),
                  ("pol_aged", *VALID)),
    # 48: broken HTTP
    "h-http09": broken("HTTP/0.9", 48, POLICY, status=0),
    "h-badchunk": broken("bad chunk", 48, CHUNKED + b"zz\r\n" + POLICY),
    "h-shortchunk": broken("ends within a chunk", 48, CHUNKED + b"999\r\n" + POLICY, "HTTP_SHORT", body=POLICY),
    "h-lengths": broken("two lengths", 48, answer(more=b"Content-Length: 20\r\n"), "OK", body=POLICY),
    "h-longline": broken("header line of 1 MB", 48, b"HTTP/1.1 200 OK\r\nX: ", steps=(endless(b"y" * 1000),),
                         header=b"", varies=("raw",)),
    "h-headers": broken("header lines without end", 48, b"HTTP/1.1 200 OK\r\n", steps=(endless(b"X: y\r\n" * 99),),
                        header=b"X: y\r\n" * 1365 + b"X:", varies=("raw",)),
    "h-nulheader": broken("NUL in a header line", 48, answer(more=b"X: a\0b\r\n"), header=PLAIN),
    "h-nothing": broken("closes without an answer", 48, b"", "HTTP_CLOSED", status=0, steps=(cut,)),
    "h-answer-reset": says("resets within the body", 48, answer(length=999), ("pol_tcp",), "HTTP_RESET",
                           (SRC_ERRNO, ECONNRESET), (pause(0.3), reset)),
    "h-h2-pings": Peer("HTTP/2 pings without end", 48, (tls(alpn="h2"), swallow, frame(4, 0, 0, b""), endless(
        frame(6, 0, 0, bytes(8)) * 50)), ("pol_http", "pol_http_other"), "HTTP_PROTOCOL", status=0, body=b"",
        varies=("src", "raw")),  # nghttp2 has a limit of its own
    # 49: more than one address
    "h-twobodies": Peer("another body at each address", 49, (tls(), request, by_address(
        (answer(),), (answer(body=OTHER),))), VALID, header=RIGHT, second={"body": OTHER}),
    "h-oneexpired": Peer("an expired certificate at the second address", 49, (tls(second_cert=EXPIRED), request, answer()),
                         VALID, second={"cert": "expired", "file": EXPIRED}),
    "h-one404": Peer("404 at the first address", 49, (tls(), request, by_address(
        (answer(b"404 Not Found", body=b"no"),), (answer(),))), ("pol_http", "pol_http_status"), "HTTP_STATUS",
                     (SRC_HTTP, 404), 404, b"no", PLAIN + b"Content-Length: 2\r\n",
                     second={"outcome": "OK", "raw": (), "status": 200, "body": POLICY, "header": RIGHT}),
}
for number, (stem, peer) in enumerate(SCRIPTS.items(), 1):
    peer.name, peer.addresses = stem + ".test", (f"127.0.5.{number}",)
SCRIPTS["h-v6only"].addresses = ("fd00::2",)
# In the order that a scan asks them, by hash(seed, address), with the seed of programs.py.
SCRIPTS["h-twobodies"].addresses = ("127.0.5.199", "127.0.5.200")
SCRIPTS["h-oneexpired"].addresses = ("127.0.5.201", "127.0.6.3")  # of two networks, so perhaps by two workers
SCRIPTS["h-one404"].addresses = ("127.0.5.204", "127.0.5.207")
PEERS = list(SCRIPTS.values())
