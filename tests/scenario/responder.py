"""A name server for scenarios: every name is NXDOMAIN, but names that begin slow- get no answer until they are let go."""
import socket
import threading

NXDOMAIN = 3
SO_RCVBUFFORCE = 33  # not in Python's socket module


class Responder:
    def __init__(self, address="127.0.0.1", port=5300):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        self.socket.bind((address, port))
        self.servers = f"{address}:{port}"
        self.asked = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                query, peer = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked += 1
            if query[13:18] == b"slow-":
                continue
            end = query.index(b"\0", 12) + 5
            self.socket.sendto(query[:2] + bytes([0x81, 0x80 | NXDOMAIN]) + query[4:6] + bytes(6) + query[12:end], peer)

    def close(self):
        self.socket.close()
