"""Where the CPU time of a command goes, by sampling: perf, where it is installed. The clock is that of the kernel
(cpu-clock), since virtual machines seldom have counters of cycles."""
import re
import shutil
import subprocess

HZ = 499
ROW = re.compile(r"\s*(\d+\.\d+)%\s+(?:\[[.k]\] )?(\S+)")  # columns of no use may follow


def here():
    return shutil.which("perf") is not None


def before(data):
    """The words before a command whose samples go into the file `data`."""
    return ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(HZ), "-o", data, "--"]


def shares(data, key):
    """[(per cent, name)], the largest first; key: dso or symbol."""
    report = subprocess.run(["perf", "report", "-q", "-i", data, "--stdio", "--no-children", "-g", "none", "-s", key],
                            capture_output=True, text=True, check=False).stdout
    rows = [ROW.match(row) for row in report.splitlines()]
    return sorted(((float(row.group(1)), row.group(2)) for row in rows if row), reverse=True)


def words(data, most=8, least=1.0):
    """The largest by library and by function, in a line."""
    def line(key):
        return ", ".join(f"{name} {share:.0f} %" for share, name in shares(data, key)[:most] if share >= least)
    return f"{line('dso')}; {line('symbol')}"
