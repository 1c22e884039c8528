"""How the tests and the demo call stscan and ststat."""
import os
import subprocess

ATTEMPTS = 3
CONTACT = "postmaster@lab.test"


def program(variable):
    path = os.environ.get(variable, "")
    if not os.access(path, os.X_OK):
        raise SystemExit(f"lab: {variable} must name the program (now {path!r}); ./dev sets it")
    return path


def stscan(running, output, workers=1, *more):
    """The command line of a scan of the whole lab: as fast as can be, second looks after a second, no chance in it."""
    return [program("STSCAN"), "-f", os.path.join(running.dir, "names.csv"), "-o", output, "-T", str(workers),
            "--name-servers", "127.0.0.1", "--lab", "127.0.0.0/8,::1/128", "--ca-file", running.ca,
            "--ehlo-name", "lab.test", "--contact", CONTACT, "--smtp-port", "25", "--https-port", "443",
            "--dns-rate", "0", "--connect-rate", "10000", "--per-ip-interval", "0", "--per-ip-https-rate", "10000",
            "--attempts", str(ATTEMPTS), "--retry-after", "1s", "--tail", "5s", "--control-rate", "0", "--seed", "1",
            "--dns-retry-after", "300ms", *more]


def ststat(command, *args):
    """(exit status, standard output, standard error)."""
    done = subprocess.run([program("STSTAT"), command, *args], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr
