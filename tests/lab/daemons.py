"""Starting, watching and ending processes. Everything is ended by its own pid."""
import ctypes
import os
import shutil
import signal
import subprocess
import threading
import time

READY_SECONDS, STOP_SECONDS, COMMAND_SECONDS = 15, 4, 20
WATCHED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
SI_KERNEL = 0x80  # siginfo: sent by the kernel, as for Ctrl-C at the terminal
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class DaemonError(Exception):
    pass


def tail(path, lines=15):
    try:
        with open(path, errors="replace") as f:
            return "".join(f.readlines()[-lines:])
    except OSError as error:
        return f"(no log: {error})\n"


def unconfined(program, directory):
    """Debian's AppArmor profile for /usr/sbin/unbound allows /etc/unbound only; it does not apply to a copy."""
    path = shutil.which(program)
    try:
        with open("/sys/module/apparmor/parameters/enabled") as f:
            return shutil.copy(path, directory) if f.read().startswith("Y") else path
    except OSError:
        return path


def before_exec():
    """In the child: end when the lab does, whatever ends it. (The kernel means the thread that started the child.)"""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Daemon:
    """One daemon in the foreground. Its output goes to a file: a daemon that holds our own pipe would hang a caller."""

    def __init__(self, name, command, log):
        self.name, self.log = name, log
        with open(log + ".out", "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True, preexec_fn=before_exec)

    def logs(self):
        return tail(self.log + ".out") + (tail(self.log) if os.path.exists(self.log) else "")

    def wait_until(self, ready):
        """Returns when ready() is true; raises DaemonError with the end of the log if that takes too long."""
        end = time.monotonic() + READY_SECONDS
        while not ready():
            if self.process.poll() is not None:
                raise DaemonError(f"{self.name} ended with status {self.process.returncode}; its log:\n{self.logs()}")
            if time.monotonic() > end:
                raise DaemonError(f"{self.name}: no answer within {READY_SECONDS} s; its log:\n{self.logs()}")
            time.sleep(0.01)


class Daemons:
    def __init__(self):
        self.running = []

    def start(self, name, command, log):
        assert threading.current_thread() is threading.main_thread()
        self.running.append(Daemon(name, command, log))
        return self.running[-1]

    def dead(self):
        return [f"{d.name} ended with status {d.process.returncode}; its log:\n{d.logs()}"
                for d in self.running if d.process.poll() is not None]

    def stop(self):
        for daemon in self.running:
            daemon.process.terminate()
        end = time.monotonic() + STOP_SECONDS
        for daemon in self.running:
            try:
                daemon.process.wait(max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                daemon.process.kill()
                daemon.process.wait()
        self.running = []


def others(namespace):
    """pid -> command line of every other process in this network namespace, which the lab has made for itself."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(pid) != os.getpid() and os.stat(f"/proc/{pid}/ns/net").st_ino == namespace:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
                with open(f"/proc/{pid}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found[int(pid)] = line
        except OSError:
            continue  # it ended while we looked
    return found


def end_others(namespace):
    """Waits a moment for what is ending anyway, then kills the rest; returns what had to be killed."""
    end = time.monotonic() + 2
    while others(namespace) and time.monotonic() < end:
        time.sleep(0.01)
    killed = others(namespace)
    for pid in killed:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return [f"{line} ({pid})" for pid, line in killed.items()]


def run_foreground(command, environment, daemons):
    """Runs the command to its end; its status. A signal sent to us is passed on once, Ctrl-C reaches it anyway."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    process = subprocess.Popen(command, env=environment,
                               preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED))
    stop_by = None
    try:
        while process.poll() is None:
            info = signal.sigtimedwait(WATCHED, 0.5)
            if info and info.si_signo != signal.SIGCHLD:
                stop_by = stop_by or time.monotonic() + COMMAND_SECONDS
                if info.si_code != SI_KERNEL:
                    process.send_signal(info.si_signo)
            if stop_by and time.monotonic() > stop_by:
                process.kill()
            for death in daemons.dead():
                raise DaemonError(death)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
