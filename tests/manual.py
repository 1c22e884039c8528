#!/usr/bin/python3
"""The manual of ststat has a section for each command with all that its help says: analysis/manual.sh."""
import os
import re
import subprocess

STSTAT = os.environ["STSTAT"]
SCRIPT = os.path.join(os.environ["SOURCE_DIR"], "analysis", "manual.sh")


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def shown(roff):
    """What a reader sees of a section."""
    assert roff.startswith(".nf\n") and roff.endswith(".fi\n"), roff
    lines = roff.splitlines(keepends=True)[1:-1]
    assert not [line for line in lines if line[0] in ".'"], roff
    return "".join(lines).replace("\\&", "").replace("\\-", "-").replace("\\e", "\\")


def main():
    commands = re.findall(r"^  (\w+) ", said(STSTAT, "--help").split("\nCommands\n")[1].split("\n\n")[0], re.M)
    commands.remove("help")
    pieces = re.split(r"^\[ststat (\w+)\]\n", said(SCRIPT, STSTAT), flags=re.M)
    assert len(commands) > 5 and pieces[0] == "" and pieces[1::2] == commands, (commands, pieces[1::2])
    for command, roff in zip(commands, pieces[2::2]):
        assert shown(roff) == said(STSTAT, "help", command), roff


main()
