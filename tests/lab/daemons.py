"""Starting, watching and ending processes. Everything is ended by its own pid."""
import os
import shutil
import signal
import subprocess
import time

READY_SECONDS, STOP_SECONDS, OTHERS_SECONDS, COMMAND_SECONDS = 15, 4, 2, 20
WATCHED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD}
claimed = None  # inode of the network namespace that the lab made for itself
SI_KERNEL = 0x80  # siginfo: sent by the kernel, as for Ctrl-C at the terminal


class LabError(Exception):
    """What the user has to know; printed without a traceback."""


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


class Daemon:
    """One daemon in the foreground. Its output goes to a file: a daemon that holds our own pipe would hang a caller."""

    def __init__(self, name, command, log):
        self.name, self.log = name, log
        with open(log + ".out", "wb") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            start_new_session=True)

    def logs(self):
        return tail(self.log + ".out") + (tail(self.log) if os.path.exists(self.log) else "")

    def wait_until(self, ready):
        """Returns when ready() is true; raises LabError with the end of the log if that takes too long."""
        end = time.monotonic() + READY_SECONDS
        while not ready():
            if self.process.poll() is not None:
                raise LabError(f"{self.name} ended with status {self.process.returncode}; its log:\n{self.logs()}")
            if time.monotonic() > end:
                raise LabError(f"{self.name}: no answer within {READY_SECONDS} s; its log:\n{self.logs()}")
            time.sleep(0.01)


class Daemons:
    def __init__(self):
        self.running = []

    def start(self, name, command, log):
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


def network_namespace(pid="self"):
    return os.stat(f"/proc/{pid}/ns/net").st_ino


def others(spare):
    """pid -> command line of every other process in this network namespace, which the lab has made for itself."""
    found, namespace = {}, network_namespace()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(pid) not in spare and network_namespace(pid) == namespace:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    line = f.read().replace(b"\0", b" ").decode(errors="replace").strip()
                with open(f"/proc/{pid}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] != "Z":
                        found[int(pid)] = line
        except OSError:
            continue  # it ended while we looked
    return found


def claim_namespace():
    """Says that this network namespace is ours alone. Never true where anything else is: it could be killed later."""
    global claimed
    with open("/proc/self/net/dev") as f:
        interfaces = [line.split(":")[0].strip() for line in f if ":" in line]
    if interfaces != ["lo"] or others({os.getpid()}):
        raise LabError("this is no fresh network namespace")
    claimed = network_namespace()


def end_others(*spare, send=None):
    """Waits a moment for what is ending anyway, then kills the rest; returns what had to be killed."""
    if claimed != network_namespace():
        return []
    spare, end = {os.getpid(), *spare}, time.monotonic() + OTHERS_SECONDS
    for pid in others(spare) if send else ():
        kill(pid, send)
    while others(spare) and time.monotonic() < end:
        time.sleep(0.01)
    killed = others(spare)
    for pid in killed:
        kill(pid, signal.SIGKILL)
    return [f"{line} ({pid})" for pid, line in killed.items()]


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


class Janitor:
    """A process that cleans up if the lab itself is killed: it reads a pipe that only the lab holds open."""

    def __init__(self, directory):
        read, write = os.pipe()
        self.pid = os.fork()
        if self.pid:
            os.close(read)
            self.pipe = write
            return
        try:
            os.setsid()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            os.close(write)
            if os.read(read, 1) == b"":
                end_others(send=signal.SIGTERM)
                shutil.rmtree(directory, ignore_errors=True)
        finally:
            os._exit(0)

    def dismiss(self):
        os.write(self.pipe, b".")
        os.close(self.pipe)
        os.waitpid(self.pid, 0)


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
                raise LabError(death)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode
