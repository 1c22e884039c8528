#!/usr/bin/python3
"""A whole scan of the lab under valgrind: nothing leaks, no descriptor is left open (./dev test --full)."""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
import programs  # noqa: E402


def main():
    lab.isolate()
    with lab.Lab() as running:
        out = os.path.join(running.dir, "scan")
        valgrind = ["valgrind", "--leak-check=full", "--show-leak-kinds=all", "--track-fds=yes", "--error-exitcode=99"]
        done = subprocess.run([*valgrind, *programs.stscan(running, out, 2, "-q")], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=600, check=False)
        assert done.returncode == 0, f"status {done.returncode}\n{done.stderr}"
        assert "All heap blocks were freed" in done.stderr, done.stderr
        assert re.search(r"FILE DESCRIPTORS: 3 open \(3 std\)", done.stderr), done.stderr
        programs.verified(out)
    print("\n".join(line for line in done.stderr.splitlines() if re.search("DESCRIPTORS|total heap|All heap|ERROR SUMMARY", line)))


main()
