"""What `ststat export --table domains` must say of each domain of the lab: derived from the RFCs, by hand.

A column that a row does not name is not compared. Values are those of analysis/COLUMNS.md."""
import json

import names
import programs
import scripted_https
import scripted_smtp
from domains import DOMAINS
from expect_scripted import GROUP, OTHER_NAME, VERSION

FETCH, WEBPKI, INVALID = "sts-policy-fetch-error", "sts-webpki-invalid", "sts-policy-invalid"
MISMATCH, EXPIRED, UNTRUSTED = "certificate-host-mismatch", "certificate-expired", "certificate-not-trusted"
NO_STARTTLS, OTHER = "starttls-not-supported", "validation-failure"


def row(opportunistic, mta_sts, state, *results, mail="has-mx", sts="none", **more):
    return {"outcome": "OK", "mail": mail, "sts_record": sts, "opportunistic": opportunistic, "mta_sts": mta_sts,
            "sts_state": state, "results": sorted(results), **more}


def plain(opportunistic="encrypted", **more):
    """No MTA-STS: what an MTA-STS sender does is what any does (RFC 8461 section 3.1)."""
    return row(opportunistic, opportunistic, "no-record", **more)


def no_mail(mail, **more):
    return row("not-applicable", "not-applicable", "no-mail", mail=mail, **more)


def enforced(mta_sts, *results, opportunistic="encrypted", **more):
    """A valid policy, mode enforce (RFC 8461 section 5)."""
    wanted = {"sts": "valid", "policy": "ok", "policy_body": "valid", "mode": "enforce", **more}
    return row(opportunistic, mta_sts, "enforced", *results, **wanted)


def testing(*results, opportunistic="encrypted", **more):
    return row(opportunistic, opportunistic, "testing", *results, sts="valid", policy="ok", mode="testing", **more)


def not_fetched(policy, *results, opportunistic="encrypted", **more):
    """RFC 8461 section 3.3: delivered as if there were no policy, where none is cached."""
    return row(opportunistic, opportunistic, "fetch-failed", *results, sts="valid", policy=policy, **more)


def wrong_record(sts="invalid", **more):
    """The policy behind it is right, but nothing leads there (RFC 8461 section 3.1)."""
    return row("encrypted", "encrypted", "no-record", sts=sts, **more)


def wrong_body(**more):
    return not_fetched("syntax", INVALID, policy_body="invalid", **more)


def unknown():
    return row("inconclusive", "inconclusive", "record-unknown", mail="unknown", sts="unknown")


