"""The certificates of the lab: a root, an intermediate, and leaves that are good or wrong in one way each.

Every leaf NAME becomes two files: NAME.key and NAME.pem (what the server sends, leaf first). Only the openssl
command is needed; leaves are made a few at a time because each one is a process of its own.
"""
import hashlib
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

CONFIG = """
[req]
distinguished_name = dn
prompt = no
string_mask = utf8only
[dn]
CN = ${ENV::LAB_CN}
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyEncipherment
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
subjectAltName = ${ENV::LAB_SAN}
[leaf_without_san]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
[lab_ca]
database = ${ENV::LAB_DB}/index.txt
new_certs_dir = ${ENV::LAB_DB}
rand_serial = yes
policy = any
default_md = sha256
[any]
commonName = supplied
"""
EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
RSA = ["-newkey", "rsa:2048"]
KINDS = ("good", "rsa", "expired", "wrongname", "selfsigned", "cnonly", "nochain")


def openssl(directory, *args, cn="-", san="DNS:-", db="."):
    env = {"PATH": os.environ["PATH"], "OPENSSL_CONF": "openssl.cnf", "RANDFILE": "rnd",
           "LAB_CN": cn, "LAB_SAN": san, "LAB_DB": db}
    done = subprocess.run(["openssl", *args], cwd=directory, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def make_ca(directory, name, cn, issuer=None):
    sign = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else []
    openssl(directory, "req", "-x509", *EC, "-nodes", "-keyout", name + ".key", "-out", name + ".pem",
            "-days", "3650", "-extensions", "ca", *sign, cn=cn)


def make_expired(directory, name, host):
    """Valid in January 2024 only. `openssl req` cannot set dates before OpenSSL 3.4, `openssl ca` always could."""
    db = name + ".db"
    os.mkdir(os.path.join(directory, db))
    open(os.path.join(directory, db, "index.txt"), "w").close()
    san = "DNS:" + host
    openssl(directory, "req", "-new", *EC, "-nodes", "-keyout", name + ".key", "-out", name + ".csr", cn=host)
    openssl(directory, "ca", "-batch", "-notext", "-name", "lab_ca", "-cert", "intermediate.pem", "-keyfile",
            "intermediate.key", "-startdate", "20240101000000Z", "-enddate", "20240201000000Z", "-extensions", "leaf",
            "-in", name + ".csr", "-out", name + ".pem", cn=host, san=san, db=db)


def make_leaf(directory, name, host, kind):
    assert kind in KINDS, kind
    names = "other.test" if kind == "wrongname" else host
    if kind == "expired":
        make_expired(directory, name, host)
    else:
        sign = [] if kind == "selfsigned" else ["-CA", "intermediate.pem", "-CAkey", "intermediate.key"]
        section = "leaf_without_san" if kind == "cnonly" else "leaf"
        openssl(directory, "req", "-x509", *(RSA if kind == "rsa" else EC), "-nodes", "-keyout", name + ".key",
                "-out", name + ".pem", "-days", "90", "-extensions", section, *sign, cn=names, san="DNS:" + names)
    if kind not in ("selfsigned", "nochain"):
        with open(os.path.join(directory, name + ".pem"), "a") as chain, \
                open(os.path.join(directory, "intermediate.pem")) as intermediate:
            chain.write(intermediate.read())


def make(directory, leaves):
    """leaves: (file name, host name, kind) for each. The root is directory/root.pem."""
    os.makedirs(directory)
    with open(os.path.join(directory, "openssl.cnf"), "w") as f:
        f.write(CONFIG)
    make_ca(directory, "root", "Lab root")
    make_ca(directory, "intermediate", "Lab intermediate", issuer="root")
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        list(pool.map(lambda leaf: make_leaf(directory, *leaf), leaves))


def der(directory, name):
    """The certificates that the server of this name sends, in order, as DER."""
    import ssl
    with open(os.path.join(directory, name + ".pem")) as f:
        parts = f.read().split("-----END CERTIFICATE-----")[:-1]
    return [ssl.PEM_cert_to_DER_cert(p.strip() + "\n-----END CERTIFICATE-----\n") for p in parts]


def spki_sha256(directory, name):
    """What a TLSA record 3 1 1 holds."""
    public = openssl(directory, "pkey", "-in", name + ".key", "-pubout", "-outform", "DER")
    return hashlib.sha256(public).hexdigest()
