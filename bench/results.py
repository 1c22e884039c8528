"""bench/RESULTS.md: what a run measured, on what, and what follows for large scans."""
import datetime
import inspect
import os
import re
import subprocess

import lib
import projection

PATH = os.path.join(lib.HERE, "RESULTS.md")
LINE = 125


def first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=lib.HERE)
    except OSError:
        return ""
    return (done.stdout or done.stderr).partition("\n")[0].strip()


def value_in(path, pattern):
    """The first group of the first match in a file, or "unknown"."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.M)
    except OSError:
        found = None
    return found.group(1) if found else "unknown"


def libraries(results):
    """What a scan says that it runs with; nothing where there was none."""
    for result in results:
        for samples in result.samples.values():
            if samples[-1].metadata and "libraries" in samples[-1].metadata:
                return samples[-1].metadata["libraries"]
    return []


def version():
    """The commit that is measured."""
    return first_line(["git", "describe", "--always", "--dirty"])


def versions(bench, libraries):
    compiler = value_in(os.path.join(bench.build, "CMakeCache.txt"), r"^CMAKE_C_COMPILER:\w+=(.*)$")
    words = [f"{first_line([lib.run.program('stscan'), '--version'])} ({version()})",
             first_line([compiler, "--version"]), *(libraries or ["libraries unknown: no row with a scan was measured"]), f"Linux {os.uname().release}",
             system()]
    words.append(peer_version(["dnsperf", "-h"]))
    return words


def system():
    return value_in("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)')


def peer_version(command):
    """What a peer says of itself, or nothing where it is not."""
    if lib.find(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return command[0] + (" " + found.group() if found else "")


def machine():
    cpu = value_in("/proc/cpuinfo", r"^model name\s*:\s*(.*)$")
    memory = value_in("/proc/meminfo", r"^MemTotal:\s*(\d+)")
    memory = f", {int(memory) / 2**20:.0f} GiB" if memory.isdigit() else ""
    return f"{os.cpu_count()} cores, {cpu}{memory}"


def table(rows):
    head, *body = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *body])


def number(x):
    return "" if x is None else f"{x:.3g}" if x < 1000 else f"{x:,.0f}"


def line_of(result, verdict):
    if result.skipped:
        return [result.row, result.title, "skipped", "", "", number(result.goal), number(result.stretch), ""]
    peer = "" if result.peer is None else f"{number(result.peer)} ({result.peer_name})"
    ratio = "" if result.ratio is None else f"{result.ratio:.3f}"
    return [result.row, result.title, f"{number(result.ours)} {result.unit}", peer, ratio, number(result.goal),
            number(result.stretch), verdict(result)]


def wrapped(words, indent=""):
    """Paragraphs, broken at LINE."""
    out = []
    for paragraph in words.split("\n\n"):
        line = indent
        for word in paragraph.split():
            if len(line) + len(word) + 1 > LINE and line.strip():
                out.append(line.rstrip())
                line = " " * len(indent)
            line += word + " "
        out += [line.rstrip(), ""]
    return "\n".join(out).rstrip()


def note(result):
    """What is known of a line beside its figures in the table."""
    parts = [f"{label}: {lib.median(samples):.4g} us ({lib.median(samples, 'user_us'):.4g} user, "
             f"{lib.median(samples, 'sys_us'):.4g} system), wall {lib.median(samples, 'wall_s'):.2f} s, {lib.peak(samples)}"
             for label, samples in result.samples.items()]
    parts += [words for words in (result.skipped, result.note) if words]
    return f"{result.title}. " + "; ".join(parts) if parts else ""


def notes(name, row, results):
    lines = [wrapped(words, "- ") for words in [*map(note, results), *results[0].profiles] if words]
    return "\n".join([f"### {name}", "", wrapped(inspect.getdoc(row) or ""), "", *lines])


def other(saved, head, verdict):
    """What another system came to, as a section."""
    measured = saved.results[0].measured
    return [f"## The same on {measured['system']}",
            wrapped(f"At {measured['version']}, {measured['runs']} runs, on {measured['machine']}, with {'; '.join(saved.libraries)}."),
            table([head, *(line_of(result, verdict) for result in saved.results)])]


def text(bench, rows, before, saved, verdict, elsewhere=()):
    results = saved.results
    measured = {result.peer_name: result.peer for result in results
                if result.row == "dns_transport" and result.peer_name in ("massdns", "zdns") and result.peer is not None}
    head = ["row", "what", "ours", "peer", "ratio", "goal", "stretch", ""]
    by_row = {name: [result for result in results if result.row == name] for name in rows}
    missing = [name for name in rows if not by_row[name]]
    scale = "" if bench.scale == 1 else f", at --scale {bench.scale:g}: a small run, for a look only"
    return "\n\n".join([
        "# What the scan costs",
        wrapped(f"Written by `./dev bench --write` on {datetime.date.today()}: medians of {bench.runs} runs{scale}. CPU time, user "
                "and system, of the process that is measured, on loopback; stsim answers at once, on a core of its own. A goal is "
                "the most that ours / peer may be, or ours itself where there is no peer."),
        *([wrapped(before)] if before else []),
        *(["Not measured: " + ", ".join(missing) + "."] if missing else []),
        wrapped("Machine: " + machine() + "."),
        wrapped("Versions: " + "; ".join(filter(None, versions(bench, saved.libraries))) + "."),
        table([head, *(line_of(result, verdict) for result in results)]),
        "## Notes by row",
        *(notes(name, rows[name], by_row[name]) for name in rows if by_row[name]),
        *(part for one in elsewhere for part in other(one, head, verdict)),
        "## Large scans", wrapped(projection.WORDS), table(projection.ours(bench.figures)), wrapped(projection.WORDS_PEERS),
        table(projection.peers(bench.figures, measured))]) + "\n"


def write(bench, rows, before, saved, verdict, elsewhere):
    words = text(bench, rows, before, saved, verdict, elsewhere)  # first: it says whether the tree is as it was committed
    with open(PATH, "w", encoding="utf-8") as file:
        file.write(words)