GOOD = enforced("authenticated")
VERDICT = {
    "enforce.test": {**GOOD, "attacked_opportunistic": "clear", "attacked_cached": "authenticated",
                     "attacked_first": "clear", "rpt_record": "valid"},
    "testing.test": testing(attacked_cached="clear", mta_sts_if_enforced="authenticated", rpt_record="valid"),
    "none.test": row("encrypted", "encrypted", "mode-none", sts="valid", policy="ok", mode="none"),
    "shared.test": plain(), "plain.test": plain(),
    "pol-expired.test": not_fetched("tls-expired", WEBPKI, policy_body="valid"),
    "pol-wrongname.test": not_fetched("tls-name", WEBPKI, policy_body="valid"),
    "pol-selfsigned.test": not_fetched("tls-self-signed", WEBPKI, policy_body="valid"),
    "pol-nochain.test": not_fetched("tls-untrusted", WEBPKI, policy_body="valid"),
    **{f"pol-{status}.test": not_fetched("http-status", FETCH) for status in (404, 403, 500)},
    "pol-redirect.test": not_fetched("http-redirect", FETCH), "pol-302.test": not_fetched("http-redirect", FETCH),
    "pol-html.test": not_fetched("media", FETCH, policy_body="valid"),
    "pol-nohost.test": not_fetched("dns", FETCH),
    "pol-charset.test": GOOD,

    "mx-selfsigned.test": enforced("refused", UNTRUSTED),
    "mx-expired.test": enforced("refused", EXPIRED),
    "mx-cnonly.test": enforced("refused", MISMATCH),
    "mx-nochain.test": enforced("refused", UNTRUSTED),
    "mx-wrongname.test": testing(MISMATCH, mta_sts_if_enforced="refused"),
    "mx-nostarttls.test": enforced("refused", NO_STARTTLS, opportunistic="clear"),
    "mx-421.test": enforced("inconclusive", opportunistic="inconclusive"),
    "mx-554.test": enforced("inconclusive", opportunistic="inconclusive"),
    "mx-454.test": enforced("refused", OTHER, opportunistic="clear"),
    "mx-tls12.test": GOOD, "mx-multiline.test": GOOD, "dual.test": GOOD, "cname.test": GOOD, "implicit.test": {
        **GOOD, "mail": "implicit-mx"},
    "mx-down.test": not_fetched("tcp", FETCH, opportunistic="inconclusive"),
    "mx-gone.test": plain("inconclusive"), "mx-literal.test": plain("inconclusive"),
    "reserved.test": not_fetched("bogon", FETCH, opportunistic="inconclusive"),
    "unlisted.test": enforced("authenticated", OTHER, n_mx_listed=1, n_mx_passing=1),

    "provider.test": no_mail("null-mx"), "nullmx.test": no_mail("null-mx"), "nothing.test": no_mail("no-mail"),
    "nullmx-sts.test": no_mail("null-mx", sts="valid", policy="ok", mode="enforce"), "nxdomain.test": no_mail("nxdomain", sts="not-asked"),
    "wildcard.test": plain(sts_wild=False), "rpt-bad.test": plain(rpt_record="invalid"),
    "strings.test": testing(sts_id="abc123"),
    "twosts.test": wrong_record("multiple", sts_record_lenient="multiple"),
    "implicit-plain.test": plain("inconclusive", mail="implicit-mx"),  # not signalled, so not probed
    "bigtxt.test": plain(), "xn--bcher-kva.test": plain(),
    "bogus.test": unknown(), "lame.test": unknown(), "refused.test": unknown(),

    "sts-notrail.test": {**GOOD, "sts_id": "20160831085700Z"}, "sts-spf.test": GOOD, "sts-unknown.test": GOOD,
    "sts-twoids.test": {**GOOD, "sts_id": "1"}, "sts-wild.test": {**GOOD, "sts_wild": True},
    "sts-space.test": wrong_record(sts_record_lenient="valid", mta_sts_lenient="authenticated"),
    "sts-case.test": wrong_record(), "sts-leading.test": wrong_record(), "sts-noid.test": wrong_record(),
    "sts-dash.test": wrong_record(sts_record_lenient="valid", mta_sts_lenient="authenticated"),
    "sts-colon.test": wrong_record(), "sts-nonascii.test": wrong_record(),
    "sts-semicolons.test": wrong_record(sts_record_lenient="valid", mta_sts_lenient="authenticated"),
    "sts-dangling.test": plain(sts_cname=["gone.provider.test"]), "sts-www.test": plain(),

    **{f"body-{what}.test": GOOD for what in ("lf", "nolast", "order", "unknown")},
    "body-none.test": row("encrypted", "encrypted", "mode-none", sts="valid", policy="ok", mode="none"),
    "body-twice.test": testing(),
    "body-bom.test": wrong_body(), "body-case.test": wrong_body(), "body-over.test": wrong_body(),
    "body-unit.test": wrong_body(), "body-comma.test": wrong_body(), "body-rescue.test": wrong_body(),
    "body-blank.test": wrong_body(policy_lenient="ok", mta_sts_lenient="authenticated"),
    "body-dot.test": wrong_body(policy_lenient="ok", mta_sts_lenient="authenticated"),
    **{f"body-{what}.test": wrong_body(policy_lenient="syntax", mta_sts_lenient="encrypted")
       for what in ("nomode", "nomx", "empty")},
    "body-copied.test": enforced("refused", OTHER, n_mx_listed=0),

    "mx-upper.test": GOOD, "mx-nullbeside.test": GOOD,
    "mx-alias.test": {**enforced("refused", n_mx_listed=0), "headline": OTHER, "results": None},
    "mx-second.test": enforced("authenticated", EXPIRED, n_mx_listed=2, n_mx_passing=1),

    "exim.test": GOOD, "exim-rsa.test": GOOD,
    "exim-nostarttls.test": testing(NO_STARTTLS, opportunistic="clear"),
    "exim-selfsigned.test": enforced("refused", UNTRUSTED),
    "exim-wrongname.test": enforced("refused", MISMATCH),
    "exim-554.test": enforced("inconclusive", opportunistic="inconclusive"),
    "exim-451.test": enforced("inconclusive", opportunistic="inconclusive"),
}


