"""What the result page says: a contract document turned into words, ready for the template."""

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

import reader
from service.store import StoredReading

__all__ = ["Advice", "LineView", "ResultView", "StripView", "view_of"]

# Word, sign and sentence: a result is never told by colour alone.
_OUTCOMES = {
    "positive": ("Positive", "+", "A test line is present."),
    "negative": ("Negative", "−", "The control line is present and no test line is."),
    "invalid": ("Invalid", "×", "The test did not work. Its result must not be used."),
    "indeterminate": ("Not clear", "?", "The picture does not tell positive from negative."),
    "not_read": ("Not read", "!", "The picture does not allow a reading."),
    "multiple": ("Several results", "≠", "The tests in this picture differ. See each of them below."),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A warning: what is wrong, what to do, and with which of several tests."""

    what: str
    todo: str
    tests: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of a strip in words."""

    name: str
    role: str
    seen: str
    height: str


@dataclass(frozen=True, slots=True)
class StripView:
    """One strip in words.

    Attributes
    ----------
    number : int
        Its number in the picture.
    outcome : str
        Machine's word, for the style sheet.
    word, sign, sentence : str
        The result for people.
    analytes : tuple of (str, str, str)
        Name, result and confidence of each analyte.
    lines : tuple of LineView
        From the control end.
    """

    number: int
    outcome: str
    word: str
    sign: str
    sentence: str
    analytes: tuple[tuple[str, str, str], ...]
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class ResultView:
    """A reading in words.

    Attributes
    ----------
    id : str
        The reading's id.
    outcome, word, sign, sentence : str
        As for a strip, for the whole picture.
    assay : str
        The assay's name.
    received : str
        When it came, for people.
    software : str
        Version that read it.
    strips : tuple of StripView
        Every strip.
    advice : tuple of Advice
        Each warning once.
    """

    id: str
    outcome: str
    word: str
    sign: str
    sentence: str
    assay: str
    received: str
    software: str
    strips: tuple[StripView, ...]
    advice: tuple[Advice, ...]


def view_of(stored: StoredReading, assay_name: str) -> ResultView:
    """Put a stored reading into words.

    Parameters
    ----------
    stored : StoredReading
        The reading.
    assay_name : str
        What its assay is called.
    """
    document = json.loads(stored.document)
    strips = tuple(_strip(strip) for strip in document["strips"])
    word, sign, sentence = _OUTCOMES[document["outcome"]]
    return ResultView(
        id=stored.id,
        outcome=document["outcome"],
        word=word,
        sign=sign,
        sentence=strips[0].sentence if len(strips) == 1 else sentence,
        assay=assay_name,
        received=_moment(stored.received_at),
        software=stored.software,
        strips=strips,
        advice=_advice(document),
    )


def _strip(strip: dict[str, Any]) -> StripView:
    word, sign, sentence = _OUTCOMES[strip["outcome"]]
    return StripView(
        number=strip["id"],
        outcome=strip["outcome"],
        word=word,
        sign=sign,
        sentence=strip["summary"] or sentence,
        analytes=tuple(_analyte(name, analyte) for name, analyte in strip["analytes"].items()),
        lines=tuple(_line(line) for line in strip["lines"]),
    )


def _analyte(name: str, analyte: dict[str, Any]) -> tuple[str, str, str]:
    confidence = analyte["confidence"]
    told = "" if confidence is None else f"{min(confidence, 0.999):.1%} sure"
    return name, _OUTCOMES[analyte["outcome"]][0], told


def _line(line: dict[str, Any]) -> LineView:
    height, sigma = line["height"], line["height_sigma"]
    told = "not measured" if height is None else f"{height:.3f}".replace("-", "−")
    if None not in {height, sigma}:
        told += f" ± {sigma:.3f}"
    return LineView(
        name=line["name"],
        role="control line" if line["role"] == "control" else "test line",
        seen="present" if line["detected"] else "absent",
        height=told,
    )


def _advice(document: dict[str, Any]) -> tuple[Advice, ...]:
    """Tell each warning once, with the tests it is about when there are several."""
    about: dict[str, list[int]] = {code: [] for code in document["flags"]}
    for strip in document["strips"]:
        for code in strip["flags"]:
            about.setdefault(code, []).append(strip["id"])
    several = len(document["strips"]) > 1
    told = ((reader.FLAGS[code], numbers) for code, numbers in about.items() if code in reader.FLAGS)
    return tuple(
        Advice(flag.what, flag.advice, tuple(numbers) if several else ())
        for flag, numbers in told
        if not flag.technical
    )


def _moment(received_at: str) -> str:
    moment = dt.datetime.fromisoformat(received_at)
    return f"{moment.day} {moment:%B %Y}, {moment:%H:%M} UTC"
