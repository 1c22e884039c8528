"""Certificates that cost who looks at them: a chain of 100, an RSA key of 16,384 bits, 1,000 names, names of any bytes."""
import base64
import math
import os
import random

import pki

LINKS = 99
KEY_BITS, SLACK_BITS = 16384, 280
ODD_NAMES = (bytes(range(128)), bytes(range(128, 256)), b"", b"." * 63, b"*", b"\xff.test", b"xn--\xff")


def der(tag, data):
    size = len(data).to_bytes((len(data).bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([len(data)]) if len(data) < 128 else bytes([0x80 | len(size)]) + size) + data


def names_extension(names):
    """A subjectAltName of dNSNames (RFC 5280 section 4.2.1.6), as openssl's configuration wants it."""
    return "DER:" + der(0x30, b"".join(der(0x82, name) for name in names)).hex(":")


def is_prime(n):
    """Miller and Rabin."""
    d = n - 1
    d >>= (shift := (d & -d).bit_length() - 1)
    for a in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29):
        x = pow(a, d, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(shift - 1)):
            return False
    return True


def write_large_key(path):
    """RSA with a modulus of many small primes, each one more than a divisor of the same smooth number: no security, but
    made at once and quick to sign with. Who verifies sees a modulus as any other of its size."""
    choice = random.Random(1)
    small = [n for n in range(3, 400) if all(n % k for k in range(2, int(n ** 0.5) + 1))]
    smooth, e = 2 * math.prod(small), 65537
    primes = set()

    def product(most_bits):
        n = 1
        while n.bit_length() < most_bits - SLACK_BITS:
            p = 2 * math.prod(choice.sample(small, 34)) + 1
            if p not in primes and n.bit_length() + p.bit_length() <= most_bits and is_prime(p):
                primes.add(p)
                n *= p
        return n
    p, q = product(KEY_BITS // 2), product(KEY_BITS // 2)
    p, q = max(p, q), min(p, q)
    d = pow(e, -1, smooth)
    numbers = (0, p * q, e, d, p, q, d, d, pow(q, -1, p))  # RSAPrivateKey, RFC 8017 appendix A.1.2
    key = der(0x30, b"".join(der(2, n.to_bytes(n.bit_length() // 8 + 1, "big")) for n in numbers))
    with open(path, "w", encoding="ascii") as file:
        file.write("-----BEGIN RSA PRIVATE KEY-----\n" + base64.encodebytes(key).decode() + "-----END RSA PRIVATE KEY-----\n")
    return (p * q).bit_length()


def leaf(directory, host, san, new_key=pki.EC):
    """Signed by the intermediate, which is sent behind it."""
    pki.openssl(directory, "req", "-x509", *new_key, "-nodes", "-out", host + ".pem", "-days", "90", "-extensions", "leaf",
                "-CA", "intermediate.pem", "-CAkey", "intermediate.key", cn="odd", san=san)
    pki.append(directory, host, "intermediate")


def make(directory, hosts):
    """hosts: {host name: kind}; kind "shared" is one good leaf for all of those."""
    pki.make(directory, [(host, host, "shared") for host, kind in hosts.items() if kind == "shared"])
    key = os.path.join(directory, "large.key")
    assert KEY_BITS - 2 * SLACK_BITS < write_large_key(key) <= KEY_BITS
    for n in range(LINKS, 0, -1) if "chain" in hosts.values() else ():
        pki.make_ca(directory, f"link-{n}", f"Link {n}", f"link-{n + 1}" if n < LINKS else "root")
    for host, kind in hosts.items():
        made = ["-newkey", pki.EC[1], *pki.EC[2:], "-keyout", host + ".key"]
        if kind == "large":
            os.symlink("large.key", os.path.join(directory, host + ".key"))
            leaf(directory, host, "DNS:" + host, ["-key", "large.key"])
        elif kind == "names":
            leaf(directory, host, ",".join(f"DNS:n{n}.{host}" for n in range(999)) + ",DNS:" + host, made)
        elif kind == "odd":
            leaf(directory, host, names_extension([*ODD_NAMES, host.encode()]), made)
        elif kind == "chain":
            pki.openssl(directory, "req", "-x509", *made, "-nodes", "-out", host + ".pem", "-days", "90", "-extensions", "leaf",
                        "-CA", "link-1.pem", "-CAkey", "link-1.key", cn=host, san="DNS:" + host)
            pki.append(directory, host, *(f"link-{n}" for n in range(1, LINKS + 1)))
