"""Writing a large run: time, memory and size of its tables.

    python benchmarks/export.py [--rows 10000000] [--to parquet csv jsonl]

One thread. Each format is written in a process of its own, from readings that are made as they are needed;
its memory is the most that the process takes, interpreter and libraries included. How long a run's own files
take to be read is not timed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import reader
from reader.batch.parts import Item
from reader.export.csv import csv_file
from reader.export.jsonl import jsonl_file
from reader.export.parquet import parquet_file
from reader.export.rows import Table
from reader.simulate import cassette, render, scene

FORMATS = {"parquet": parquet_file, "csv": csv_file, "jsonl": jsonl_file}


def made(count: int) -> Iterator[Item]:
    """Yield readings of one strip and analyte each, no two alike in path and digest."""
    lines = {"C": 0.45, "T": 0.15}
    picture = render(scene([cassette(lines, code="bench")], size_px=(600, 800)), np.random.default_rng(1))
    text = json.dumps(reader.read_bytes(picture.encode("JPEG")).to_dict())
    for k in range(count):
        # Parsed anew each time, as from a part: no two readings share their objects.
        yield Item(f"site-{k % 97:02}/photo-{k:08}.jpg", f"{k:064x}", json.loads(text), None, None)


def write(kind: str, count: int) -> str:
    """Write a run's table in this process and say what it took."""
    table = Table()
    with tempfile.TemporaryDirectory() as folder:
        path, start = Path(folder, "out"), time.perf_counter()
        with FORMATS[kind](path, table) as put:
            for item in made(count):
                put(item, table.rows(item))
        took, size = time.perf_counter() - start, path.stat().st_size / 1e6
    return f"{kind}: {count:,} rows in {took:.1f} s ({count / took:,.0f} a second), file {size:.1f} MB"


def most_memory() -> float:
    """Return the most memory that this process has taken, MB."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def main() -> None:
    """Run each format in a process of its own."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--to", nargs="+", choices=FORMATS, default=list(FORMATS))
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        print(f"{write(chosen.to[0], chosen.rows)}, memory {most_memory():.0f} MB")
        return
    for kind in chosen.to:
        command = [sys.executable, __file__, "--here", "--rows", str(chosen.rows), "--to", kind]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
