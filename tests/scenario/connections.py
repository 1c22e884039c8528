"""What the network namespace of a scenario is connected to."""

CONNECTED = "01"  # state in /proc/net/tcp


def is_connected(address, port):
    """Has somebody here a connection to the peer? As /proc/net/tcp says, in hexadecimal, the address backwards."""
    peer = "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(row.split()[2:4] == [peer, CONNECTED] for row in table)
