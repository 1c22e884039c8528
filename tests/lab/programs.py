"""How the tests and the demo call stscan and ststat."""
import os
import re
import subprocess

ATTEMPTS = 3
GREETING_SECONDS, DIALOG_SECONDS = 2, 3  # what a peer that says nothing costs, each time; longer where it is busy
CONTACT = "postmaster@lab.test"


def program(variable):
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"lab: {variable} must name the program (now {path!r}); ./dev sets it")
    return path


def is_sanitized():
    with open(program("STSCAN"), "rb") as f:
        return bool(re.search(b"__[at]san_init", f.read()))


def patience():
    """By how much deadlines must be longer: where others are at work on this machine, and with a sanitizer."""
    return min(3, max(1, os.getloadavg()[0] / (os.cpu_count() or 1))) * (2 if is_sanitized() else 1)


def seconds(n):
    return f"{n * patience() * 1000:.0f}ms"


def pace(running):
    """As fast as can be; but where there are scripted peers, deadlines are short, and there are so few beginnings a
    second that nobody is late for want of a processor."""
    if not running.scripted:
        return ["--connect-rate", "10000", "--tail", "5s"]
    return ["--connect-rate", "100", "--tail", seconds(60), "--connect-timeout", seconds(GREETING_SECONDS),
            "--greeting-timeout", seconds(GREETING_SECONDS), "--smtp-timeout", seconds(DIALOG_SECONDS),
            "--policy-timeout", seconds(DIALOG_SECONDS)]


def stscan(running, output, workers=1, *more):
    """The command line of a scan of the whole lab: second looks after a second, no chance in it."""
    return [program("STSCAN"), "-f", os.path.join(running.dir, "names.csv"), "-o", output, "-T", str(workers),
            "--name-servers", "127.0.0.1", "--lab", "127.0.0.0/8,::1/128,fd00::/64", "--ca-file", running.ca,
            "--probe-nxdomain", "test", "--probe-signed", "enforce.test", "--probe-bogus", "bogus.test",
            "--ehlo-name", "lab.test", "--contact", CONTACT, "--smtp-port", "25", "--https-port", "443",
            "--dns-rate", "0", "--per-ip-interval", "0", "--per-ip-https-rate", "10000",
            "--attempts", str(ATTEMPTS), "--retry-after", "1s", "--control-rate", "0", "--seed", "1",
            "--dns-retry-after", "300ms", *pace(running), *more]


def ststat(command, *args):
    """(exit status, standard output, standard error)."""
    done = subprocess.run([program("STSTAT"), command, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def verified(path, *options):
    """`ststat verify` has nothing against the scan, at its end or where it was stopped: what it says."""
    status, out, err = ststat("verify", *options, path)
    assert status == 0, out + err
    return out


def scans(directory):
    """Every directory of a scan in there."""
    return [path for path, _, files in os.walk(directory) if any(re.match(r"part-\d{6}\.msgpack\.zst$", f) for f in files)]
