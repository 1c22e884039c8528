#!/usr/bin/python3
"""Serves the scripted peers of the lab, each at addresses of its own.

    scripted_server.py DIRECTORY PKI     until killed

DIRECTORY gets `ready` when all listen, and in `log` one JSON line for each connection that has ended.
"""
import json
import os
import selectors
import socket
import sys
import threading
import time
import warnings

import scripted_https
import scripted_smtp
from scripted import Connection

SEND_BUFFER = 32 << 10  # so that the bytes counted as sent are about those that were taken


class Server:
    def __init__(self, directory, pki):
        self.directory, self.pki, self.lock = directory, pki, threading.Lock()
        self.log = open(os.path.join(directory, "log"), "a", buffering=1)
        self.numbers, self.fillers = {}, []

    def serve(self, peers, port):
        """Listen for each peer at each of its addresses; returns the listeners."""
        listeners = []
        for peer in peers:
            for address in peer.addresses:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                listener = socket.create_server((address, port), family=family,
                                                backlog=0 if peer.steps is None else 16)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
                if peer.steps is None:
                    self.fill(address, port)
                    self.fillers.append(listener)  # nobody accepts
                else:
                    listeners.append((listener, peer))
        return listeners

    def fill(self, address, port):
        """A full queue: the kernel drops what else wants to connect."""
        for _ in range(8):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex((address, port))
            self.fillers.append(filler)

    def accept(self, listener, peer):
        sock, _ = listener.accept()
        with self.lock:
            number = self.numbers[peer.name] = self.numbers.get(peer.name, 0) + 1
        threading.Thread(target=self.play, args=(Connection(sock, peer, number, self.pki),), daemon=True).start()

    def play(self, c):
        at, (address, port) = time.monotonic(), c.sock.getsockname()[:2]
        try:
            c.play()
        finally:
            line = json.dumps({"peer": c.peer.name, "address": address, "port": port, "at": at, "heard": c.heard, "unheard": c.unheard,
                               "sent": c.sent, "seconds": time.monotonic() - at})
            with self.lock:
                self.log.write(line + "\n")

    def run(self, listeners):
        selector = selectors.DefaultSelector()
        for listener, peer in listeners:
            selector.register(listener, selectors.EVENT_READ, peer)
        open(os.path.join(self.directory, "ready"), "w").close()
        while True:
            for key, _ in selector.select():
                self.accept(key.fileobj, key.data)


def command(directory, pki):
    return [sys.executable, os.path.abspath(__file__), directory, pki]


def ready(directory):
    return os.path.exists(os.path.join(directory, "ready"))


def connections(directory):
    """What came so far: a dict with peer, address, port, at (seconds on the monotonic clock), heard, unheard, sent and seconds
    (that it lasted) for each connection that has ended."""
    with open(os.path.join(directory, "log")) as f:
        return [json.loads(line) for line in f if line.endswith("\n")]


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are what we are here for
    server = Server(*sys.argv[1:3])
    server.run(server.serve(scripted_smtp.PEERS, 25) + server.serve(scripted_https.PEERS, 443))


if __name__ == "__main__":
    main()
