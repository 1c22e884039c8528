"""Independent judges of what ststat makes of the lab: postfix-mta-sts-resolver is asked for every policy domain,
`openssl verify` for every chain, posttls-finger for the TLS of every endpoint.

Where one of them disagrees, EXPLAINED holds the rule that tells why; a difference without one fails, and so does an
explanation without a difference."""
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import verdicts

JUDGE_SECONDS, RESOLVER_SECONDS, AT_A_TIME = 10, 5, 8

# (judge, name): (what ststat says, what the judge says, why)
DNS_ID = ("RFC 8461 section 4.2: \"The certificate MUST have a subject alternative name (SAN) with a DNS-ID matching the "
          "hostname\"; it looks at the CN where there is none")
WHOLE_LABEL = ("RFC 8461 section 3.3: \"the wildcard character '*' as the complete left-most label within the identifier\"; it "
               "takes a part of one unless told otherwise")
TOO_OLD = "RFC 8996 sections 4 and 5: TLS 1.0 and 1.1 \"MUST NOT be used\"; it does not use them, the scan does, to label it (not to let it pass)"
ONLY_PREFIX = "it looks for the fields that it knows, and not at the grammar between them"
NO_POLICY, FAILED, ENFORCE = "no policy", "failed", "enforce 86400, 1 mx"
BY_VERSION = {("postfix-mta-sts-resolver", "h-nulheader.test")}  # explained, but not in every Debian
EXPLAINED = {
    ("postfix-mta-sts-resolver", "sts-space.test"): (NO_POLICY, ENFORCE, "RFC 8461 section 3.1: \"records that do not begin "
        "with \"v=STSv1;\" are discarded\"; it asks for \"v=STSv1\" only (erratum 6285)"),
    ("postfix-mta-sts-resolver", "sts-dash.test"): (NO_POLICY, ENFORCE, "RFC 8461 section 3.1: sts-id = %s\"id=\" "
        "1*32(ALPHA / DIGIT); it takes any id"),
    ("postfix-mta-sts-resolver", "sts-colon.test"): (NO_POLICY, ENFORCE, "RFC 8461 section 3.1: sts-extension = "
        "sts-ext-name \"=\" sts-ext-value; " + ONLY_PREFIX),
    ("postfix-mta-sts-resolver", "sts-semicolons.test"): (NO_POLICY, ENFORCE, "RFC 8461 section 3.1: a field stands between "
        "any two sts-field-delim; " + ONLY_PREFIX),
    ("postfix-mta-sts-resolver", "body-blank.test"): (FAILED, ENFORCE, "RFC 8461 section 3.2: sts-policy-record ends with at "
        "most one sts-policy-term; it passes blank lines over"),
    ("postfix-mta-sts-resolver", "body-twice.test"): ("testing 86400, 1 mx", ENFORCE, "RFC 8461 section 3.2: \"If any non-repeated "
        "field -- that is, all fields excepting \"mx\" -- is duplicated, all entries except for the first SHALL be ignored\"; "
        "it takes the last"),
    ("postfix-mta-sts-resolver", "body-comma.test"): (FAILED, ENFORCE, "RFC 8461 section 3.2: sts-policy-mx-value = [\"*.\"] "
        "Domain, one a line; it takes any mx"),
    ("postfix-mta-sts-resolver", "body-dot.test"): (FAILED, ENFORCE, "RFC 8461 section 3.2: Domain is that of RFC 5321 "
        "section 4.1.2, which ends in no dot; it takes any mx"),
    ("postfix-mta-sts-resolver", "body-rescue.test"): (FAILED, "enforce 86400, 2 mx", "RFC 8461 section 3.2: sts-policy-mx-value = [\"*.\"] "
        "Domain, which user@a.com is not; it takes any mx"),
    ("postfix-mta-sts-resolver", "h-cnonly.test"): (FAILED, ENFORCE, "RFC 8461 section 3.3: \"Matching is performed only against "
        "the DNS-ID identifiers\"; it looks at the CN where there is none"),
    ("postfix-mta-sts-resolver", "h-h2.test"): (ENFORCE, FAILED, "RFC 8461 section 3.3: \"via the HTTP GET method\", of no "
        "one version; it speaks HTTP/1.1 only"),
    ("postfix-mta-sts-resolver", "h-utf16.test"): (ENFORCE, FAILED, "RFC 8461 section 3.2: \"All parameters other than "
        "charset=utf-8 or charset=us-ascii are ignored\"; it decodes by whatever charset is named"),
    ("postfix-mta-sts-resolver", "h-gzip.test"): (FAILED, ENFORCE, "RFC 8461 section 3.2 has a grammar "
        "for the body and knows of no content coding (RFC 9110 section 8.4); the scan asks for none, it asks for gzip, as the "
        "lenient reading does"),
    ("postfix-mta-sts-resolver", "h-nulheader.test"): (FAILED, ENFORCE, "RFC 9110 section 5.5: a NUL in a field value \"MUST\" "
        "be rejected or replaced; libcurl rejects it, newer versions of its aiohttp do not"),
    ("openssl", "mx.mx-cnonly.test"): ("valid, other name", "valid, its name", DNS_ID),
    ("openssl", "mta-sts.h-cnonly.test"): ("valid, other name", "valid, its name", DNS_ID),
    ("openssl", "mx.t-partial.test"): ("valid, other name", "valid, its name", WHOLE_LABEL),
    ("openssl", "mta-sts.h-partial.test"): ("valid, other name", "valid, its name", WHOLE_LABEL),
    ("posttls-finger", "mx.mx-cnonly.test"): ("not verified, TLS 1.3", "verified, TLS 1.3", DNS_ID),
    ("posttls-finger", "mx.t-longchain.test"): ("verified, TLS 1.3", "not verified, TLS 1.3", "RFC 5280 section 6.1 "
        "sets no limit to the length of a path; its smtp_tls_scert_verifydepth is 9"),
    ("posttls-finger", "mx.t-rsa1024.test"): ("not verified, TLS 1.3", "verified, TLS 1.3", "RFC 9325 section 4.5: \"servers MUST "
        "authenticate using certificates with at least a 2048-bit modulus\"; it sets OpenSSL's security level to 0"),
    ("posttls-finger", "mx.t-tls10.test"): ("verified, TLS 1.0", "no TLS", TOO_OLD),
    ("posttls-finger", "mx.t-tls11.test"): ("verified, TLS 1.1", "no TLS", TOO_OLD),
}


