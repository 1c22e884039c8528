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
[leaf_with_aia]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${ENV::LAB_SAN}
authorityInfoAccess = caIssuers;URI:http://ca.test/intermediate.der
[leaf_without_san]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
[narrow_ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, permitted;DNS:elsewhere.test
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
KEYS = {"rsa": RSA, "rsa1024": ["-newkey", "rsa:1024"]}
DATES = {"expired": ("20240101000000Z", "20240201000000Z"), "notyet": ("20400101000000Z", "20410101000000Z")}
# Who signs, and what is sent behind the leaf. The root of the strangers is in nobody's trust store.
ISSUER = {"selfsigned": None, "constrained": "narrow", "untrusted": "stranger", "longchain": "link-1"}
ALONE = ("selfsigned", "nochain", "aia")
LINKS = 29  # CAs in the long chain
# In whose names; {} is the host, {tail} what follows its first label, {u} the host with U-labels.
NAMES = {"wrongname": "DNS:other.test", "cnother": "DNS:other.test", "wildcard": "DNS:*.{tail}",
         "partial": "DNS:m*.{tail}", "inner": "DNS:{label}.*.test", "twolabels": "DNS:*.test"}
SECTION = {"cnonly": "leaf_without_san", "aia": "leaf_with_aia"}
RAW_NAMES = {"nul": "{}\0.elsewhere.test", "ulabel": "{u}"}
KINDS = ("good", "expired", "notyet", "selfsigned", "cnonly", "nochain", "aia", *KEYS, *ISSUER, *NAMES, *RAW_NAMES)


def openssl(directory, *args, cn="-", san="DNS:-", db="."):
    env = {"PATH": os.environ["PATH"], "OPENSSL_CONF": "openssl.cnf", "RANDFILE": "rnd",
           "LAB_CN": cn, "LAB_SAN": san, "LAB_DB": db}
    done = subprocess.run(["openssl", *args], cwd=directory, env=env, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def make_ca(directory, name, cn, issuer=None, section="ca"):
    sign = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else []
    openssl(directory, "req", "-x509", *EC, "-nodes", "-keyout", name + ".key", "-out", name + ".pem",
            "-days", "3650", "-extensions", section, *sign, cn=cn)


def alternative_name(host, kind):
    """The subjectAltName, as openssl's configuration wants it. No text of its own gets NUL and 8-bit bytes through."""
    label, _, tail = host.partition(".")
    words = {"label": label, "tail": tail, "u": host.encode().decode("idna")}
    if kind not in RAW_NAMES:
        return NAMES.get(kind, "DNS:{}").format(host, **words)
    name = RAW_NAMES[kind].format(host, **words).encode()
    return "DER:" + bytes((0x30, len(name) + 2, 0x82, len(name), *name)).hex(":")  # one dNSName, RFC 5280 4.2.1.6


def make_dated(directory, name, host, kind):
    """Valid at another time. `openssl req` cannot set dates before OpenSSL 3.4, `openssl ca` always could."""
    db = name + ".db"
    os.mkdir(os.path.join(directory, db))
    open(os.path.join(directory, db, "index.txt"), "w").close()
    begin, end = DATES[kind]
    san = "DNS:" + host
    openssl(directory, "req", "-new", *EC, "-nodes", "-keyout", name + ".key", "-out", name + ".csr", cn=host)
    openssl(directory, "ca", "-batch", "-notext", "-name", "lab_ca", "-cert", "intermediate.pem", "-keyfile",
            "intermediate.key", "-startdate", begin, "-enddate", end, "-extensions", "leaf",
            "-in", name + ".csr", "-out", name + ".pem", cn=host, san=san, db=db)


def make_leaf(directory, name, host, kind):
    assert kind in KINDS, kind
    issuer = ISSUER.get(kind, "intermediate")
    if kind in DATES:
        make_dated(directory, name, host, kind)
    else:
        sign = ["-CA", issuer + ".pem", "-CAkey", issuer + ".key"] if issuer else []
        section = SECTION.get(kind, "leaf")
        openssl(directory, "req", "-x509", *KEYS.get(kind, EC), "-nodes", "-keyout", name + ".key",
                "-out", name + ".pem", "-days", "90", "-extensions", section, *sign,
                cn="other.test" if kind == "wrongname" else host, san=alternative_name(host, kind))
    if kind not in ALONE:
        append(directory, name, issuer, *(f"link-{n}" for n in range(2, LINKS + 1) if kind == "longchain"))


def append(directory, name, *issuers):
    with open(os.path.join(directory, name + ".pem"), "a") as chain:
        for issuer in issuers:
            with open(os.path.join(directory, issuer + ".pem")) as pem:
                chain.write(pem.read())


def make_shared(directory, hosts):
    """One good leaf for all of these hosts: each finds it under its own name."""
    openssl(directory, "req", "-x509", *EC, "-nodes", "-keyout", "shared.key", "-out", "shared.pem", "-days", "90",
            "-extensions", "leaf", "-CA", "intermediate.pem", "-CAkey", "intermediate.key", cn="shared",
            san=",".join("DNS:" + host for host in hosts))
    append(directory, "shared", "intermediate")
    for host in hosts:
        for part in (".key", ".pem"):
            os.symlink("shared" + part, os.path.join(directory, host + part))


def make_issuers(directory, kinds):
    """The root and the intermediate, and those that only some kinds of leaf need."""
    make_ca(directory, "root", "Lab root")
    make_ca(directory, "intermediate", "Lab intermediate", issuer="root")
    if "constrained" in kinds:
        make_ca(directory, "narrow", "Lab CA for elsewhere.test", "root", "narrow_ca")
    if "untrusted" in kinds:
        make_ca(directory, "stranger", "Unknown root")
    for n in range(LINKS, 0, -1) if "longchain" in kinds else ():
        make_ca(directory, f"link-{n}", f"Lab link {n}", f"link-{n + 1}" if n < LINKS else "root")


def make(directory, leaves):
    """leaves: (file name, host name, kind) for each; kind "shared": one of many names of one leaf. The root is
    directory/root.pem."""
    os.makedirs(directory)
    with open(os.path.join(directory, "openssl.cnf"), "w") as f:
        f.write(CONFIG)
    make_issuers(directory, {kind for _, _, kind in leaves})
    make_shared(directory, [host for _, host, kind in leaves if kind == "shared"])
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        list(pool.map(lambda leaf: make_leaf(directory, *leaf), (leaf for leaf in leaves if leaf[2] != "shared")))


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
