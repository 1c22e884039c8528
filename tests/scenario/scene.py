"""What scenarios at the command line share: stscan in a network namespace without any way out, a name server that knows no
name, a directory to work in."""
import os
import struct
import subprocess
import tempfile
import unittest

import programs
from programs import program
from responder import Responder

DONE, USAGE, NO_START, STOPPED, OUTPUT = range(5)
LIMIT_SECONDS = 150
FRAME_MAGIC = struct.pack("<I", 0x184D2A53)  # sinks/SCHEMA.md, files and frames


class Scene(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        cls.responder = Responder()

    @classmethod
    def tearDownClass(cls):
        cls.responder.close()

    def setUp(self):
        self.temp = tempfile.TemporaryDirectory()
        self.dir = self.temp.name
        self.damaged = set()  # scans that a test has damaged on purpose
        self.addCleanup(self.temp.cleanup)
        self.addCleanup(self.verify_all)

    def verify_all(self):
        """Whatever a test leaves: scans at their end, stopped or killed."""
        for path in programs.scans(self.dir):
            if os.path.basename(path) not in self.damaged:
                programs.verified(path)

    def command(self, *args, dns_only=True):
        rest = ["--no-starttls", "--fetch-policy", "never"] if dns_only else []
        return [program("STSCAN"), "--name-servers", self.responder.servers, "--lab", "127.0.0.0/8", "--dns-rate", "0", "--window",
                "500", "-T", "2", *rest, *args]

    def scan(self, *args, status=DONE, stdin=None, **options):
        done = subprocess.run(self.command(*args, **options), input=stdin, capture_output=True, timeout=LIMIT_SECONDS,
                              check=False, cwd=self.dir)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        if done.stdout.startswith(FRAME_MAGIC):
            self.verify_stream(done.stdout)
        return done.stdout, done.stderr.decode()

    @staticmethod
    def verify_stream(data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            programs.verified(file.name)

    def names(self, count, prefix="n"):
        path = os.path.join(self.dir, "names.txt")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{prefix}{i}.example\n" for i in range(count))
        return path

    def mount(self, options):
        path = os.path.join(self.dir, "mount")
        os.mkdir(path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.addCleanup(subprocess.run, ["umount", path], check=True)
        return path

    @staticmethod
    def verified(path, *options):
        return programs.verified(path, *options)
