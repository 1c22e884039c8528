"""A name server for scenarios: every name but the root is NXDOMAIN; names that begin slow- get no answer until they are let go.

With `records` it knows more: {name: {type: [RDATA]}}, names in lower case without trailing dot, "" is the root; a name that
is there without the type is NODATA. `answers(name, type)` goes before all: None (no answer), or (rcode, [(type, RDATA)], AD),
with a third of a row where an RR has another owner: (type, RDATA, owner).
"""
import contextlib
import socket
import struct
import threading

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
A, CNAME, PTR, MX, AAAA = 1, 5, 12, 15, 28
SO_RCVBUFFORCE = 33  # not in Python's socket module
TTL = 300
UDP_MOST_BYTES = 1232  # of an answer: what does not fit is to be asked for by TCP


def wire(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".") if part) + b"\0"


def mx(host, preference=10):
    return struct.pack(">H", preference) + wire(host)


class Responder:
    def __init__(self, address="127.0.0.1", port=5300, records=None, answers=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((address, port))
        self.servers = f"{address}:{port}"
        self.records = records
        self.answers = answers or self.known
        self.clever = records is not None or answers is not None
        self.n_asked = self.n_answered = 0
        self.mute = False  # as if it were dead
        self.answers_one_in = 1  # as if it were nearly dead
        self.delay_s = 0  # of each answer
        self.refuses = False  # whatever it is asked
        self.holds = True  # names that begin slow-
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def known(self, name, kind):
        if name == "" or name in (self.records or {}):
            return NOERROR, [(kind, rdata) for rdata in (self.records or {}).get(name, {}).get(kind, [])], False
        return NXDOMAIN, [], False

    def reply(self, query, end):
        """By the rules. A query has one question, and its name no compression."""
        at, labels = 12, []
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace").lower())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[end - 4:end - 2])[0]
        answer = self.answers(".".join(labels), kind)
        if answer is None:
            return None
        rcode, rrs, authentic = answer
        head = struct.pack(">2sBB4H", query[:2], 0x81, 0x80 | (0x20 if authentic else 0) | rcode, 1, len(rrs), 0, 0)
        return head + query[12:end] + b"".join((wire(*owner) if owner else b"\xc0\x0c") + struct.pack(">HHLH", t, 1, TTL, len(rdata)) +
                                               rdata for t, rdata, *owner in rrs)

    def serve_streams(self):
        """By TCP too (RFC 7766), from now on: whole answers. Each connection has a thread of its own."""
        listener = socket.create_server(self.socket.getsockname())

        def serve(stream):
            with contextlib.suppress(OSError, struct.error), stream, stream.makefile("rb") as file:
                while True:
                    query = file.read(*struct.unpack(">H", file.read(2)))
                    reply = self.reply(query, query.index(b"\0", 12) + 5)
                    if reply is not None:
                        stream.sendall(struct.pack(">H", len(reply)) + reply)

        def accept():
            while True:
                threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()
        threading.Thread(target=accept, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            if not query:
                return
            self.n_asked += 1
            if self.mute or self.holds and query[13:18] == b"slow-" or self.n_asked % self.answers_one_in:
                continue
            end = query.index(b"\0", 12) + 5
            if self.refuses:
                reply = query[:2] + bytes([0x81, 0x80 | REFUSED]) + query[4:6] + bytes(6) + query[12:end]
            elif self.clever:
                reply = self.reply(query, end)
            else:
                rcode = NXDOMAIN if query[12] else NOERROR
                reply = query[:2] + bytes([0x81, 0x80 | rcode]) + query[4:6] + bytes(6) + query[12:end]
            if reply is not None and len(reply) > UDP_MOST_BYTES:
                reply = reply[:2] + bytes([reply[2] | 2]) + reply[3:6] + bytes(6) + query[12:end]  # TC=1
            if reply is not None:
                self.n_answered += 1
                if self.delay_s:
                    threading.Timer(self.delay_s, self.send, (reply, peer)).start()
                else:
                    self.send(reply, peer)

    def send(self, reply, peer):
        with contextlib.suppress(OSError):  # closed meanwhile
            self.socket.sendto(reply, peer)

    def close(self):
        """The port is free when this returns."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)  # wakes the thread, whatever it says
        except OSError:
            pass
        self.thread.join()
        self.socket.close()