def run(command, seconds=JUDGE_SECONDS, **more):
    """What it prints; of one that is never through, what it printed so far."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, **more)
    try:
        return process.communicate(timeout=seconds)[0], process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        return process.communicate()[0], None


# postfix-mta-sts-resolver: a program of its own, because Debian's python3 has its libraries
ASK = """
import asyncio, json, logging, os, socket, sys
import aiodns, aiohttp.abc, aiohttp.connector
from postfix_mta_sts_resolver.resolver import STSResolver
logging.disable(logging.CRITICAL)
servers = [os.environ["LAB_RESOLVER"]]
class Resolver(aiohttp.abc.AbstractResolver):
    "Of the lab, whatever the system's may be, for addresses too."
    def __init__(self, *_, **__):
        self.dns = aiodns.DNSResolver(nameservers=servers)
    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        found = []
        for kind, family in (("A", socket.AF_INET), ("AAAA", socket.AF_INET6)):
            try:
                found += [{"hostname": host, "host": rr.host, "port": port, "family": family, "proto": 0,
                           "flags": socket.AI_NUMERICHOST} for rr in await self.dns.query(host, kind)]
            except aiodns.error.DNSError:
                pass
        if not found:
            raise OSError(host + ": no address")
        return found
    async def close(self):
        pass
aiohttp.connector.DefaultResolver = Resolver
async def main():
    resolver = STSResolver(loop=asyncio.get_running_loop(), timeout=int(sys.argv[1]))
    resolver._resolver.nameservers = servers
    few = asyncio.Semaphore(int(sys.argv[2]))
    async def ask(domain):
        async with few:
            result, found = await resolver.resolve(domain)
        policy = found[1] if found else {}
        return domain, [result.name, policy.get("mode"), policy.get("max_age"), policy.get("mx")]
    print(json.dumps(dict(await asyncio.gather(*map(ask, sys.argv[3:])))))
