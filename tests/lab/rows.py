#!/usr/bin/python3
"""Which test shows each edge case of policy hosts (rows 26 to 49) and mail servers (72 to 78): lab domains, whose
expectations are in the expect*.py, and where a lab cannot show it, a unit test.

    rows.py     print the table as text

test_check.py makes sure that every domain and unit test named here is there, and that every scripted peer is named.
The rows' numbers are those of the list of edge cases that the project works from.
"""
from dataclasses import dataclass
from pathlib import Path

import scripted_https
import scripted_smtp

UNIT = Path(__file__).resolve().parents[1] / "unit"


@dataclass
class Variant:
    row: int
    what: str
    domains: str = ""  # stems of lab domains
    units: tuple = ()  # (file of tests/unit, text that stands in it)
    note: str = ""


def v(row, what, domains="", *units, note=""):
    return Variant(row, what, domains, units, note)


ROWS = [
    v(26, "policy host does not exist, is a dangling CNAME, has no address", "pol-nohost h-dangling h-nodata"),
    v(27, "one address broken, the other right", "h-v6only h-v4only dual", ("test_policy_addresses.c", "test_families"),
      note="the other address is in also; ststat export has a class of each family"),
    v(28, "reserved addresses", "reserved h-reserved", ("test_door.c", "::ffff:10.0.0.1"),
      ("test_classes.c", "POL_BOGON")),
    v(29, "TCP refused, nobody accepts, reset after accept", "mx-down h-full h-reset h-hello-reset h-close"),
    v(30, "certificate of the provider", "h-provider pol-wrongname"),
    v(31, "wildcards: whole label, partial, inner", "h-wildcard h-partial h-inner"),
    v(32, "wildcard of one label for two", "h-twolabels"),
    v(33, "CN matches, SAN absent or other", "h-cnonly h-cnother"),
    v(34, "expired, not yet valid, self-signed, private CA, missing intermediate",
      "pol-expired h-notyet pol-selfsigned h-untrusted pol-nochain h-constrained h-nul"),
    v(34, "missing intermediate that AIA would supply", "h-aia", ("test_chain_made.c", "test_aia"),
      note="untrusted like pol-nochain, which has no AIA; noted in show, export (cert_aia) and summary"),
    v(35, "revoked", note="not looked at: RFC 8461 section 3.3 leaves it open, and no list or responder is asked"),
    v(36, "SNI needed: without it an alert, with it an answer", "h-sni h-alert-sni enforce",
      note="nginx rejects every handshake without a known SNI, so every policy by nginx shows it"),
    v(37, "TLS 1.0 and 1.1", "h-tls10 h-tls11"),
    v(37, "SSL 3.0, RC4, DH of 512 bits, RSA of 1,024 bits", "h-alert h-ssl3 h-rc4 h-dh512 h-rsa1024",
      ("test_chain_made.c", "test_weak"), note="OpenSSL's auth level 2; deployed senders with a lower one take RSA of 1,024 bits"),
    v(37, "handshakes that break off", "h-garbage h-half h-half-reset h-stall h-flood"),
    v(38, "redirects", "pol-redirect h-302 h-303 h-307 h-308"),
    v(39, "other statuses", "pol-404 h-204 h-206 h-304 h-401 h-403 h-410 h-429 h-500 h-503"),
    v(40, "interim answers, also by HTTP/2", "h-100 h-103 h-h2 h-endless-100"),
    v(41, "parking page", "h-parked"),
    v(42, "right body, wrong media type or none", "pol-html h-octets h-notype"),
    v(43, "parameters and case of the media type", "h-utf16 h-upper"),
    v(44, "at the limit and over it, without end, compressed, lying length",
      "h-64k h-64k1 h-endless h-bomb h-short h-less"),
    v(45, "drip, stall", "h-drip h-quiet h-silent", note="deadlines scaled: programs.py"),
    v(46, "gzip, unasked", "h-gzip", ("test_policy_decode.c", "test_codings"),
      note="strictly no policy; the lenient reading decodes gzip and deflate, up to 64 KiB: h-bomb is more"),
    v(47, "out of a cache", "h-age", note="noted in show and summary (pol_aged), column age; nothing is cached here"),
    v(48, "broken HTTP", "h-http09 h-badchunk h-shortchunk h-lengths h-longline h-headers h-nulheader h-nothing "
      "h-answer-reset h-h2-pings", ("test_http.c", "header ends early"), ("test_classes.c", "test_lengths")),
    v(49, "another body, an expired certificate, a 404 at one of the addresses", "h-twobodies h-oneexpired h-one404",
      ("test_policy_addresses.c", "test_bodies"),
      note="the first address by hash decides; the others are fetched too, and what differs is told"),
    v(72, "turned away: 554, 421, 450, 451, 421 to EHLO",
      "mx-554 mx-421 s-450 s-451 s-timeouts s-421-close s-ehlo-421"),
    v(73, "slow, silent and dripping greetings", "s-slow s-silent s-drip", note="deadlines scaled: programs.py"),
    v(73, "split, long, multi-line, LF only, bare codes", "mx-multiline s-split s-multiline s-banner4k s-lf s-codes "
      "s-longline", ("test_smtp.c", "test_limits")),
    v(73, "over the limits, without end", "s-toolong s-endless-line s-endless-220 s-endless-250"),
    v(73, "closed, reset, no SMTP, NUL bytes", "s-early-close s-early-reset s-ssh s-twocodes s-nul"),
    v(74, "EHLO unknown, HELO known or not", "s-ehlo500 s-ehlo502 s-nohelo s-secondlook-helo"),
    v(74, "no answer to EHLO", "s-ehlo-close s-ehlo-reset s-ehlo-stall s-ehlo-drip"),
    v(75, "STARTTLS at the second look, or never", "s-secondlook s-never mx-nostarttls s-almost"),
    v(75, "forms of the keyword", "s-lower s-parameter s-tab s-last s-middle"),
    v(75, "servers that want their turn; what is offered behind TLS", "s-impatient s-requiretls s-ehlo2-503 "
      "s-ehlo2-close s-ehlo2-stall s-ehlo2-endless"),
    v(76, "454, 501, 554, 250 to STARTTLS", "mx-454 s-454 s-501 s-554 s-250"),
    v(76, "220, then close, reset, nothing, garbage", "s-go-close s-go-hello-close s-go-reset s-go-stall s-go-garbage"),
    v(76, "bytes in the clear behind the 220", "s-inject s-inject-later", ("test_probe.c", "test_much_injected")),
    v(76, "handshakes that fail", "s-alert s-alert-sni s-ssl3 s-rc4 s-half s-half-reset s-flood"),
    v(77, "CN only, expired, not yet valid, self-signed, wrong name, missing intermediate, private CA",
      "mx-cnonly mx-expired t-notyet mx-selfsigned mx-wrongname mx-nochain t-aia t-untrusted t-cnother"),
    v(77, "NUL and U-label in SAN, name constraints", "t-nul xn--t-grn-nva t-constrained"),
    v(77, "wildcards: whole label, partial, inner, two labels", "t-wildcard t-partial t-inner t-twolabels"),
    v(77, "long chain, weak key, client certificate", "t-longchain t-rsa1024 t-clientcert",
      ("test_tls.c", "test_long_chain")),
    v(77, "old versions and ciphers", "t-retry t-tls10 t-tls11 t-oldcipher t-nogroup mx-tls12"),
    v(78, "another certificate without SNI, or at another address", "t-sni t-peraddress"),
]


