#!/usr/bin/env bash
# Made the certificates of the golden scan, once. They are checked in; the keys are not kept.
# Each is valid or not at 2026-02-01 12:00 UTC, when the golden scan says it was made.
set -eu
out=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
touch index.txt
cat >ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index.txt
new_certs_dir = .
rand_serial = yes
policy = policy
default_md = sha256
unique_subject = no
[policy]
commonName = optional
organizationName = optional
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = CA:false
keyUsage = digitalSignature
extendedKeyUsage = serverAuth
CNF

# make NAME SUBJECT ISSUER SECTION FROM TO KEY [SAN]
make() {
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256)
    [ "$7" = ec ] || key=(-newkey "$7")
    cp ca.cnf "$1.cnf"
    [ -z "${8:-}" ] || echo "subjectAltName = $8" >>"$1.cnf"
    openssl req -new -config /dev/null -subj "$2" "${key[@]}" -nodes -keyout "$1.key" -out "$1.csr" 2>/dev/null
    local sign=(-cert "$3.pem" -keyfile "$3.key")
    [ "$3" != self ] || sign=(-selfsign -keyfile "$1.key")
    openssl ca -batch -notext -config "$1.cnf" -extensions "$4" "${sign[@]}" -startdate "$5" -enddate "$6" \
        -in "$1.csr" -out "$1.pem" 2>/dev/null
    openssl x509 -in "$1.pem" -outform DER -out "$out/$1.der"
}
make root "/O=Golden/CN=Golden Root" self authority 20200101000000Z 20500101000000Z ec
make issuer "/O=Golden/CN=Golden Issuer" root authority 20200101000000Z 20450101000000Z ec
make mx "/CN=mx1.good.example" issuer server 20260101000000Z 20260401000000Z ec \
    "DNS:mx1.good.example,DNS:mx2.good.example,DNS:*.wild.example"
make policy "/CN=mta-sts.good.example" issuer server 20260101000000Z 20260401000000Z rsa:2048 \
    "DNS:mta-sts.good.example,DNS:mta-sts.testing.example,DNS:mta-sts.none.example,DNS:mta-sts.xn--bcher-kva.example,DNS:mta-sts.multi.example"
make expired "/CN=expired.example" issuer server 20240101000000Z 20250101000000Z ec \
    "DNS:mx.expired.example,DNS:mta-sts.expired.example"
make self "/CN=mx.self.example" self server 20250101000000Z 20350101000000Z ec "DNS:mx.self.example"
