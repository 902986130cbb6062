"""How often a picture's outcome changes with what does not concern its test: turn, size, light, compression.

    python benchmarks/changes.py FOLDER [--every 1] [--processes N] [--changed]

Each picture below FOLDER, or each N-th, is read as it is and again turned, shrunk, compressed, darkened and
tinted, one thing at a time: but for the compressed ones, pictures are handed over without loss. Prints for
each change the share of pictures whose outcome stays, and of those that go from positive to negative or back.
``--changed`` lists the pictures. Exit code 1 if fewer outcomes stay, or more are turned over, than allowed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import NDArray

import reader
from reader.cli.inputs import list_inputs
from reader.colour import linear_light, srgb_encode
from reader.errors import InputError
from reader.evaluate.intervals import share
from reader.reading import Outcome

Pixels = NDArray[np.uint8]

STAYING, OVER = 0.97, 0.005  # share of outcomes that must stay, and of calls that may be turned over
OPPOSITE = {frozenset({Outcome.POSITIVE, Outcome.NEGATIVE})}


def turned(pixels: Pixels, degrees: float) -> Pixels:
    """Turn a picture about its middle; what comes into view goes on as the picture ends."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(pixels, round(degrees / 90)))
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (int(np.ceil(width * cos + height * sin)), int(np.ceil(width * sin + height * cos)))
    matrix[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    look = cv2.warpAffine(pixels, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(look, np.uint8)


def shrunk(pixels: Pixels, share: float) -> Pixels:
    """Return a picture of fewer pixels."""
    return np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def lit(pixels: Pixels, gains: tuple[float, float, float]) -> Pixels:
    """Change the light of each channel."""
    light = np.minimum(linear_light(pixels) * np.array(gains, np.float32), 1.0)
    return (srgb_encode(light) * 255).round().astype(np.uint8)


# What is done to the pixels, and the quality of the JPEG in which they are handed over; None for a PNG.
CHANGES: Mapping[str, tuple[Callable[[Pixels], Pixels], int | None]] = MappingProxyType(
    {
        **{f"turned by {d}": (partial(turned, degrees=d), None) for d in (0, 37, 90, 180, 270)},
        "half the size": (partial(shrunk, share=0.5), None),
        "JPEG quality 95": (lambda pixels: pixels, 95),
        "JPEG quality 70": (lambda pixels: pixels, 70),
        "light x 0.6": (partial(lit, gains=(0.6, 0.6, 0.6)), None),
        "red +15 %, blue -15 %": (partial(lit, gains=(1.15, 1.0, 0.85)), None),
        "red -15 %, blue +15 %": (partial(lit, gains=(0.85, 1.0, 1.15)), None),
    }
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcome of a picture, and of the same picture with each change."""

    source: str
    plain: Outcome
    changed: Mapping[str, Outcome]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take each N-th picture only")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--changed", action="store_true", help="list the pictures whose outcome changes")
    options = parser.parse_args()
    sources = [entry.source for entry in list_inputs([str(options.folder)], recursive=True).inputs]
    with multiprocessing.Pool(options.processes) as pool:
        seen = [s for s in pool.imap(look, sources[:: options.every], chunksize=4) if s is not None]
    if options.changed:
        list_changed(seen)
    sys.exit(int(not report(seen)))


def look(source: str) -> Seen | None:
    """Read a picture as it is and with each change; None if it is no picture."""
    cv2.setNumThreads(1)
    try:
        photo = reader.open_file(source)
    except InputError:
        return None
    pixels = photo.pixels
    codes = (pixels >> (8 * (pixels.itemsize - 1))).astype(np.uint8)
    changed = {name: outcome_of(change(codes), quality) for name, (change, quality) in CHANGES.items()}
    return Seen(source, reader.read_photo(photo).outcome, changed)


def outcome_of(pixels: Pixels, quality: int | None) -> Outcome:
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    if quality is None:
        _, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    else:
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    try:
        return reader.read_bytes(data.tobytes()).outcome
    except InputError:
        return Outcome.NOT_READ


def report(seen: Sequence[Seen]) -> bool:
    """Print the shares for each change and all of them; return whether they are as they should be."""
    print(f"{len(seen)} pictures\n{'change':24}{'outcome stays':>30}{'turned over':>14}")
    rows = {name: [(s.plain, s.changed[name]) for s in seen] for name in CHANGES}
    rows["all"] = [pair for pairs in rows.values() for pair in pairs]
    for name, pairs in rows.items():
        same, over = sum(a is b for a, b in pairs), sum({a, b} in OPPOSITE for a, b in pairs)
        stays = share(same, len(pairs))
        told = f"{stays.value:.1%} ({stays.low:.1%} to {stays.high:.1%})"
        print(f"{name:24}{told:>30}{over / len(pairs):>14.2%}")
    return same >= STAYING * len(pairs) and over <= OVER * len(pairs)


def list_changed(seen: Sequence[Seen]) -> None:
    for s in seen:
        for name, outcome in s.changed.items():
            if outcome is not s.plain:
                print(f"{s.plain.value:>14} -> {outcome.value:14}{name:24}{s.source}")


if __name__ == "__main__":
    main()
