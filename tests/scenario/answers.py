"""A name server for scenarios that answers from a table, and keeps what it was asked."""
import ipaddress
import socket
import struct
import threading
import time

A, MX, TXT, AAAA = 1, 15, 16, 28
SERVFAIL, NXDOMAIN = 2, 3
SO_RCVBUFFORCE = 33  # not in Python's socket module


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def rdata(kind, value):
    if kind in (A, AAAA):
        return ipaddress.ip_address(value).packed
    if kind == MX:
        return struct.pack("!H", 10) + wire(value)
    return bytes([len(value)]) + value.encode()


class Answers:
    """`table`: (name, type) -> value, or list of values; `failing`: (name, type) -> how many times SERVFAIL comes first."""

    def __init__(self, table, address="127.0.0.1", port=5300):
        self.table = dict(table)
        self.names = {name for name, _ in self.table}
        self.failing = {}
        self.asked = []  # (time, name, type)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((address, port))
        self.socket.settimeout(0.1)  # to look whether it is to close
        self.servers = f"{address}:{port}"
        self.closing = False
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def add(self, name, kind, value):
        self.table[name, kind] = value
        self.names.add(name)

    def add_host(self, name, address):
        version = ipaddress.ip_address(address).version
        self.add(name, A if version == 4 else AAAA, address)

    def add_domain(self, name, mx, sts=False):
        self.add(name, MX, mx)
        if sts:
            self.add(f"_mta-sts.{name}", TXT, "v=STSv1; id=1;")

    def was_asked(self, *names):
        """The questions at these names or below."""
        return [(name, kind) for _, name, kind in self.asked if any(name == n or name.endswith("." + n) for n in names)]

    def answer(self, query):
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack("!H", query[at + 1:at + 3])[0]
        self.asked.append((time.monotonic(), name, kind))
        question = query[12:at + 5]
        if self.failing.get((name, kind), 0) > 0:
            self.failing[name, kind] -= 1
            return query[:2] + struct.pack("!HHHHH", 0x8180 | SERVFAIL, 1, 0, 0, 0) + question
        values = self.table.get((name, kind), [])
        values = values if isinstance(values, list) else [values]
        exists = any(known == name or known.endswith("." + name) for known in (self.names if not values else ()))
        rrs = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 60, len(data)) + data
                       for data in (rdata(kind, value) for value in values))
        rcode = 0 if values or exists else NXDOMAIN
        return query[:2] + struct.pack("!HHHHH", 0x8180 | rcode, 1, len(values), 0, 0) + question + rrs

    def serve(self):
        while not self.closing:
            try:
                query, peer = self.socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = self.answer(query)
            self.may_answer.wait()
            self.socket.sendto(answer, peer)

    def close(self):
        self.closing = True
        self.thread.join()
        self.socket.close()