def faults(names):
    """What the table says that is not so; `names` are the domains of the lab."""
    wrong, known = [], {name.removesuffix(".test") for name in names}
    named = {stem for row in ROWS for stem in row.domains.split()}
    wrong += [f"rows.py: no domain {stem}.test" for stem in sorted(named - known)]
    wrong += [f"rows.py: {stem}: is in no row" for stem in sorted(
        {peer.name.removesuffix(".test") for peer in scripted_smtp.PEERS + scripted_https.PEERS} - named)]
    wrong += [f"rows.py: row {row.row}: {text!r} is not in tests/unit/{file}"
              for row in ROWS for file, text in row.units if text not in (UNIT / file).read_text()]
    wrong += [f"rows.py: row {row.row}, {row.what}: nothing shows it" for row in ROWS
              if not row.domains and not row.units and not row.note]
    wrong += [f"rows.py: no row {number}" for number in (*range(26, 50), *range(72, 79))
              if number not in {row.row for row in ROWS}]
    for peer in scripted_smtp.PEERS + scripted_https.PEERS:
        rows = {row.row for row in ROWS if peer.name.removesuffix(".test") in row.domains.split()}
        if rows and peer.row not in rows:
            wrong.append(f"rows.py: {peer.name} says that it is of row {peer.row}")
    return wrong


def main():
    for row in ROWS:
        shown = row.domains.split() + [f"{file}: {text}" for file, text in row.units]
        print(f"{row.row}  {row.what}\n      {', '.join(shown) or '-'}" + (f"\n      ({row.note})" if row.note else ""))


if __name__ == "__main__":
    main()
