"""A name server for scenarios that answers from a table, and keeps what it was asked."""
import ipaddress
import threading
import time

from responder import A, AAAA, CNAME, MX, NOERROR, NXDOMAIN, SERVFAIL, Responder, mx, wire

TXT = 16


def rdata(kind, value):
    if kind in (A, AAAA):
        return ipaddress.ip_address(value).packed
    if kind == MX:
        return mx(value)
    return bytes([len(value)]) + value.encode()


class Answers(Responder):
    """`table`: (name, type) -> value, or list of values; (name, CNAME) -> the name that is asked for in its place; `failing`: (name, type) -> how many times SERVFAIL comes first."""

    def __init__(self, table, address="127.0.0.1", port=5300):
        self.table = dict(table)
        self.names = {name for name, _ in self.table}
        self.failing = {}
        self.asked = []  # (time, name, type)
        self.may_answer = threading.Event()  # while it is clear, questions wait for their answers
        self.may_answer.set()
        super().__init__(address, port, answers=self.look_up)

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

    def look_up(self, name, kind):
        self.asked.append((time.monotonic(), name, kind))
        self.may_answer.wait()
        if self.failing.get((name, kind), 0) > 0:
            self.failing[name, kind] -= 1
            return SERVFAIL, [], False
        alias = self.table.get((name, CNAME))
        values = self.table.get((alias or name, kind), [])
        values = values if isinstance(values, list) else [values]
        if alias:
            return NOERROR, [(CNAME, wire(alias)), *((kind, rdata(kind, value), alias) for value in values)], False
        exists = values or any(known == name or known.endswith("." + name) for known in self.names)
        return NOERROR if exists else NXDOMAIN, [(kind, rdata(kind, value)) for value in values], False