# The scripted peers: the verdict follows from what the peer does, by the mapping of RFC 8460 section 4.3.
TOO_OLD = ("ep_tls10", "ep_tls11")  # RFC 8461 section 7.2
CERTIFICATE = {"notyet": EXPIRED, "untrusted": UNTRUSTED, "aia": UNTRUSTED, "constrained": UNTRUSTED, "rsa1024": UNTRUSTED, **dict.fromkeys(OTHER_NAME, MISMATCH)}
NOT_OFFERED = ("SMTP_NO_STARTTLS", "SMTP_HELO_ONLY", "STARTTLS_5XX")


def of_mx(peer):
    """Behind a right policy that lists it, mode enforce."""
    if peer.outcome == "OK":
        if VERSION[peer.tls.get("ver", 0x0304)] in TOO_OLD:
            return enforced("refused", OTHER)
        return enforced("refused", CERTIFICATE[peer.cert]) if peer.cert in CERTIFICATE else GOOD
    if peer.outcome in NOT_OFFERED:
        return enforced("refused", NO_STARTTLS, opportunistic="clear")
    if peer.outcome == "TLS_TIMEOUT" or GROUP.get(peer.outcome) in ("ep_turned_away", "ep_smtp_failed"):
        return enforced("inconclusive", opportunistic="inconclusive")
    return enforced("refused", OTHER, opportunistic="clear")


# counter of `ststat summary` -> class of the fetch and result type; the first that a peer has
FETCHES = {"pol_ok": ("ok", None), "pol_dns": ("dns", FETCH), "pol_bogon": ("bogon", FETCH), "pol_tcp": ("tcp", FETCH), "pol_timeout": ("timeout", FETCH),
           "pol_tls_name": ("tls-name", WEBPKI), "pol_tls_expired": ("tls-expired", WEBPKI), "pol_tls_untrusted": (
               "tls-untrusted", WEBPKI), "pol_tls_weak": ("tls-weak", WEBPKI), "pol_tls_other": ("tls-other", WEBPKI), "pol_tls_old": ("tls-old", FETCH),
           "pol_tls_alert": ("tls-alert", FETCH), "pol_tls_handshake": ("tls-handshake", FETCH), "pol_http_redirect": (
               "http-redirect", FETCH), "pol_http_status": ("http-status", FETCH), "pol_http_other": (None, FETCH),
           "pol_size": ("size", FETCH), "pol_media": ("media", FETCH), "pol_syntax": ("syntax", INVALID)}


def of_policy(peer):
    class_, result = next(FETCHES[counter] for counter in FETCHES if counter in peer.counters)
    if class_ == "ok":
        return GOOD
    both = ("pol_media" in peer.counters) > ("pol_media_body" in peer.counters)  # row 41: the body is no policy either
    verdict = not_fetched(class_, result, *([INVALID] if both else []))
    return {k: v for k, v in verdict.items() if k != "policy"} if class_ is None else verdict


