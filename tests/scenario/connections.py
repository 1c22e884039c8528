"""What the network namespace of a scenario is connected to."""

CONNECTED, CONNECTING = "01", "02"  # states in /proc/net/tcp


def is_in_state(address, port, state):
    """As /proc/net/tcp says, in hexadecimal, the address backwards."""
    peer = "".join(f"{int(part):02X}" for part in reversed(address.split("."))) + f":{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(row.split()[2:4] == [peer, state] for row in table)


def is_connected(address, port):
    """Has somebody here a connection to the peer?"""
    return is_in_state(address, port, CONNECTED)


def is_connecting(address, port):
    """Does somebody here try to have one?"""
    return is_in_state(address, port, CONNECTING)
