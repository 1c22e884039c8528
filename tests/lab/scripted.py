"""What small peers do that real daemons do not: the steps of a script. scripted_server.py plays them; the scripts are
in scripted_smtp.py and scripted_https.py.

A script is a tuple of steps: bytes are sent, anything else is called with the connection. A script that is through
closes the connection. No step waits for less than the client to go, so what a hostile peer costs is up to the client.
"""
import os
import select
import socket
import ssl
import struct
import time

DH512 = bytes.fromhex(  # a safe prime
    "b2a7388618cf7c765596840d7ad50e59893c1364deb2a4c75a84b7b8964b9a55"
    "7d0e226c99acdcefefecf95155ce9ad0ad12a03d680e3bc9651e8e59753464d7")
PATIENCE = 60  # seconds without a word from the client, after which a peer gives up


class Gone(Exception):
    """The client has closed."""


class Connection:
    """One connection of a peer. `number` counts from 1; `heard` are the lines that the client sent, `unheard` is
    how many bytes it sent to one that had nothing to say any more."""

    def __init__(self, sock, peer, number, pki):
        self.sock, self.peer, self.number, self.pki = sock, peer, number, pki
        self.heard, self.unheard, self.sent, self.closing = [], 0, 0, True
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Gone from error
        self.sent += len(data)

    def receive(self, most):
        try:
            data = self.sock.recv(most)
        except OSError as error:
            raise Gone from error
        if not data:
            raise Gone
        return data

    def waiting(self):
        """Is there more from the client, without being asked?"""
        return bool(select.select([self.sock], [], [], 0.05)[0])

    def play(self):
        try:
            for step in self.peer.steps:
                if isinstance(step, bytes):
                    self.send(step)
                else:
                    step(self)
        except Gone:
            pass
        try:
            if self.closing and isinstance(self.sock, ssl.SSLSocket):
                self.sock.settimeout(1)
                self.sock.unwrap()
        except (OSError, ValueError):
            pass
        self.sock.close()


# Steps.
def hear(c):
    """One line of the client."""
    line = b""
    while not line.endswith(b"\n"):
        line += c.receive(1)
    c.heard.append(line.decode("latin-1").rstrip("\r\n"))


def request(c):
    """A whole HTTP/1 request; its first line, the host and the contact are kept."""
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        text += c.receive(1)
    c.heard.append(text.decode("latin-1"))


def listen(c):
    """Nothing more, until the client has gone."""
    while True:
        c.unheard += len(c.receive(4096))


def swallow(c):
    """What the client has to say next, whatever it is: a ClientHello."""
    c.receive(4096)


def reset(c):
    c.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.closing = False
    raise Gone


def cut(c):
    """The end of the stream, without close_notify. What the client still sends is read: else the kernel would reset."""
    c.closing = False
    c.sock.shutdown(socket.SHUT_WR)
    listen(c)


def pause(seconds):
    return lambda c: time.sleep(seconds)


def split(data):
    """Byte by byte, each in a segment of its own."""
    def step(c):
        for i in range(len(data)):
            c.send(data[i:i + 1])
            time.sleep(0.001)
    return step


def drip(data, seconds=0.25):
    """The last byte of `data` again and again, one each time the wait is over."""
    def step(c):
        c.send(data)
        while True:
            time.sleep(seconds)
            c.send(data[-1:])
    return step


def endless(data, first=b""):
    def step(c):
        c.send(first)
        while True:
            c.send(data)
    return step


def by_turns(*scripts):
    """Another script for each connection; after the last one the first again."""
    def step(c):
        for inner in scripts[(c.number - 1) % len(scripts)]:
            c.send(inner) if isinstance(inner, bytes) else inner(c)
    return step


def by_address(*scripts):
    """Another script at each address of the peer."""
    def step(c):
        for inner in scripts[c.peer.addresses.index(c.sock.getsockname()[0])]:
            c.send(inner) if isinstance(inner, bytes) else inner(c)
    return step


def impatient(reply):
    """A reply, from a server that refuses clients that do not wait for it (RFC 5321 section 4.3.1)."""
    def step(c):
        c.send(b"554 5.5.0 you speak too early\r\n" if c.waiting() else reply)
    return step


def tls(most=None, ciphers=None, alpn=None, client_cert=False, curve=None, no_sni_cert=None, second_cert=None,
        alert=None):
    """A handshake, with the certificate of the peer. `no_sni_cert`: that of another host for clients that name nobody,
    `second_cert` at the second address; `alert`: what a client gets instead that names somebody."""
    def context(c, name):
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
        made.minimum_version = ssl.TLSVersion.TLSv1
        if most:
            made.maximum_version = most
        made.load_cert_chain(os.path.join(c.pki, name + ".pem"), os.path.join(c.pki, name + ".key"))
        if alpn:
            made.set_alpn_protocols([alpn])
        if curve:
            made.set_ecdh_curve(curve)
        if client_cert:
            made.verify_mode = ssl.CERT_OPTIONAL
            made.load_verify_locations(os.path.join(c.pki, "root.pem"))
        return made

    def step(c):
        second = second_cert and c.sock.getsockname()[0] == c.peer.addresses[1]
        host = second_cert if second else c.peer.host
        made = context(c, no_sni_cert or host)

        def named(sock, name, _):
            if alert:
                return alert
            if name and no_sni_cert:
                sock.context = context(c, host)
            return None
        made.sni_callback = named
        try:
            c.sock = made.wrap_socket(c.sock, server_side=True)
        except (OSError, ValueError) as error:
            raise Gone from error
    return step


def record(kind, data, version=0x0303):
    """A TLS record (RFC 8446 section 5.1)."""
    return struct.pack(">BHH", kind, version, len(data)) + data


def alert_record(code):
    return record(21, bytes((2, code)))


def server_hello(version, cipher):
    """What a server says that agrees on this version and cipher suite (RFC 5246 section 7.4.1.3)."""
    body = struct.pack(">H", version) + bytes(range(32)) + b"\0" + struct.pack(">HB", cipher, 0)
    return record(22, b"\2" + len(body).to_bytes(3, "big") + body, version)


def with_length(data, n):
    return len(data).to_bytes(n, "big") + data


def weak_dh(c):
    """A server that comes with a Diffie-Hellman group of 512 bits (RFC 5246 section 7.4.3). No library of today makes
    that; the signature is not even looked at."""
    with open(os.path.join(c.pki, c.peer.host + ".pem")) as f:
        leaf = ssl.PEM_cert_to_DER_cert(f.read().partition("-----END CERTIFICATE-----\n")[0] +
                                        "-----END CERTIFICATE-----\n")
    group = with_length(DH512, 2) + with_length(b"\2", 2) + with_length(DH512[:-1] + b"\x11", 2)
    c.send(server_hello(0x0303, 0x0033))  # TLS_DHE_RSA_WITH_AES_128_CBC_SHA
    for kind, body in ((11, with_length(with_length(leaf, 3), 3)), (12, group + b"\4\1" + with_length(bytes(256), 2)),
                       (14, b"")):
        c.send(record(22, bytes((kind,)) + with_length(body, 3)))
