"""A peer on every address of a network namespace: what stscan connects to, seen from the other side."""
import ipaddress
import selectors
import socket
import subprocess
import threading
import time


def own_all_addresses():
    """Every address is an address of this namespace: what is contacted comes here, and nothing gets out."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo"], check=True)
    subprocess.run(["ip", "-6", "route", "add", "local", "::/0", "dev", "lo"], check=True)


class Connection:
    def __init__(self, peer, address, port):
        self.socket, self.address, self.port = peer, str(ipaddress.ip_address(address)), port
        self.began, self.ended = time.monotonic(), None


class Trap:
    """Listens at these ports of all addresses. `greet(address, port)`: bytes sent before it closes; None: it is held open
    without a word until the other side closes."""

    def __init__(self, ports, greet=lambda address, port: b""):
        self.greet, self.seen = greet, []
        self.selector = selectors.DefaultSelector()
        self.waker, stop = socket.socketpair()
        self.selector.register(stop, selectors.EVENT_READ, self)
        for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            for port in ports:
                listener = socket.socket(family, socket.SOCK_STREAM)
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                listener.bind((any_address, port))
                listener.listen(512)
                self.selector.register(listener, selectors.EVENT_READ, None)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def close(self):
        self.waker.send(b"x")
        self.thread.join()
        for key in list(self.selector.get_map().values()):
            key.fileobj.close()
        self.waker.close()

    def serve(self):
        while True:
            for key, _ in self.selector.select():
                if key.data is self:
                    return
                if key.data is None:
                    self.accept(key.fileobj)
                else:
                    self.end(key.data)

    def accept(self, listener):
        peer, _ = listener.accept()
        address, port = peer.getsockname()[:2]
        connection = Connection(peer, address, port)
        self.seen.append(connection)
        words = self.greet(address, port)
        if words is None:
            self.selector.register(peer, selectors.EVENT_READ, connection)
        else:
            peer.sendall(words)
            peer.close()
            connection.ended = time.monotonic()

    def end(self, connection):
        try:
            if connection.socket.recv(4096):
                return
        except OSError:
            pass
        self.selector.unregister(connection.socket)
        connection.socket.close()
        connection.ended = time.monotonic()

    def addresses(self):
        return {c.address for c in self.seen}