VERDICT.update({peer.name: of_mx(peer) for peer in scripted_smtp.PEERS})
VERDICT.update({peer.name: of_policy(peer) for peer in scripted_https.PEERS})
# What deployed senders take: a weak key, a coding that they did not ask for.
VERDICT["t-rsa1024.test"].update(mta_sts_lenient="authenticated")
VERDICT["h-rsa1024.test"].update(mta_sts_lenient="authenticated", policy_lenient="ok")
VERDICT["h-gzip.test"].update(mta_sts_lenient="authenticated", policy_lenient="ok", mode_lenient="enforce", max_age_s=86400,
                              mode=None, policy_body=None)
VERDICT["h-bomb.test"].update(mta_sts_lenient="encrypted", policy_lenient="http-encoding")
assert set(VERDICT) == {d.name for d in DOMAINS}, "a domain without verdict, or the reverse"


# (table, key column) -> what else its rows must say.
NOTED = {("policies", "name"): {"h-aia.test": {"cert_aia": True}, "pol-nochain.test": {"cert_aia": False},
                                "h-rsa1024.test": {"cert_faults": ["weak"], "cert_valid": False, "class_lenient": "ok"},
                                "enforce.test": {"cert_aia": None}},
         ("endpoints", "host"): {"mx.t-aia.test": {"cert_aia": True}, "mx.mx-nochain.test": {"cert_aia": False},
                                 "mx.t-rsa1024.test": {"cert_faults": ["weak"], "cert_valid": False},
                                 "mx.shared.test": {"cert_aia": None}}}


# What `ststat show` says of these names, and of no others that are asked here.
SHOWN = {"AIA says where the missing issuer is": ("h-aia.test", "t-aia.test"),
         "the answer came out of a cache, Age 600 s": ("h-age.test",),
         "policy, decoded as lenient senders do: valid": ("h-gzip.test",)}
ASKED = ("enforce.test", "pol-nochain.test", "mx-nochain.test", "h-bomb.test", *(name for names in SHOWN.values() for name in names))


def show_missed(scan):
    shown = {name: programs.ststat("show", scan, name)[1] for name in ASKED}
    return [f"ststat show {name}: {words!r}: expected {name in names}, observed {words in text}"
            for words, names in SHOWN.items() for name, text in shown.items() if (words in text) != (name in names)]


def notes_missed(scan):
    wrong = []
    for (table, key), noted in NOTED.items():
        exported, _ = rows(scan, table)
        of_key = {row[key]: row for row in exported}
        wrong += [f"{table}, {name}: {column}: expected {want}, observed {of_key[name][column]}"
                  for name, columns in noted.items() for column, want in columns.items() if of_key[name][column] != want]
    return wrong


def rows(scan, table):
    """Rows of an export, or the error that it ended with."""
    status, out, err = programs.ststat("export", scan, "--format", "ndjson", "--table", table)
    return [json.loads(line) for line in out.splitlines()], f"ststat export {table}: exit status {status}\n{err}" if status else ""


def complaints(scan):
    """Prints what each domain's verdict is; returns what differs from the table."""
    exported, failure = rows(scan, "domains")
    wrong = [failure] if failure else []
    of_name = {row["name"]: row for row in exported if row["name"]}
    known = {name for _, _, _, name, _ in names.positions() if name}
    wrong += [f"{name}: no row in the export" for name in known - set(of_name)]
    for name in sorted(known & set(of_name)):
        got, differences = of_name[name], 0
        for column, want in VERDICT[name].items():
            seen = sorted(got[column]) if column == "results" else got.get(column)
            if want is not None and seen != want:
                wrong.append(f"{name}: {column}: expected {want}, observed {seen}")
                differences += 1
        print(f"{name}: opportunistic {got['opportunistic']}, MTA-STS {got['mta_sts']} ({got['sts_state']})"
              f"{' ' + ' '.join(got['results']) if got['results'] else ''}: {'FAIL' if differences else 'ok'}")
    return wrong + notes_missed(scan) + show_missed(scan)
