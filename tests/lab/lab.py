#!/usr/bin/python3
"""A small internet of real daemons on loopback: knot, unbound, nginx, Postfix and Exim, in a network namespace of
their own.

    lab.py run [--keep] [--scripted] -- COMMAND...
                                        run COMMAND inside the lab; its exit status is ours. With scripted peers too,
                                        and their domains in the list of names
    lab.py names                        print the input list (rank,name lines, with junk among them)

COMMAND finds LAB_DIR (configuration and logs), LAB_CA (the root certificate) and LAB_RESOLVER in its environment.
Ports 25, 53 and 443 are the real ones, no packet can leave, and nothing outside LAB_DIR is written. From Python:

    lab.isolate()                       # starts this program again in a fresh namespace; call it first
    with lab.Lab() as running: ...
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import daemons
import domains
import exim
import expect_scripted
import mail
import names
import pki
import programs
import scripted_server
import web
import zones
from daemons import LabError

PROGRAMS = {"knotd": "knot", "keymgr": "knot or knot-dnssecutils", "unbound": "unbound",
            "nginx": "nginx-light", "postconf": "postfix", "openssl": "openssl", "ip": "iproute2", "zstd": "zstd",
            "unshare": "util-linux", "mount": "mount"}
IPV6 = ("fd00::2/128", "fd00::3/128")  # beside ::1; of scripted peers, and of nobody
KEEP_ENVIRONMENT = re.compile(r"PATH$|TERM$|LANG$|LC_|STSCAN|STSTAT|STSIM|FAULTS_LIBRARY|SOURCE_DIR|LAB_|(A|UB|L|T)SAN_OPTIONS$")
MARK = "STSCAN_LAB_OUTSIDE"  # the network namespace that isolate() came from


def isolate():
    """Returns inside a fresh network and mount namespace, as root; the program starts again on the way there."""
    outside = os.environ.pop(MARK, None)
    if outside and int(outside) != daemons.network_namespace():
        try:
            return daemons.claim_namespace()
        except LabError as error:
            raise SystemExit(f"lab: {error}")
    os.environ[MARK] = str(daemons.network_namespace())
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    fresh = ["unshare", "-n", "-m", "--propagation", "unchanged", "--"]
    again, probe = [*fresh, sys.executable, *sys.argv], [*fresh, "true"]
    if os.geteuid():
        kept = [f"{k}={v}" for k, v in os.environ.items() if k == MARK or KEEP_ENVIRONMENT.match(k)]
        sudo = ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]
        again, probe = [*sudo, "env", *kept, *again], [*sudo, *probe]
    try:
        failed = subprocess.run(probe, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise SystemExit(f"lab: needs root (for a network namespace and ports 25, 53, 443): run it as root, or install "
                         f"sudo ({error})")
    if failed.returncode:
        raise SystemExit("lab: needs root and the right to make a network namespace: run it as root, or let sudo work "
                         f"without a password; in a container, add CAP_SYS_ADMIN\n     {' '.join(probe)}: "
                         f"{failed.stderr.strip()}")
    sys.stdout.flush()
    os.execvp(again[0], again)


def missing_programs():
    missing = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if not exim.binary():
        missing.add("exim4-daemon-light (./dev setup unpacks it)")
    if missing:
        raise LabError("not installed: " + ", ".join(sorted(missing)))


def reachable_temp():
    """A parent for the temporary directory that user postfix can pass through."""
    for base in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        path, passable = os.path.abspath(base), True
        while path != "/":
            passable, path = passable and os.path.isdir(path) and os.stat(path).st_mode & 1, os.path.dirname(path)
        if passable:
            return base
    raise LabError("no temporary directory that other users can pass through")


def packets_without_route():
    """In this network namespace there are routes to loopback only; the kernel counts what was meant for elsewhere."""
    count = 0
    with open("/proc/self/net/snmp") as f:
        names, values = [line.split() for line in f if line.startswith("Ip:")][:2]
        count += int(values[names.index("OutNoRoutes")])
    if os.path.exists("/proc/self/net/snmp6"):
        with open("/proc/self/net/snmp6") as f:
            count += sum(int(line.split()[1]) for line in f if line.startswith("Ip6OutNoRoutes"))
    return count


class Lab:
    """The running lab. `dir`, `ca`, `environment`; `seconds` says how long the start took. `scripted`: with the peers
    that do what real daemons do not; a scan of those takes long."""

    def __init__(self, keep=False, scripted=False):
        self.keep, self.scripted = keep, scripted
        self.daemons = daemons.Daemons()
        self.dir = self.janitor = None

    def __enter__(self):
        begin = time.monotonic()
        try:
            self._prepare()
            self._start()
        except BaseException as error:
            self.stop()
            if isinstance(error, RuntimeError):
                raise LabError(str(error)) from error
            raise
        self.seconds = time.monotonic() - begin
        self.strays = packets_without_route()  # knotd 3.4 looks its host's name up when it starts
        return self

    def __exit__(self, kind, *_):
        """What was scanned into the lab's directory is whole, or was stopped and says so."""
        try:
            if kind is None and "STSTAT" in os.environ:
                for path in programs.scans(self.dir):
                    programs.verified(path)
        finally:
            self.stop()

    def _prepare(self):
        if daemons.claimed is None:
            raise LabError("isolate() comes first")
        missing_programs()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        for address in IPV6:
            subprocess.run(["ip", "-6", "addr", "add", address, "dev", "lo"], check=True)
        self.dir = tempfile.mkdtemp(prefix="stscan-lab-", dir=reachable_temp())
        self.janitor = daemons.Janitor(self.dir)
        os.chmod(self.dir, 0o755)
        self.pki = os.path.join(self.dir, "pki")
        self.ca = os.path.join(self.pki, "root.pem")
        self.environment = dict(os.environ, LAB_DIR=self.dir, LAB_CA=self.ca, LAB_RESOLVER=zones.RESOLVER)
        self._resolv_conf()
        with open(os.path.join(self.dir, "names.csv"), "wb") as f:
            f.write(names.csv(domains.DOMAINS if self.scripted else domains.REAL))
        pki.make(self.pki, web.leaves() + mail.leaves() + exim.leaves() + (expect_scripted.leaves() if self.scripted else []))

    def _resolv_conf(self):
        """For commands that use the system's resolver. In a chroot that is no mount point it stays as it is: a mount
        there could not be kept from the rest of the machine."""
        resolv = os.path.join(self.dir, "resolv.conf")
        with open(resolv, "w") as f:
            f.write(f"nameserver {zones.RESOLVER}\n")
        if subprocess.run(["mount", "--make-rprivate", "/"], stderr=subprocess.DEVNULL).returncode == 0 \
                and os.path.exists("/etc/resolv.conf"):
            subprocess.run(["mount", "--bind", resolv, os.path.realpath("/etc/resolv.conf")], check=True)

    def _start(self):
        """Each daemon gets going while the next is configured; unbound starts only when its authority answers."""
        at = {part: os.path.join(self.dir, part) for part in ("web", "mail", "exim", "dns", "refuser", "scripted")}
        os.mkdir(at["scripted"])
        scripted = self.daemons.start("scripted peers", scripted_server.command(at["scripted"], self.pki),
                                      at["scripted"] + "/error.log") if self.scripted else None
        web.configure(at["web"], self.pki)
        nginx = self.daemons.start("nginx", web.command(at["web"]), at["web"] + "/error.log")
        mail.configure(at["mail"], self.pki)
        postfix = self.daemons.start("postfix", mail.command(at["mail"]), at["mail"] + "/log/mail.log")
        exim.configure(at["exim"], self.pki)
        second = self.daemons.start("exim", exim.command(at["exim"]), at["exim"] + "/log/mainlog")
        zones.configure_refuser(at["refuser"])
        refuser = self.daemons.start("knotd", zones.command(at["refuser"]), at["refuser"] + "/knotd.log")
        zones.configure(at["dns"], self.pki)
        knotd = self.daemons.start("knotd", zones.command(at["dns"]), at["dns"] + "/knotd.log")
        knotd.wait_until(zones.authority_ready)
        unbound = self.daemons.start("unbound", [daemons.unconfined("unbound", at["dns"]), "-d", "-c",
                                                 at["dns"] + "/unbound.conf"], at["dns"] + "/unbound.log")
        unbound.wait_until(zones.resolver_ready)
        refuser.wait_until(zones.refuser_ready)
        nginx.wait_until(lambda: web.ready(self.pki))
        postfix.wait_until(mail.ready)
        second.wait_until(exim.ready)
        if scripted:
            scripted.wait_until(lambda: scripted_server.ready(at["scripted"]))

    def packets_astray(self):
        """How often anything tried to reach an address outside loopback since the lab is up."""
        return packets_without_route() - self.strays

    def stop(self):
        """Ends every daemon, then makes sure that nothing else lives in this network namespace. Never raises."""
        kept = {s: signal.signal(s, signal.SIG_IGN) for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.daemons.stop()
        self.left_over = daemons.end_others(self.janitor.pid if self.janitor else 0)
        if self.left_over:
            print("lab: had to end: " + ", ".join(self.left_over), file=sys.stderr)
        if self.dir and self.keep:
            print(f"lab: kept {self.dir}", file=sys.stderr)
        elif self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)
        if self.janitor:
            self.janitor.dismiss()
        for number, handler in kept.items():
            signal.signal(number, handler)


def stop_on_signals():
    """Before a command runs: SIGTERM and SIGHUP leave by way of the clean-up, as SIGINT does in Python anyway."""
    def leave(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)


def run(command, keep, scripted):
    stop_on_signals()
    with Lab(keep, scripted) as lab:
        status = daemons.run_foreground(command, lab.environment, lab.daemons)
    return status or (1 if lab.left_over else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="what", required=True)
    commands.add_parser("names")
    runner = commands.add_parser("run")
    runner.add_argument("--keep", action="store_true", help="leave LAB_DIR there afterwards")
    runner.add_argument("--scripted", action="store_true", help="with the scripted peers")
    runner.add_argument("command", nargs="+", metavar="COMMAND")
    args = parser.parse_args()
    if args.what == "names":
        sys.stdout.buffer.write(names.csv(domains.REAL))
        return 0
    isolate()
    try:
        return run(args.command, args.keep, args.scripted)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


if __name__ == "__main__":
    sys.exit(main())
