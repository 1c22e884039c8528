"""What scenarios at the command line share: stscan in a network namespace without any way out, a name server that knows no
name, a directory to work in."""
import os
import subprocess
import tempfile
import unittest

from programs import program, ststat
from responder import Responder

DONE, USAGE, NO_START, STOPPED, OUTPUT = range(5)
LIMIT_SECONDS = 60


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
        self.addCleanup(self.temp.cleanup)

    def command(self, *args, dns_only=True):
        rest = ["--no-starttls", "--fetch-policy", "never"] if dns_only else []
        return [program("STSCAN"), "--name-servers", self.responder.servers, "--lab", "127.0.0.0/8", "--dns-rate", "0", "--window",
                "500", "-T", "2", *rest, *args]

    def scan(self, *args, status=DONE, stdin=None, **options):
        done = subprocess.run(self.command(*args, **options), input=stdin, capture_output=True, timeout=LIMIT_SECONDS,
                              check=False, cwd=self.dir)
        self.assertEqual(done.returncode, status, done.stderr.decode())
        return done.stdout, done.stderr.decode()

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

    def verified(self, path):
        status, out, err = ststat("verify", path)
        self.assertEqual(status, 0, out + err)
        return out