asyncio.run(main())
"""


def resolver(running, rows, policies, scan):
    """What it makes of a domain: no policy, a failed fetch, or mode, max_age and the number of mx. It asks one address,
    whichever it likes: where they differ (row 49), it may say what any of them says."""
    domains = [row["name"] for row in rows if row["name"] and row["sts_record"] not in ("none", "not-asked")]
    out, _ = run(["/usr/bin/python3", "-c", ASK, str(RESOLVER_SECONDS), str(AT_A_TIME), *domains],
                 RESOLVER_SECONDS * len(domains), env={**running.environment, "SSL_CERT_FILE": running.ca})
    said = json.loads(out.splitlines()[-1])
    for row in rows:
        if row["name"] in said:
            result, mode, max_age, mx = said[row["name"]]
            theirs = f"{mode} {max_age}, {len(mx)} mx" if result == "VALID" else {"NONE": "no policy"}.get(result, "failed")
            ours, record = of_policy(row, policies), scan.policy.get(row["name"], {})
            others = [of_address(record, other) for other in record.get("also", [])] if row["sts_record"] == "valid" else []
            yield row["name"], theirs if theirs in others else ours, theirs


def of_address(record, other):
    """What is served at another address of the policy host, read by rule of thumb."""
    if other.get("status") != 200 or other["tls"].get("verify"):
        return "failed"
    text = other.get("body", record.get("body", b"")).decode()
    fields = [line.split(": ", 1) for line in text.splitlines()]
    found = dict(fields)
    return f"{found['mode']} {found['max_age']}, {sum(key == 'mx' for key, _ in fields)} mx"


def of_policy(row, policies):
    if row["sts_record"] != "valid":
        return "failed" if row["sts_record"] == "unknown" else "no policy"
    if row["policy"] != "ok":
        return "failed"
    return f"{row['mode']} {row['max_age_s']}, {policies[row['name']]['n_mx']} mx"


def openssl(running, scan, rows):
    """A chain: verified or not; a name that it is for: matches or not (RFC 8461 section 4.2: no CN, no part wildcard)."""
    def judge(row):
        leaf, *rest = [scan.cert[fp]["der"] for fp in chain(scan, row)]
        with tempfile.TemporaryDirectory() as directory:
            for name, ders in (("leaf", [leaf]), ("rest", rest)):
                with open(os.path.join(directory, name), "wb") as f:
                    f.write(b"".join(map(pem, ders)))
            verify = ["openssl", "verify", "-CAfile", running.ca, "-no-CApath", "-no-CAstore", "-purpose", "sslserver",
                      "-auth_level", "2"]  # 112 bits of security, RFC 9325 section 4.5
            verify += ["-untrusted", "rest"] if rest else []
            valid = run([*verify, "leaf"], cwd=directory)[1] == 0
            named, _ = run(["openssl", "x509", "-noout", "-checkhost", row["host"], "-in", "leaf"], cwd=directory)
        return subject(row), of_chain(row), f"{'valid' if valid else 'not valid'}, {'other' if 'NOT' in named else 'its'} name"
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield from pool.map(judge, [row for row in rows if chain(scan, row)])


def chain(scan, row):
    record = scan.endpoint[row["host"], row["ip"], row["port"]] if "port" in row else scan.policy[row["name"]]
    return record.get("tls", {}).get("chain", [])


def pem(der):
    import ssl
    return ssl.DER_cert_to_PEM_cert(der).encode()


def subject(row):
    return f"{row['host']} {row['ip']}"


def of_chain(row):
    return f"{'valid' if row['cert_valid'] else 'not valid'}, {'its' if row['cert_match'] else 'other'} name"


def posttls_finger(running, rows):
    """Postfix's own client at each endpoint: does it verify the host, and which version do they speak?"""
    mail = os.path.join(running.dir, "mail")

    def judge(row):
        for _ in range(2):  # some offer STARTTLS to those only whom they know already
            theirs = look(row)
            if theirs != "no TLS":
                break
        return subject(row), of_endpoint(row), theirs

    def look(row):
        out, _ = run(["posttls-finger", "-c", "-C", "-o", "inet_protocols=all", "-l", "secure", "-F", running.ca, "-s", row["host"],
                    "-T", "5", "-t", "5", "-L", "summary", f"[{row['ip']}]:{row['port']}", row["host"]],
                   cwd=mail, env={**running.environment, "MAIL_CONFIG": mail})
        found = re.search(r"(Verified|Trusted|Untrusted|Anonymous) TLS connection established .*: (TLSv[\d.]+|SSLv3)", out)
        if not found:
            return "no TLS"
        return f"{'verified' if found[1] == 'Verified' else 'not verified'}, {found[2].replace('v', ' ')}"
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield from pool.map(judge, [row for row in rows if not row["outcome"].startswith("ADDRESS_")])


def of_endpoint(row):
    if not row["tls_version"]:
        return "no TLS"
    return f"{'verified' if row['cert_valid'] and row['cert_match'] else 'not verified'}, {row['tls_version']}"


def complaints(running, scan_path, scan):
    """Prints each difference with its reason; returns those that have none, and reasons that nothing needs."""
    tables, wrong = {}, []
    for table in ("domains", "endpoints", "policies"):
        tables[table], failure = verdicts.rows(scan_path, table)
        wrong += [failure] if failure else []
    asked = {"postfix-mta-sts-resolver": resolver(running, tables["domains"], {row["name"]: row for row in tables["policies"]}, scan),
             "openssl": openssl(running, scan, tables["endpoints"] + tables["policies"]),
             "posttls-finger": posttls_finger(running, tables["endpoints"])}
    used = set()
    for judge, cases in asked.items():
        n = differ = 0
        for what, ours, theirs in cases:
            n += 1
            if ours == theirs:
                continue
            differ += 1
            case = judge, what.split()[0]
            expected = EXPLAINED.get(case)
            if expected and expected[:2] == (ours, theirs):
                used.add(case)
                print(f"{judge}: {what}: ststat says {ours}; it says {theirs}: {expected[2]}")
            else:
                wrong.append(f"{judge}: {what}: ststat says {ours}; it says {theirs}: not explained")
        print(f"{judge}: {n} asked, {differ} differ")
        if not n:
            wrong.append(f"{judge}: nothing was asked")
    return wrong + [f"{judge}: {what}: explained, but there is no difference" for judge, what in set(EXPLAINED) - BY_VERSION - used]
