"""How polite a scan is, as the kernel and the peers see it: connections open to an address and to a network (the
kernel's table of sockets, looked at all the time), and the time between two at an address (the peers' own log)."""
import ipaddress
import threading
from collections import Counter, defaultdict

SMTP, LOOK_SECONDS = 25, 0.005
OPEN = ("01", "02")  # ESTABLISHED, SYN_SENT, in /proc/net/tcp
LATE_SECONDS = 1  # by which a peer's accept() may be late on a busy machine


def network(address):
    """/24 or /48: what --per-prefix-smtp is about."""
    return ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False)


def address_of(text):
    """From the kernel's notation: words of 32 bits, each the wrong way round."""
    raw = bytes.fromhex(text)
    return ipaddress.ip_address(b"".join(raw[i:i + 4][::-1] for i in range(0, len(raw), 4)))


def clients():
    """Both ends of each SMTP connection that some client has open, or is opening. The table is read in pieces, in which
    one socket can come twice."""
    ends = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        with open(table) as f:
            next(f)
            for line in f:
                _, local, remote, state = line.split()[:4]
                if state in OPEN and int(remote.split(":")[1], 16) == SMTP:
                    ends.add((local, remote))
    return ends


class Watch:
    """While it lasts: the most connections at a time, by address and by network."""

    def __enter__(self):
        self.addresses, self.networks, self.looks = Counter(), Counter(), 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def _look(self):
        last = set()
        while not self.over.wait(LOOK_SECONDS):
            self.looks += 1
            ends = clients()
            # Those of two looks were open at the same time, between them; of one, a first may have closed before the
            # last was opened, while the table was read.
            now = Counter(address_of(remote.split(":")[0]) for _, remote in ends & last)
            last = ends
            for most, seen in ((self.addresses, now), (self.networks, Counter())):
                if most is self.networks:
                    for address, n in now.items():
                        seen[network(address)] += n
                for key, n in seen.items():
                    most[key] = max(most[key], n)

    def complaints(self, per_address, per_network):
        """Also where the limits were never reached, for then they were not tested."""
        wrong = [f"{n} SMTP connections open to {where} at a time, more than {limit}"
                 for most, limit in ((self.addresses, per_address), (self.networks, per_network))
                 for where, n in most.items() if n > limit]
        if max(self.networks.values(), default=0) < per_network:
            wrong.append(f"no network had {per_network} SMTP connections at a time: {dict(self.networks)}")
        print(f"politeness: {self.looks} looks at the sockets; at most {max(self.addresses.values(), default=0)} open to "
              f"an address, {max(self.networks.values(), default=0)} to a network")
        return wrong


def hasty(connections, interval_seconds):
    """Scripted SMTP peers that were called on too soon after the last time; their log tells when."""
    times, wrong, shortest = defaultdict(list), [], None
    for c in connections:
        if c["port"] == SMTP:
            times[c["address"]].append(c["at"])
    for address, at in times.items():
        gaps = [later - earlier for earlier, later in zip(sorted(at), sorted(at)[1:])]
        shortest = min([*gaps, shortest] if shortest is not None else gaps, default=shortest)
        wrong += [f"{address}: {gap:.2f} s between two connections" for gap in gaps if gap < interval_seconds - LATE_SECONDS]
    if shortest is None:
        return ["no address was contacted twice"]
    print(f"politeness: at least {shortest:.2f} s between two connections to an address, --per-ip-interval {interval_seconds} s")
    return wrong
