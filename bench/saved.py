"""What was measured, in a file: that of --json, and bench/RESULTS.json, which --write keeps beside bench/RESULTS.md so that
single rows can be measured anew. bench/RESULTS.NAME.json: what --json has written on another system."""
import glob
import json
import os
from dataclasses import asdict, dataclass, fields

import lib
import results as report

PATH = os.path.join(lib.HERE, "RESULTS.json")
NOT_KEPT = ("out", "metadata", "dir")  # of a Sample


@dataclass
class Saved:
    results: list
    libraries: list  # that the scans ran with


def how(bench):
    """How a run measures, for Result.measured."""
    return {"version": report.version(), "runs": bench.runs, "scale": bench.scale, "machine": report.machine(),
            "system": report.system()}


def plain(result):
    found = {**asdict(result), "profiles": getattr(result, "profiles", []), "row": result.row, "title": result.title,
             "judged": result.judged, "measured": result.measured}
    for samples in found["samples"].values():
        for sample in samples:
            for name in NOT_KEPT:
                del sample[name]
    return found


def restored(found):
    result = lib.Result(**{field.name: found[field.name] for field in fields(lib.Result)})
    result.samples = {label: [lib.Sample(**sample) for sample in samples] for label, samples in result.samples.items()}
    for name in ("row", "title", "judged", "profiles", "measured"):
        setattr(result, name, found[name])
    return result


def write(path, saved):
    """A line for each Result. An old file stays whole until the new one is."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        lines = ",\n".join(json.dumps(plain(result)) for result in saved.results)
        file.write(f'{{"libraries": {json.dumps(saved.libraries)},\n"results": [\n{lines}\n]}}\n')
    os.replace(path + ".new", path)


def read(path):
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        return Saved([restored(result) for result in found["results"]], found["libraries"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise lib.Error(f"{path}: not what --json has written: {error}") from error


def elsewhere():
    """Of other systems."""
    return [read(path) for path in sorted(glob.glob(PATH.replace(".json", ".*.json")))]


def together(saved, now):
    """`now` with the rows that it does not have: each of the first that has it."""
    every = list(now.results)
    for other in saved:
        known = {result.row for result in every}
        every += [result for result in other.results if result.row not in known]
    libraries = next((one.libraries for one in (now, *saved) if one.libraries), [])
    return Saved(sorted(every, key=lambda result: result.row), libraries)


def said(results, now):
    """Which rows were not measured as `now` says, in words."""
    rows = {}
    for result in results:
        if result.measured != now:
            m = result.measured
            where = "" if m["machine"] == now["machine"] else f", on {m['machine']}"
            words = f"at {m['version']}, {m['runs']} runs, --scale {m['scale']:g}{where}"
            rows.setdefault(words, {})[result.row] = None
    return "\n\n".join(f"Measured before, {words}: {', '.join(names)}." for words, names in rows.items())
