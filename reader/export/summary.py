"""The numbers of a run, counted picture by picture, and the pictures that a person should look at first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reader import errors
from reader.batch.parts import Item
from reader.export.rows import error_text
from reader.flags import FLAGS
from reader.reading import Outcome

__all__ = ["BIN", "BINS", "Failure", "Pick", "Summary"]

MOST_EXAMPLES = 5  # names of pictures beside each kind of failure
BIN, BINS = 0.02, 50  # absorbance to a bar, and bars: the last holds all higher lines
WORST_FIRST = (Outcome.INDETERMINATE, Outcome.NOT_READ)
WEAK = "weak-control"
_KNOWN = {error.code: error for error in (getattr(errors, name) for name in errors.__all__)}


@dataclass(slots=True)
class Failure:
    """One reason for which pictures gave no reading: what is wrong, what to do, how many and which."""

    code: str
    what: str
    advice: str
    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, path: str) -> None:
        """Count one more picture."""
        self.count += 1
        if len(self.examples) < MOST_EXAMPLES:
            self.examples.append(path)


@dataclass(frozen=True, slots=True, order=True)
class Pick:
    """A picture of the gallery, in the order in which pictures should be looked at.

    Attributes
    ----------
    rank : int
        0 for what is indeterminate, then what was not read, has a weak control line, is invalid; the rest.
    confidence : float
        Of its least certain answer.
    number : int
        Its place in the run.
    item : Item
        What was read.
    """

    rank: int
    confidence: float
    number: int
    item: Item = field(compare=False)


@dataclass(slots=True)
class Summary:
    """What a run came to, as far as it was added.

    Attributes
    ----------
    most : int
        Pictures that are kept for the gallery.
    pictures, duplicates, different : int
        How many there are, how many of them have the bytes of another, and how many different ones were read.
    outcomes : Counter of Outcome
        Of pictures that were read.
    failures, unread : dict of str to Failure
        By code: files that are no pictures, and pictures that do not allow a reading.
    heights : dict of str to list of int
        For control and test lines that are there, how many are how high, in steps of 0.02 absorbance.
    versions : Counter of str
        Versions of the software that read them.
    picks : list of Pick
        Kept for the gallery, with more than `most` among them until `first_picks` is asked for.
    """

    most: int
    pictures: int = 0
    duplicates: int = 0
    different: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    failures: dict[str, Failure] = field(default_factory=dict)
    unread: dict[str, Failure] = field(default_factory=dict)
    heights: dict[str, list[int]] = field(default_factory=lambda: {"control": [0] * BINS, "test": [0] * BINS})
    versions: Counter[str] = field(default_factory=Counter)
    picks: list[Pick] = field(default_factory=list)

    def add(self, item: Item) -> None:
        """Count one more picture."""
        self.pictures += 1
        self.duplicates += item.same_as is not None
        if item.error is not None:
            self._failed(item, item.error)
        if item.reading is not None:
            self._read(item, item.reading)

    def first_picks(self) -> list[Pick]:
        """Return the pictures that should be looked at first, no more than `most`."""
        self.picks = sorted(self.picks)[: self.most]
        return self.picks

    def _failed(self, item: Item, error: Mapping[str, Any]) -> None:
        code = error["code"]
        if code not in self.failures:
            what, advice = error_text(error)
            if (known := _KNOWN.get(code)) is not None:
                # The class speaks of all such files, the message of one.
                what, advice = known().message, known.advice
            self.failures[code] = Failure(code, what, advice)
        self.failures[code].add(item.path)

    def _read(self, item: Item, reading: Mapping[str, Any]) -> None:
        self.outcomes[Outcome(reading["outcome"])] += 1
        self.versions[reading["software"]["version"]] += 1
        for code in _reasons(reading):
            flag = FLAGS[code]
            self.unread.setdefault(code, Failure(code, flag.what, flag.advice)).add(item.path)
        for line in (line for strip in reading["strips"] for line in strip["lines"]):
            if line["detected"] and line["height"] is not None:
                self.heights[line["role"]][min(BINS - 1, max(0, int(line["height"] / BIN)))] += 1
        if item.same_as is None:
            self.different += 1
            self.picks.append(Pick(*_urgency(reading), self.pictures, item))
            if len(self.picks) > 2 * self.most:
                self.first_picks()


def _reasons(reading: Mapping[str, Any]) -> list[str]:
    """Return the flags that forbade a reading of the picture or one of its strips, each once."""
    parts: Iterable[Mapping[str, Any]] = (reading, *reading["strips"])
    codes = [code for part in parts if part["outcome"] == Outcome.NOT_READ for code in part["flags"]]
    return [code for code in dict.fromkeys(codes) if code in FLAGS and FLAGS[code].rejecting]


def _urgency(reading: Mapping[str, Any]) -> tuple[int, float]:
    """Return the rank of a reading and the confidence of its least certain answer."""
    strips = reading["strips"]
    answers = [answer for strip in strips for answer in strip["analytes"].values()]
    outcomes = {reading["outcome"], *(part["outcome"] for part in (*strips, *answers))}
    tests = (
        *(outcome in outcomes for outcome in WORST_FIRST),
        any(WEAK in strip["flags"] for strip in strips),
        Outcome.INVALID in outcomes,
        True,
    )
    sure = [answer["confidence"] for answer in answers if answer["confidence"] is not None]
    return tests.index(True), min(sure, default=0.0)
