"""Accuracy on the real photos: read them, score them, and hold the numbers that were reached.

    python benchmarks/photos.py read PHOTOS readings.jsonl      reads every picture, in two processes
    python benchmarks/photos.py score PHOTOS readings.jsonl     prints the numbers
    python benchmarks/photos.py check PHOTOS readings.jsonl     fails if one is worse than recorded
    python benchmarks/photos.py record PHOTOS readings.jsonl    raises benchmarks/photos.json where beaten

PHOTOS is a folder with the labelled photos and their ``score.py``, whose definitions are used. The
photos themselves are no part of this repository.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import math
import re
import runpy
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

RECORD = Path(__file__).with_name("photos.json")

# Decoders differ by a grey level between versions, which may move a picture or two across a limit.
TOLERANCE = 0.004
LOWER_IS_BETTER = frozenset({"wrong_share", "unused_called", "lines_unexplained", "repeat_cv"})
COUNTS = frozenset({"pictures", "unused_called"})
MEANING = {
    "pictures": "pictures with a reading",
    "crops_mean": "crops: mean of sensitivity and specificity, no-calls wrong",
    "crops_sensitivity": "crops: sensitivity, no-calls wrong",
    "crops_specificity": "crops: specificity, no-calls wrong",
    "crops_mean_called": "crops: mean of sensitivity and specificity among the called",
    "crops_called": "crops: share called",
    "photos_right": "photos: right",
    "wrong_share": "all: called but wrong",
    "unused_called": "unused or failed tests called positive or negative",
    "lines_found": "labelled lines found",
    "lines_unexplained": "detected lines that no label explains",
    "devices_found": "pictures of several devices: devices found",
    "devices_right": "pictures of several devices: outcomes right",
    "spearman": "line height against the eye's score: Spearman",
    "repeat_cv": "two photos of one line: median CV of height",
}

Readings = dict[str, dict[str, Any]]
Tally = Mapping[str, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=["read", "score", "check", "record"])
    parser.add_argument("photos", type=Path)
    parser.add_argument("readings", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    if options.what == "read":
        read(options.photos, options.readings, options.processes)
        return
    numbers = score(options.photos, options.readings)
    recorded = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    print(table(numbers, recorded))
    if options.what == "record":
        RECORD.write_text(json.dumps(raised(numbers, recorded), indent=2) + "\n", encoding="utf-8")
    if options.what == "check":
        sys.exit(verdict(numbers, recorded))


def read(photos: Path, readings: Path, processes: int) -> None:
    """Read every picture below a folder with several `lfa read` side by side."""
    from reader.cli.inputs import list_inputs  # noqa: PLC0415 - the other commands need no reader

    start = time.perf_counter()
    sources = [entry.source for entry in list_inputs([str(photos)], recursive=True).inputs]
    parts = [readings.with_suffix(f".part{k}") for k in range(processes)]
    running = [start_reading(sources[k::processes], part) for k, part in enumerate(parts)]
    codes = [process.wait() for process in running]
    readings.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    seconds = time.perf_counter() - start
    print(f"{len(sources)} pictures in {seconds:.0f} s with {processes} processes, exit codes {codes}")
    if not set(codes) <= {0, 3}:
        sys.exit("Reading failed.")


def start_reading(sources: Sequence[str], part: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "import reader.cli; reader.cli.main()", "read", "--json", "--quiet"]
    with part.open("wb") as stream:
        return subprocess.Popen([*command, *sources], stdout=stream)


def score(photos: Path, readings: Path) -> dict[str, float]:
    """Return every number, by the definitions of the photos' own scoring script."""
    script = runpy.run_path(str(photos / "score.py"), run_name="score")
    found: Readings = script["load"](readings, photos)
    labels: list[dict[str, str]] = script["rows"](photos / "labels.csv")
    tallies = outcome_tallies(labels, found)
    numbers = {"pictures": float(len(found)), **outcome_numbers(tallies)}
    numbers |= line_numbers(printed(script["line_boxes"], photos, found))
    numbers |= device_numbers(printed(script["several_strips"], photos, found))
    numbers |= eye_numbers(printed(script["visual_scores"], photos, with_measured_lines(found)))
    return {name: int(value) if name in COUNTS else round(value, 4) for name, value in numbers.items()}


def outcome_tallies(labels: Sequence[dict[str, str]], found: Readings) -> dict[str, Tally]:
    """Count ``expected>got`` for crops and photos; pictures of one physical test weigh as one."""
    usable = [row for row in labels if row["usable"] == "1" and row["kind"] != "multi"]
    size: dict[str, int] = defaultdict(int)
    for row in usable:
        size[row["source"] + row["group"]] += 1
    tallies: dict[str, dict[str, float]] = {"crops": defaultdict(float), "photos": defaultdict(float)}
    for row in usable:
        weight = 1 / size[row["source"] + row["group"]] if row["group"] else 1.0
        got = found.get(row["path"], {}).get("outcome", "not_read")
        got = got if got in {"positive", "negative", "invalid"} else "no_call"
        kind = "crops" if row["kind"] == "crop" else "photos"
        tallies[kind][f"{row['expected_result']}>{got}"] += weight
        if row["expected_result"] == "invalid" and got in {"positive", "negative"}:
            tallies[kind]["unused called"] += 1
    return {kind: dict(tally) for kind, tally in tallies.items()}


