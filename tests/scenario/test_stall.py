#!/usr/bin/python3
"""A program that was suspended holds nothing against a peer: what was in flight begins again (DESIGN.md, Stalls are ours)."""
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

SLOW, SLOW_ADDRESS = "mx.mx-multiline.test", "127.0.25.19"  # greets after a second: in flight when the program is suspended
OK, STALL = 1, 115
TIMEOUTS = (14, 51, 60, 73, 84, 94)  # of DNS, TCP, greeting, SMTP, TLS, HTTP
SUSPENDED_SECONDS, LIMIT_SECONDS = 6, 150
ENDPOINT, END = 5, 8


def main():
    lab.isolate()
    with lab.Lab() as running:
        out = os.path.join(running.dir, "scan")
        # a scan with deadlines that the suspension alone would exceed
        process = subprocess.Popen(programs.stscan(running, out, 2, "-q", "--smtp-timeout", "5s", "--greeting-timeout", "5s",
                                                   "--policy-timeout", "5s"))
        end = time.monotonic() + LIMIT_SECONDS
        while not is_connected(SLOW_ADDRESS, 25):
            assert time.monotonic() < end and process.poll() is None, f"no connection to {SLOW} was seen"
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        time.sleep(SUSPENDED_SECONDS)
        process.send_signal(signal.SIGCONT)
        status = process.wait(timeout=LIMIT_SECONDS)
        assert status == 0, f"stscan ended with status {status}"
        records = [record for part in check.Scan(out).stream for _, record in part]
        programs.verified(out)
    slow = next(r for r in records if r["k"] == ENDPOINT and r["host"] == SLOW)
    attempts = [a["oc"] for a in slow["att"]]
    assert attempts == [STALL, OK], f"{SLOW}: attempts ended with {attempts}"
    assert next(r for r in records if r["k"] == END)["gaps"] >= 1, "the gap was not counted"
    for record in records:
        late = [a for a in record.get("att", []) if a["oc"] in TIMEOUTS]
        assert not late, f"a peer got a time-out: {record}"
    print(f"suspended for {SUSPENDED_SECONDS} s: {len(records)} records, none with a time-out; {SLOW}: {attempts}")


main()
