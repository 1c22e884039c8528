"""stscan at work for a scenario: on names of its own, with its messages as they come, and signals."""
import os
import signal
import subprocess
import threading
import time

import check
import programs

DONE, STOPPED = 0, 3
LIMIT_SECONDS = 120


def until(what, condition, scan=None):
    """Waits for it; `scan` must be at work until then."""
    limit = time.monotonic() + LIMIT_SECONDS
    while not condition():
        ended = scan and scan.process.poll() is not None
        assert time.monotonic() < limit and not ended, f"waited for: {what}\n{''.join(scan.messages) if scan else ''}"
        time.sleep(0.01)


class Scan:
    """stscan on names of its own, with its messages as they come."""

    def __init__(self, directory, name, domains, servers, *options, lab="127.0.0.0/8,::1"):
        self.out, self.names = os.path.join(directory, name), os.path.join(directory, name + ".txt")
        with open(self.names, "w", encoding="utf-8") as file:
            file.writelines(domain + "\n" for domain in domains)
        self.process = subprocess.Popen(
            [programs.program("STSCAN"), "-f", self.names, "-o", self.out, "-T", "2", "--name-servers", servers, "--lab", lab,
             "--ehlo-name", "lab.test", "--dns-rate", "0", "--per-ip-interval", "0", "--control-rate", "0",
             "--dns-retry-after", "0", "--seed", "1", *options], stderr=subprocess.PIPE, text=True)
        self.messages = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.messages.append(line)

    def said(self, words):
        return [line for line in self.messages if words in line]

    def hang_up(self, words):
        """SIGHUP, and what it said."""
        before = len(self.said(words))
        self.process.send_signal(signal.SIGHUP)
        until(words, lambda: len(self.said(words)) > before or self.process.poll() is not None)
        assert len(self.said(words)) > before, "".join(self.messages)
        return self.said(words)[-1]

    def stop(self):
        for _ in range(2):
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        return self.end(STOPPED)

    def end(self, expected=DONE):
        status = self.process.wait(timeout=LIMIT_SECONDS)
        self.reader.join()
        assert status == expected, f"status {status}: {''.join(self.messages)}"
        programs.verified(self.out, "--input", self.names)
        return check.Scan(self.out)


def write(directory, name, *lines):
    path = os.path.join(directory, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    os.rename(path + ".new", path)
    return path
