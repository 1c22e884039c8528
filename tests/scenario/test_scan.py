#!/usr/bin/python3
"""What a user meets at the command line: where records go, what happens when they cannot, how a scan is stopped.

Each test runs the real stscan in a network namespace without any way out, against a name server that knows no name."""
import contextlib
import gzip
import os
import pty
import re
import signal
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import lab  # noqa: E402
from programs import program  # noqa: E402
from scene import DONE, LIMIT_SECONDS, NO_START, OUTPUT, STOPPED, USAGE, Scene  # noqa: E402


class Scan(Scene):
    # --- where records go ---

    def test_directory(self):
        _, err = self.scan("-f", self.names(1000), "-o", "out")
        self.verified(os.path.join(self.dir, "out"))
        self.assertIn("Scan Complete; 1000 names", err)
        self.assertIn("ststat summary out", err)

    def test_new_directory_is_named(self):
        out, _ = self.scan("a.example")
        name = out.decode().strip()
        self.assertRegex(name, r"^scan-\d{8}T\d{6}Z$")
        self.verified(os.path.join(self.dir, name))

    def test_pipe(self):
        out, _ = self.scan("-f", "-", "-o", "-", stdin=b"a.example\nb.example\n")
        path = os.path.join(self.dir, "stream")
        with open(path, "wb") as file:
            file.write(out)
        self.verified(path)

    def test_directory_with_a_scan_is_refused(self):
        self.scan("a.example", "-o", "out")
        _, err = self.scan("b.example", "-o", "out", status=USAGE)
        self.assertRegex(err, r"out: holds a scan already \(part-000001")
        self.verified(os.path.join(self.dir, "out"))

    def test_terminal_is_refused(self):
        outer, inner = pty.openpty()
        done = subprocess.run(self.command("a.example", "-o", "-"), stdout=inner, stderr=subprocess.PIPE, check=False)
        os.close(inner)
        os.close(outer)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn(b"terminal", done.stderr)

    # --- what happens when they cannot ---

    def test_full_disk(self):
        path = os.path.join(self.mount("size=200k"), "out")
        _, err = self.scan("-f", self.names(200000), "-o", path, "--flush-seconds", "1", status=OUTPUT)
        self.assertRegex(err, r"part-000001.msgpack.zst: cannot write: No space left on device")
        self.verified(path)

    def test_read_only_directory(self):
        path = os.path.join(self.mount("ro"), "out")
        _, err = self.scan("a.example", "-o", path, status=OUTPUT)
        self.assertIn("Read-only file system", err)

    def test_missing_parent(self):
        _, err = self.scan("a.example", "-o", "no/such/out", status=OUTPUT)
        self.assertIn("no/such/out: cannot create the directory: No such file or directory", err)

    def test_closed_pipe(self):
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(self.command("a.example", "-o", "-"), stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertIn(b"standard output: cannot write: Broken pipe", done.stderr)

    def test_full_device(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(self.command("a.example", "-o", "-"), stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, OUTPUT)
        self.assertIn(b"No space left", done.stderr)

    # --- stopping ---

    def stop(self, signals, *args, wait=2.0):
        """Signals are sent `wait` s after the last; returns exit status, messages and the seconds since the first."""
        path = self.names(100, "slow-")  # no answer: in flight from the start to the end of the grace
        with open(path, "a", encoding="ascii") as file:
            file.writelines(f"n{i}.example\n" for i in range(200000))
        process = subprocess.Popen(self.command("-f", path, "-o", "out", *args), stderr=subprocess.PIPE, cwd=self.dir)
        time.sleep(wait)
        began = time.monotonic()
        for number in signals:
            process.send_signal(number)
            time.sleep(0.3)
        _, err = process.communicate(timeout=LIMIT_SECONDS)
        return process.returncode, err.decode(), time.monotonic() - began

    def test_interrupt_drains(self):
        status, err, seconds = self.stop([signal.SIGINT], "--grace", "3s", "--dns-rate", "5000")
        self.assertEqual(status, STOPPED, err)
        self.assertIn("stopping", err)
        self.assertIn("Scan Stopped", err)
        self.assertLess(2.5, seconds)
        self.assertLess(seconds, 3 + 10)
        self.assertIn("stopped", self.verified(os.path.join(self.dir, "out")).lower())

    def test_terminate_is_like_interrupt(self):
        status, err, _ = self.stop([signal.SIGTERM], "--grace", "1s", "--dns-rate", "5000")
        self.assertEqual(status, STOPPED, err)
        self.verified(os.path.join(self.dir, "out"))

    def test_second_interrupt_stops_at_once(self):
        status, err, seconds = self.stop([signal.SIGINT, signal.SIGINT], "--grace", "1h", "--dns-rate", "5000")
        self.assertEqual(status, STOPPED, err)
        self.assertLess(seconds, 10)
        self.verified(os.path.join(self.dir, "out"))

    def hung_up_early(self, *args):
        """SIGHUP while the input, a FIFO, is being opened: long before a scan begins."""
        path = os.path.join(self.dir, "fifo")
        os.mkfifo(path)
        process = subprocess.Popen(self.command("-f", path, *args), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=self.dir)
        self.addCleanup(process.kill)
        limit = time.monotonic() + LIMIT_SECONDS
        while True:  # the other end can be opened without waiting when stscan waits for it
            try:
                writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
                break
            except OSError:
                self.assertTrue(time.monotonic() < limit and process.poll() is None)
                time.sleep(0.01)
        process.send_signal(signal.SIGHUP)
        with contextlib.suppress(BrokenPipeError):  # SIGHUP may have ended it by now
            os.write(writer, b"a.example\n")
        os.close(writer)
        _, err = process.communicate(timeout=LIMIT_SECONDS)
        os.unlink(path)
        return process.returncode, err.decode()

    def test_hang_up_before_the_scan(self):
        status, err = self.hung_up_early("-o", "out")
        self.assertEqual(status, DONE, err)
        self.assertIn("SIGHUP: nothing to read again", err)
        self.verified(os.path.join(self.dir, "out"))
        self.assertEqual(self.hung_up_early("--dry-run")[0], -signal.SIGHUP)

    # --- what cannot be ---

    def test_usage(self):
        for args, word in (["--no-such"], "no-such"), (["--window", "abc", "a.example"], "--window"), ([], "name"):
            with self.subTest(args=args):
                _, err = self.scan(*args, status=USAGE)
                self.assertIn(word, err)

    def test_contact_is_wanted(self):
        command = [program("STSCAN"), "--name-servers", "127.0.0.1:5300", "a.example"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.dir, check=False)
        self.assertEqual(done.returncode, USAGE)
        self.assertIn("--contact", done.stderr)
        self.assertEqual(os.listdir(self.dir), [])

    def test_lab_is_no_way_out(self):
        for prefix in ("0.0.0.0/0", "127.0.0.0/8,8.0.0.0/7", "::/0", "192.0.0.0/8"):
            with self.subTest(prefix=prefix):
                command = [program("STSCAN"), "--name-servers", "127.0.0.1", "--lab", prefix, "a.example"]
                done = subprocess.run(command, capture_output=True, text=True, cwd=self.dir, check=False)
                self.assertEqual(done.returncode, USAGE)
                self.assertIn("--lab", done.stderr)

    def test_missing_input(self):
        _, err = self.scan("-f", "none.txt", "-o", "out", status=NO_START)
        self.assertIn("none.txt", err)
        self.assertFalse(os.path.exists(os.path.join(self.dir, "out")))

    def test_bad_ca_file(self):
        _, err = self.scan("a.example", "-o", "out", "--ca-file", self.names(1), status=NO_START, dns_only=False)
        self.assertIn("names.txt", err)
        self.scan("a.example", "-o", "out")  # nothing was left that would be in the way

    def test_damaged_input(self):
        path = os.path.join(self.dir, "names.gz")
        with open(path, "wb") as file:
            file.write(gzip.compress("".join(f"n{i}.example\n" for i in range(5000)).encode())[:-200])
        _, err = self.scan("-f", path, "-o", "out", status=STOPPED)
        self.assertIn("names.gz", err)
        out = self.verified(os.path.join(self.dir, "out"))
        self.assertTrue(re.search(r"\d", out))

    def test_quiet(self):
        out, err = self.scan("-q", "a.example", "-o", "out")
        self.assertEqual((out, err), (b"", ""))


if __name__ == "__main__":
    lab.isolate()
    unittest.main()