def outcome_numbers(tallies: Mapping[str, Tally]) -> dict[str, float]:
    crops, photos = tallies["crops"], tallies["photos"]
    sensitivity, specificity = (share(crops, o, called_only=False) for o in ("positive", "negative"))
    called = [share(crops, o, called_only=True) for o in ("positive", "negative")]
    everything = total(crops) + total(photos)
    wrong = total(crops) - right(crops) - no_calls(crops) + total(photos) - right(photos) - no_calls(photos)
    return {
        "crops_mean": (sensitivity + specificity) / 2,
        "crops_sensitivity": sensitivity,
        "crops_specificity": specificity,
        "crops_mean_called": sum(called) / 2,
        "crops_called": 1 - no_calls(crops) / total(crops),
        "photos_right": right(photos) / total(photos),
        "wrong_share": wrong / everything,
        "unused_called": crops.get("unused called", 0) + photos.get("unused called", 0),
    }


def total(tally: Tally) -> float:
    return sum(value for key, value in tally.items() if ">" in key)


def right(tally: Tally) -> float:
    return sum(tally.get(f"{outcome}>{outcome}", 0.0) for outcome in ("positive", "negative", "invalid"))


def no_calls(tally: Tally) -> float:
    return sum(value for key, value in tally.items() if key.endswith(">no_call"))


def share(tally: Tally, outcome: str, *, called_only: bool) -> float:
    """Share of the tests with this outcome that were read so."""
    own = {k: v for k, v in tally.items() if k.startswith(f"{outcome}>")}
    if called_only:
        own.pop(f"{outcome}>no_call", None)
    return own.get(f"{outcome}>{outcome}", 0.0) / (sum(own.values()) or math.nan)


def printed(function: Callable[[Path, Readings], None], photos: Path, found: Readings) -> str:
    """Return what a function of the scoring script prints."""
    stream = io.StringIO()
    with redirect_stdout(stream):
        function(photos, found)
    return stream.getvalue()


def line_numbers(text: str) -> dict[str, float]:
    pairs = [(int(a), int(b)) for a, b in re.findall(r"lines +found (\d+)/(\d+)", text)]
    unexplained = sum(int(n) for n in re.findall(r"no box explains +(\d+)", text))
    hits, labelled = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    return {
        "lines_found": hits / (labelled or math.nan),
        "lines_unexplained": unexplained / ((hits + unexplained) or math.nan),
    }


def device_numbers(text: str) -> dict[str, float]:
    rows = re.findall(r"strips (\d+)/(\d+), outcomes right (\d+)/\d+", text)
    want = sum(int(n) for _, n, _ in rows) or math.nan
    return {
        "devices_found": sum(min(int(got), int(n)) for got, n, _ in rows) / want,
        "devices_right": sum(int(agree) for *_, agree in rows) / want,
    }


def eye_numbers(text: str) -> dict[str, float]:
    spearman = re.search(r"Spearman (-?[\d.]+|nan)", text)
    cv = re.search(r"median CV (-?[\d.]+|nan)", text)
    return {
        "spearman": float(spearman[1]) if spearman else math.nan,
        "repeat_cv": float(cv[1]) if cv else math.nan,
    }


def with_measured_lines(found: Readings) -> Readings:
    """Leave out lines without place or height, with which the scoring script cannot compare."""
    kept = copy.deepcopy(found)
    for document in kept.values():
        for strip in document.get("strips", []):
            strip["lines"] = [
                line for line in strip["lines"] if line["center"] is not None and line["height"] is not None
            ]
    return kept


def table(numbers: Mapping[str, float], recorded: Mapping[str, float]) -> str:
    rows = [f"{'':62} {'now':>8} {'recorded':>9}"]
    for name, value in numbers.items():
        was = recorded.get(name)
        mark = "  worse" if worse(name, value, was) else ""
        rows.append(f"{MEANING[name]:62} {value:>8} {'-' if was is None else was:>9}{mark}")
    return "\n".join(rows)


def worse(name: str, value: float, recorded: float | None) -> bool:
    if recorded is None or math.isnan(recorded):
        return False
    if math.isnan(value):
        return True
    loss = value - recorded if name in LOWER_IS_BETTER else recorded - value
    return loss > (0 if name in COUNTS else TOLERANCE)


def raised(numbers: Mapping[str, float], recorded: Mapping[str, float]) -> dict[str, float]:
    """Return the better of each number and its record: a record is beaten, never lowered."""
    best = {name: (min if name in LOWER_IS_BETTER else max) for name in numbers}
    return {name: best[name](value, recorded.get(name, value)) for name, value in numbers.items()}


def verdict(numbers: Mapping[str, float], recorded: Mapping[str, float]) -> int:
    """Return 1 when nothing is recorded, or a number is missing or worse than recorded."""
    if not recorded:
        print("Nothing is recorded: run `python benchmarks/photos.py record PHOTOS readings.jsonl`.")
        return 1
    bad = [name for name in recorded if name not in numbers or worse(name, numbers[name], recorded[name])]
    print("Worse than recorded: " + ", ".join(bad) if bad else "No number is worse than recorded.")
    return int(bool(bad))


if __name__ == "__main__":
    main()
