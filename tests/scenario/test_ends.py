#!/usr/bin/python3
"""How a scan of real servers ends early: the tail is over, one signal, two. Each leaves records that say what was left."""
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import check  # noqa: E402
import lab  # noqa: E402
import programs  # noqa: E402
from connections import is_connected  # noqa: E402

SLOW, SLOW_ADDRESS = "mx.mx-multiline.test", "127.0.25.19"  # greets after a second
WAITING = {"mx.mx-421.test": 61, "mx.mx-nostarttls.test": 67}  # want a second look; outcome of the first
OK, STOP, TAIL = 1, 113, 114
DONE, STOPPED = 0, 3
LIMIT_SECONDS = 150
TAILS_MS = (2000, 10000, 60000)  # the first that is long enough


def verified(out):
    programs.verified(out)
    found = check.Scan(out)
    return {e["host"]: e for e in found.endpoint.values()}, [r for part in found.stream for kind, r in part if kind == "end"][0]


def tail(running, ms):
    out = os.path.join(running.dir, f"tail-{ms}")
    status = subprocess.run(programs.stscan(running, out, 2, "-q", "--retry-after", "1h", "--tail", f"{ms}ms"),
                            timeout=LIMIT_SECONDS + ms // 1000, check=False).returncode
    assert status == DONE, status
    endpoints, end = verified(out)
    assert end["complete"], end
    return endpoints


def was_in_time(endpoints):
    """Every first look was over before the tail was: on a busy machine it may take long."""
    return endpoints[SLOW]["oc"] != TAIL and all(len(endpoints[host].get("att", [])) == 2 for host in WAITING)


def test_tail(running):
    for ms in TAILS_MS:
        endpoints = tail(running, ms)
        if was_in_time(endpoints):
            break
    for host, first in WAITING.items():
        assert [a["oc"] for a in endpoints[host]["att"]] == [first, TAIL], endpoints[host]
    assert endpoints[SLOW]["oc"] == OK, endpoints[SLOW]
    print(f"the tail of {ms} ms is over:", ", ".join(f"{host} {first} then {TAIL}" for host, first in WAITING.items()))


def stop(running, name, signals, grace):
    out = os.path.join(running.dir, name)
    process = subprocess.Popen(programs.stscan(running, out, 2, "--grace", grace, "--retry-after", "1h"), stderr=subprocess.PIPE)
    limit = time.monotonic() + LIMIT_SECONDS
    while not is_connected(SLOW_ADDRESS, 25):
        assert time.monotonic() < limit and process.poll() is None, f"no connection to {SLOW} was seen"
        time.sleep(0.01)
    for number in signals:
        process.send_signal(number)
        time.sleep(0.1)
    _, error = process.communicate(timeout=LIMIT_SECONDS)
    assert process.returncode == STOPPED, f"status {process.returncode}: {error.decode()}"
    endpoints, end = verified(out)
    assert "complete" not in end and end["reason"], end
    return endpoints


def test_drain(running):
    endpoints = stop(running, "drain", [signal.SIGINT], "30s")
    assert endpoints[SLOW]["oc"] == OK, endpoints[SLOW]  # it was in flight, and had its time
    print(f"one signal: {SLOW} came to its end")


def test_at_once(running):
    endpoints = stop(running, "at-once", [signal.SIGINT, signal.SIGINT], "1h")
    assert endpoints[SLOW]["oc"] == STOP, endpoints[SLOW]
    print(f"two signals: {SLOW} {STOP}")


def main():
    lab.isolate()
    with lab.Lab() as running:
        for test in (test_tail, test_drain, test_at_once):
            test(running)


main()
