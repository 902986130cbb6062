"""What the result page says: a contract document turned into words, ready for the template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import reader
from service.problems import Problem
from service.store import StoredReading
from service.web.sentences import Sentence, translate
from service.web.words import Words

__all__ = [
    "SIGNS",
    "Advice",
    "LineView",
    "ProblemView",
    "ResultView",
    "StripView",
    "assay_name_in",
    "problem_view",
    "view_of",
]

# Beside its word: a result is never told by colour alone.
SIGNS: Final[Mapping[str, str]] = {
    "positive": "+",
    "negative": "−",
    "invalid": "×",
    "indeterminate": "?",
    "not_read": "!",
    "multiple": "≠",
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
    sentence: Sentence
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
        When it came, RFC 3339.
    software : str
        Version that read it.
    pictured : bool
        Whether its picture is still kept.
    strips : tuple of StripView
        Every strip.
    advice : tuple of Advice
        Each warning once.
    """

    id: str
    outcome: str
    word: str
    sign: str
    sentence: Sentence
    assay: str
    received: str
    software: str
    pictured: bool
    strips: tuple[StripView, ...]
    advice: tuple[Advice, ...]


@dataclass(frozen=True, slots=True)
class ProblemView:
    """A refusal in words.

    Attributes
    ----------
    title, advice : str
        What is wrong, and what to do.
    english : bool
        True when there is no translation of it.
    code : str
        Its stable name.
    request : str
        Under which the log knows the request.
    """

    title: str
    advice: str
    english: bool
    code: str
    request: str


def view_of(stored: StoredReading, assay_name: str, words: Words) -> ResultView:
    """Put a stored reading into words.

    Parameters
    ----------
    stored : StoredReading
        The reading.
    assay_name : str
        What its assay is called, where that is one of the clinic's own.
    words : Words
        Of the page's language.
    """
    document = json.loads(stored.document)
    strips = tuple(_strip(strip, words) for strip in document["strips"])
    outcome = document["outcome"]
    own = Sentence(words(f"outcome.{outcome}.sentence"))
    return ResultView(
        id=stored.id,
        outcome=outcome,
        word=words(f"outcome.{outcome}.word"),
        sign=SIGNS[outcome],
        sentence=strips[0].sentence if len(strips) == 1 else own,
        assay=assay_name_in(words, stored.assay, assay_name),
        received=stored.received_at,
        software=stored.software,
        pictured=stored.image_removed_at is None,
        strips=strips,
        advice=_advice(document, words),
    )


def problem_view(
    problem: Problem, request_id: str, parts: tuple[dict[str, str], ...], words: Words
) -> ProblemView:
    """Put a refusal into words.

    Parameters
    ----------
    problem : Problem
        Why a request was refused.
    request_id : str
        Its number.
    parts : tuple of dict
        Which parts of a form are wrong; the first that the form has a name for is named.
    words : Words
        Of the page's language.
    """
    named = next((key for part in parts if (key := f"form.{part['name']}") in words), None)
    if named is not None:
        told = words("problem.field.title", field=words(named)), words("problem.field.advice"), False
    elif f"problem.{problem.code}.title" in words:
        told = words(f"problem.{problem.code}.title"), words(f"problem.{problem.code}.advice"), False
    else:
        told = problem.title, problem.advice, words.code != "en"
    return ProblemView(*told, problem.code, request_id)


def assay_name_in(words: Words, assay: str, name: str) -> str:
    """Return what an assay is called in a language, or the name it came with."""
    key = f"assay.{assay}"
    return words(key) if key in words else name


def _strip(strip: dict[str, Any], words: Words) -> StripView:
    outcome = strip["outcome"]
    own = Sentence(words(f"outcome.{outcome}.sentence"))
    return StripView(
        number=strip["id"],
        outcome=outcome,
        word=words(f"outcome.{outcome}.word"),
        sign=SIGNS[outcome],
        sentence=translate(strip["summary"], words) if strip["summary"] else own,
        analytes=tuple(_analyte(name, analyte, words) for name, analyte in strip["analytes"].items()),
        lines=tuple(_line(line, words) for line in strip["lines"]),
    )


def _analyte(name: str, analyte: dict[str, Any], words: Words) -> tuple[str, str, str]:
    confidence = analyte["confidence"]
    told = "" if confidence is None else words("result.sure", percent=words.percent(min(confidence, 0.999)))
    return name, words(f"outcome.{analyte['outcome']}.word"), told


def _line(line: dict[str, Any], words: Words) -> LineView:
    height, sigma = line["height"], line["height_sigma"]
    told = words("line.not-measured") if height is None else words.number(height, 3)
    if None not in {height, sigma}:
        told += f" ± {words.number(sigma, 3)}"
    return LineView(
        name=line["name"],
        role=words(f"line.{line['role']}"),
        seen=words("line.present" if line["detected"] else "line.absent"),
        height=told,
    )


def _advice(document: dict[str, Any], words: Words) -> tuple[Advice, ...]:
    """Tell each warning once, with the tests it is about when there are several."""
    about: dict[str, list[int]] = {code: [] for code in document["flags"]}
    for strip in document["strips"]:
        for code in strip["flags"]:
            about.setdefault(code, []).append(strip["id"])
    several = len(document["strips"]) > 1
    return tuple(
        Advice(words(f"flags.{code}.what"), words(f"flags.{code}.advice"), tuple(numbers) if several else ())
        for code, numbers in about.items()
        if code in reader.FLAGS and not reader.FLAGS[code].technical
    )
