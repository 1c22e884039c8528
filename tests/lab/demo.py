#!/usr/bin/python3
"""./dev demo: a small internet on this machine, a scan of it, and what the scan says. No packet leaves the machine."""
import os
import shutil
import subprocess
import sys

import lab
import names
import programs
from domains import EXIM_SERVERS, MAIL_SERVERS, REAL


def say(text):
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def explain(running):
    say(f"A small internet is up ({running.seconds:.1f} s): knot, unbound, nginx, Postfix and Exim in a network namespace.")
    print(f"{len(REAL)} domains, {len(MAIL_SERVERS + EXIM_SERVERS)} mail servers; no packet leaves this machine. Some domains:")
    for domain in REAL[:16:3] + REAL[23:40:5]:
        print(f"  {domain.name:20} {domain.what}")


def scan(running, output):
    command = programs.stscan(running, output, 2)
    say(f"The scan: {len([line for line in names.lines(REAL) if line[1] or line[2]])} lines of input, the junk among them included.")
    print("$ stscan " + " ".join(command[1:]), flush=True)
    return subprocess.run(command, env=running.environment, stdin=subprocess.DEVNULL).returncode


def kept_scan(output):
    """The scan outlives the lab: it is copied to ./scan-demo."""
    place = os.path.join(os.getcwd(), "scan-demo")
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(output, place)
    if "SUDO_UID" in os.environ:
        for path in (place, *(os.path.join(place, name) for name in os.listdir(place))):
            os.chown(path, int(os.environ["SUDO_UID"]), int(os.environ["SUDO_GID"]))
    return place


def main():
    programs.program("STSCAN"), programs.program("STSTAT")
    lab.isolate()
    lab.stop_on_signals()
    try:
        with lab.Lab() as running:
            explain(running)
            output = os.path.join(running.dir, "scan")
            status = scan(running, output)
            if status:
                print(f"demo: stscan ended with status {status}")
                return status if status > 0 else 128 - status
            say("What it found:")
            status = subprocess.run([programs.program("STSTAT"), "summary", output]).returncode
            place = os.path.relpath(kept_scan(output))
        say(f"The lab is gone again; the scan is in {place}. To go on:")
        stat = os.path.relpath(programs.program("STSTAT"))
        print(f"  {stat} show {place} mx-second.test             # the verdict on one name, step by step\n"
              f"  {stat} summary --json {place}\n  {stat} verify {place}\n"
              f"  zstd -dc {place}/part-*.msgpack.zst | head -c 1000 | od -c     # plain msgpack, for any tool\n"
              "  sudo tests/lab/lab.py run --keep -- bash                       # a shell inside the lab")
        return status
    except lab.LabError as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
