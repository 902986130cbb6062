"""Accuracy on the real photos: read them, score them, and hold the numbers that were reached.

    python benchmarks/photos.py read PHOTOS readings.jsonl      reads every picture, in two processes
    python benchmarks/photos.py score PHOTOS readings.jsonl     prints the numbers, also of the kept-out third
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
from typing import Any, NamedTuple

from kept_out import is_kept_out

from reader.cli.inputs import list_inputs
from reader.evaluate.intervals import wilson

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


class Estimate(NamedTuple):
    """A number with its 95 % interval; all nan where there is no test."""

    value: float
    low: float
    high: float


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
    if options.what == "score":
        print(kept_out_table(*labelled_and_found(options.photos, options.readings)))
    if options.what == "record":
        RECORD.write_text(json.dumps(raised(numbers, recorded), indent=2) + "\n", encoding="utf-8")
    if options.what == "check":
        sys.exit(verdict(numbers, recorded))


def read(photos: Path, readings: Path, processes: int) -> None:
    """Read every picture below a folder with several `lfa read` side by side."""
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
    script = scoring_script(photos)
    labels, found = labelled_and_found(photos, readings)
    tallies = outcome_tallies(labels, found)
    numbers = {"pictures": float(len(found)), **outcome_numbers(tallies)}
    numbers |= line_numbers(printed(script["line_boxes"], photos, found))
    numbers |= device_numbers(printed(script["several_strips"], photos, found))
    numbers |= eye_numbers(printed(script["visual_scores"], photos, with_measured_lines(found)))
    return {name: int(value) if name in COUNTS else round(value, 4) for name, value in numbers.items()}


def scoring_script(photos: Path) -> dict[str, Any]:
    return runpy.run_path(str(photos / "score.py"), run_name="score")


def labelled_and_found(photos: Path, readings: Path) -> tuple[list[dict[str, str]], Readings]:
    """Return the labels and, by path, the readings."""
    script = scoring_script(photos)
    return script["rows"](photos / "labels.csv"), script["load"](readings, photos)


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
    sensitivity, specificity = (share(crops, o, called_only=False).value for o in ("positive", "negative"))
    return {
        "crops_mean": (sensitivity + specificity) / 2,
        "crops_sensitivity": sensitivity,
        "crops_specificity": specificity,
        **{name: estimate.value for name, estimate in estimates(tallies).items()},
        "unused_called": crops.get("unused called", 0) + photos.get("unused called", 0),
    }


def estimates(tallies: Mapping[str, Tally]) -> dict[str, Estimate]:
    """Return what is compared between the kept-out third and the rest."""
    crops, photos = tallies["crops"], tallies["photos"]
    answers = [share(crops, o, called_only=False) for o in ("positive", "negative")]
    called = [share(crops, o, called_only=True) for o in ("positive", "negative")]
    wrong = sum(total(tally) - right(tally) - no_calls(tally) for tally in (crops, photos))
    return {
        "crops_mean": mean(*answers),
        "crops_mean_called": mean(*called),
        "crops_called": estimated(total(crops) - no_calls(crops), total(crops)),
        "photos_right": estimated(right(photos), total(photos)),
        "wrong_share": estimated(wrong, total(crops) + total(photos)),
    }


def total(tally: Tally) -> float:
    return sum(value for key, value in tally.items() if ">" in key)


def right(tally: Tally) -> float:
    return sum(tally.get(f"{outcome}>{outcome}", 0.0) for outcome in ("positive", "negative", "invalid"))


def no_calls(tally: Tally) -> float:
    return sum(value for key, value in tally.items() if key.endswith(">no_call"))


def share(tally: Tally, outcome: str, *, called_only: bool) -> Estimate:
    """Share of the tests with this outcome that were read so."""
    own = {k: v for k, v in tally.items() if k.startswith(f"{outcome}>")}
    if called_only:
        own.pop(f"{outcome}>no_call", None)
    return estimated(own.get(f"{outcome}>{outcome}", 0.0), sum(own.values()))


def estimated(part: float, whole: float) -> Estimate:
    """Return a share of so many tests."""
    return Estimate(part / whole, *wilson(part, whole)) if whole > 0 else Estimate(*3 * (math.nan,))


def difference(a: Estimate, b: Estimate) -> Estimate:
    """Return a − b, its interval by squaring and adding (method 10 of Newcombe, Stat. Med. 17 (1998) 873)."""
    value = a.value - b.value
    low = value - math.hypot(a.value - a.low, b.high - b.value)
    high = value + math.hypot(a.high - a.value, b.value - b.low)
    return Estimate(value, low, high)


def mean(a: Estimate, b: Estimate) -> Estimate:
    """Return the mean of two shares of different tests: half of a − (−b)."""
    twice = difference(a, Estimate(-b.value, -b.high, -b.low))
    return Estimate(*(number / 2 for number in twice))


def kept_out_table(labels: Sequence[dict[str, str]], found: Readings) -> str:
    """Return the outcomes in the third that no fit has seen, in the rest, and how far these are apart."""
    parts = [
        outcome_tallies([row for row in labels if is_kept_out(row) == kept], found) for kept in (True, False)
    ]
    tests = " and ".join(f"{total(t['crops']):.1f} + {total(t['photos']):.1f}" for t in parts)
    rows = [
        "",
        f"Kept out of every fit, and the rest: crops and photos of {tests} tests; 95 % intervals",
        f"{'':62} {'kept out':^22} {'the rest':^22} {'difference':^25}",
    ]
    kept, rest = (estimates(part) for part in parts)
    for name, own in kept.items():
        apart = difference(own, rest[name])
        cells = [f"{e.value:.3f} ({e.low:.3f} to {e.high:.3f})" for e in (own, rest[name])]
        cells.append(f"{apart.value:+.3f} ({apart.low:+.3f} to {apart.high:+.3f})")
        rows.append(f"{MEANING[name]:62} {'  '.join(cells)}")
    return "\n".join(rows)


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
