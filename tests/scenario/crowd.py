"""Many MX hosts, few addresses: a name server that answers from a table, and SMTP peers that write down who is connected when."""
import asyncio
import ipaddress
import re
import socket
import struct
import subprocess
import sys
import threading
import time

A, MX, TXT, AAAA, TLSA = 1, 15, 16, 28, 52
QR_RD_RA, AD, NXDOMAIN = 0x8180, 0x0020, 3
SO_RCVBUFFORCE = 33  # not in Python's socket module
NETWORK_BITS = {4: 24, 6: 48}
ESTABLISHED = 1


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def network(address):
    ip = ipaddress.ip_address(address)
    return ipaddress.ip_network((ip, NETWORK_BITS[ip.version]), strict=False)


def is_established(connection):
    """As the kernel sees it: the other side has not closed, whatever was read so far."""
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == ESTABLISHED


class Zone:
    """name -> {type: [rdata]}. `secure` names are answered with AD; names in `held` when Crowd.let_go() comes to their number."""

    def __init__(self):
        self.names, self.known, self.secure, self.held = {}, set(), set(), {}

    def add(self, name, kind, rdata):
        self.names.setdefault(name, {}).setdefault(kind, []).append(rdata)
        labels = name.split(".")
        self.known |= {".".join(labels[i:]) for i in range(len(labels))}

    def mx(self, domain, host):
        self.add(domain, MX, struct.pack("!H", 10) + wire(host))

    def txt(self, name, text):
        self.add(name, TXT, bytes([len(text)]) + text.encode())

    def address(self, host, text):
        ip = ipaddress.ip_address(text)
        self.add(host, A if ip.version == 4 else AAAA, ip.packed)

    def answer(self, query):
        end = query.index(b"\0", 12) + 5
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        name, kind = ".".join(labels), struct.unpack("!H", query[end - 4:end - 2])[0]
        found = self.names.get(name, {}).get(kind, [])
        flags = QR_RD_RA | (AD if name in self.secure else 0) | (0 if name in self.known else NXDOMAIN)
        records = b"".join(b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, 300, len(r)) + r for r in found)
        return name, query[:2] + struct.pack("!HHHHH", flags, 1, len(found), 0, 0) + query[12:end] + records


class Crowd:
    """Runs in a thread of its own. `says`: address -> behaviour: close, 421, 554 or nothing for a plain server without STARTTLS;
    `hold_seconds` before each greeting. `arrived`: the first connection lets held names go up to 1, all greetings wait for this
    event, and then all names go."""

    def __init__(self, zone, port=2525, hold_seconds=0.0, says=None, arrived=None):
        self.zone, self.port, self.hold_seconds = zone, port, hold_seconds
        self.says, self.arrived = says or {}, arrived
        self.log = []  # (address, seconds) of each connection
        self.open, self.most_open, self.most_in_network = {}, {}, {}
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.main()), daemon=True)
        self.thread.start()
        assert self.ready.wait(10)

    async def main(self):
        self.loop, self.stopped = asyncio.get_running_loop(), asyncio.Event()
        dns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        dns.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 << 20)
        dns.bind(("127.0.0.1", 5300))
        dns.setblocking(False)
        self.dns, self.late, self.gone = dns, [], 0
        self.loop.add_reader(dns, self.on_query)
        server = await asyncio.start_server(self.serve, host=None, port=self.port, backlog=4096)
        self.ready.set()
        await self.stopped.wait()
        self.loop.remove_reader(dns)
        dns.close()
        server.close()

    def stop(self):
        self.loop.call_soon_threadsafe(self.stopped.set)
        self.thread.join()

    def on_query(self):
        while True:
            try:
                query, peer = self.dns.recvfrom(4096)
            except BlockingIOError:
                return
            name, answer = self.zone.answer(query)
            self.late.append((self.zone.held.get(name, 0), answer, peer))
            self.let_go(self.gone)

    def let_go(self, number):
        self.gone = number
        for held, answer, peer in self.late:
            if held <= number:
                self.dns.sendto(answer, peer)
        self.late = [row for row in self.late if row[0] > number]

    def count(self, address, connection):
        """Those before it that the scanner has closed do not count, whether their end was read here or not."""
        self.open.setdefault(address, []).append(connection)
        here = {a: [c for c in list_ if is_established(c)] for a, list_ in self.open.items() if network(a) == network(address)}
        self.most_open[address] = max(self.most_open.get(address, 0), len(here[address]))
        most = max(self.most_in_network.get(network(address), 0), sum(map(len, here.values())))
        self.most_in_network[network(address)] = most

    async def serve(self, reader, writer):
        connection = writer.get_extra_info("socket")
        address = str(ipaddress.ip_address(writer.get_extra_info("sockname")[0]))
        self.log.append((address, time.monotonic()))
        self.count(address, connection)
        try:
            if self.arrived and not self.arrived.is_set():
                self.let_go(1)
                await self.loop.run_in_executor(None, self.arrived.wait, 40)
                self.let_go(2)
            await asyncio.sleep(self.hold_seconds)
            await self.talk(reader, writer, self.says.get(address))
        except OSError:
            pass  # the scanner has closed
        finally:
            self.open[address].remove(connection)
            writer.close()

    async def talk(self, reader, writer, behaviour):
        if behaviour == "close":
            return
        writer.write({"421": b"421 too busy\r\n", "554": b"554 go away\r\n"}.get(behaviour, b"220 mx.test ESMTP\r\n"))
        while line := await reader.readline():
            if line.upper().startswith(b"QUIT"):
                writer.write(b"221 bye\r\n")
                return
            writer.write(b"250 mx.test\r\n")

    def times(self, address):
        return sorted(seconds for a, seconds in self.log if a == address)


class Watched:
    """A scan whose status lines are read as they come: `event` is set by the first in which `pattern` finds `least` or more."""

    def __init__(self, command, pattern, least, event):
        self.pattern, self.least, self.event, self.error = pattern, least, event, []
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.error.append(line)
            found = re.search(self.pattern, line)
            if found and int(found[1]) >= self.least:
                self.event.set()

    def wait(self, seconds):
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            self.reader.join()
        if status:
            print("".join(self.error), file=sys.stderr)
        return status
