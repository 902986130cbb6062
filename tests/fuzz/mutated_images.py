"""Damage whole pictures in every way that happens to files, and see that each is read or refused.

Run ``python -m tests.fuzz.mutated_images --count 2000`` from the repository's root. Reading may return
anything, or raise an `InputError`; every other exception is a failure, and so is a crash.
"""

from __future__ import annotations

import argparse
import importlib
import random
import struct
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reader.errors import InputError
from tests.fuzz.seeds import whole_pictures

Read = Callable[[bytes], object]
Mutation = Callable[[random.Random, bytes, Sequence[bytes]], bytes]

HEADER = 300
"""Most of what a header says stands in a file's first bytes, so that half of all damage goes there."""
LIES = (0, 1, 2, 3, 7, 15, 255, 256, 32767, 65535, 65536, 2**24 - 1, 2**31 - 1, 2**31, 2**32 - 1)


@dataclass(slots=True)
class Result:
    """How many pictures were read and refused, and what else came of them."""

    read: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    slowest: str = ""


def mutated_images(
    count: int, seed: int = 0, pictures: Mapping[str, bytes] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield damaged files with names that say what was done to what; the same for the same seed."""
    pictures = whole_pictures() if pictures is None else pictures
    names, others = sorted(pictures), list(pictures.values())
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        name, mutation = names[number % len(names)], rng.choice(MUTATIONS)
        data = mutation(rng, pictures[name], others)
        if data and rng.random() < 0.2:
            data = rng.choice(MUTATIONS)(rng, data, others)
        if rng.random() < 0.5:
            data = resealed(data)
        yield f"{seed}-{number} {name} {mutation.__name__}", data


def check(read: Read, cases: Iterator[tuple[str, bytes]]) -> Result:
    """Read every damaged file and count what came of it."""
    result = Result()
    for name, data in cases:
        start = time.process_time()
        try:
            read(data)
            result.read += 1
        except InputError as error:
            result.refused[error.code] += 1
        except Exception as error:  # noqa: BLE001 - finding these is what this is for
            result.failures.append(f"{name}: {type(error).__name__}: {error}")
        took = time.process_time() - start
        if took > result.slowest_s:
            result.slowest_s, result.slowest = took, name
    return result


def _place(rng: random.Random, data: bytes) -> int:
    end = len(data) if rng.random() < 0.5 else min(len(data), HEADER)
    return rng.randrange(max(1, end))


def flip_bits(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    damaged = bytearray(data)
    for _bit in range(rng.choice((1, 1, 2, 4, 16, 64))):
        damaged[_place(rng, data) % len(data)] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def truncate(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    return data[: _place(rng, data)]


def lie(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Replace a number by one that makes no sense, in either byte order."""
    kind = rng.choice((">I", "<I", ">H", "<H", "B"))
    size = struct.calcsize(kind)
    at = min(_place(rng, data), max(0, len(data) - size))
    value = rng.choice(LIES) % 256**size
    return data[:at] + struct.pack(kind, value) + data[at + size :]


def swap_sizes(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Exchange two neighbouring numbers, as width and height or offset and length."""
    size = rng.choice((1, 2, 4))
    at = _place(rng, data)
    return data[:at] + data[at + size : at + 2 * size] + data[at : at + size] + data[at + 2 * size :]


def splice(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Put a piece of another file in, in place of as many bytes or between them."""
    other = rng.choice(others)
    start = rng.randrange(len(other))
    piece = other[start : start + rng.choice((4, 12, 50, 400))]
    at = _place(rng, data)
    return data[:at] + piece + data[at + rng.choice((0, len(piece))) :]


def repeat(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at, length = _place(rng, data), rng.choice((4, 20, 100))
    return data[:at] + data[at : at + length] * rng.choice((2, 3, 50)) + data[at + length :]


def cut_out(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    at = _place(rng, data)
    return data[:at] + data[at + rng.choice((1, 2, 12, 100, 1000)) :]


def blank(rng: random.Random, data: bytes, _: Sequence[bytes]) -> bytes:
    """Zero a run, as a lost block of a file system or a broken download leaves it."""
    at = _place(rng, data)
    length = min(rng.choice((4, 64, 512)), len(data) - at)
    return data[:at] + rng.choice((b"\0", b"\xff")) * length + data[at + length :]


def wrong_beginning(rng: random.Random, data: bytes, others: Sequence[bytes]) -> bytes:
    """Give a file the first bytes of another format."""
    length = rng.choice((4, 12, 30))
    return rng.choice(others)[:length] + data[length:]


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    truncate,
    lie,
    swap_sizes,
    splice,
    repeat,
    cut_out,
    blank,
    wrong_beginning,
)


def resealed(data: bytes) -> bytes:
    """Make the checksums of a damaged PNG right again, so that the damage reaches the decoder."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 > len(data):
            break
        parts.append(data[at:end] + struct.pack(">I", zlib.crc32(data[at + 4 : end])))
        at = end + 4
    return b"".join((*parts, data[at:]))


def _load(name: str) -> Read:
    module, _, function = name.partition(":")
    read: Read = getattr(importlib.import_module(module), function)
    return read


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the check from the command line; 1 if anything but a refusal was raised."""
    parser = argparse.ArgumentParser(description="Read damaged pictures; each must be read or refused.")
    parser.add_argument("--count", type=int, default=2000, help="how many damaged pictures (2000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other damage (0)")
    parser.add_argument("--read", default="reader.photo:open_bytes", help="module:function that reads bytes")
    options = parser.parse_args(arguments)
    result = check(_load(options.read), mutated_images(options.count, options.seed))
    refused = ", ".join(f"{code} {n}" for code, n in result.refused.most_common())
    sys.stdout.write(f"{options.count} damaged pictures: {result.read} read, refused: {refused}\n")
    sys.stdout.write(f"slowest: {result.slowest_s:.2f} s ({result.slowest})\n")
    sys.stdout.write(f"other exceptions: {len(result.failures)}\n")
    sys.stdout.writelines(f"  {failure}\n" for failure in result.failures)
    return 1 if result.failures else 0


if __name__ == "__main__":
    raise SystemExit(main())
