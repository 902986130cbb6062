"""What the result page says: a contract document turned into words, ready for the template."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import reader
from service.kits import UNNAMED, Kits
from service.problems import Problem
from service.store import StoredReading
from service.web.sentences import Sentence, translate
from service.web.words import Words

__all__ = [
    "CODES",
    "SIGNS",
    "Advice",
    "LineView",
    "ProblemView",
    "ResultView",
    "StripView",
    "analyte_name",
    "kit_names",
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
CODES: Final = ("subject", "lot", "operator")
"""What a sender may tell beside a picture, by its name in the form and in the store."""
# Who looks at a result is often another than who took the picture and gave a code of their own.
_TOLD: Final[Mapping[str, str]] = {
    "subject": "form.subject",
    "lot": "form.lot",
    "operator": "result.operator",
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
    word, sign : str
        The result for people.
    sentence : Sentence or None
        What the reader says of it; None where a person says otherwise.
    analytes : tuple of (str, str, str)
        Name, result and confidence of each analyte; without a confidence where a person says otherwise.
    lines : tuple of LineView
        From the control end.
    """

    number: int
    outcome: str
    word: str
    sign: str
    sentence: Sentence | None
    analytes: tuple[tuple[str, str, str], ...]
    lines: tuple[LineView, ...]


@dataclass(frozen=True, slots=True)
class ResultView:
    """A reading in words: the answer that counts, a person's where there is one.

    Attributes
    ----------
    id : str
        The reading's id.
    outcome, word, sign, sentence : str
        As for a strip, for the whole picture.
    person : str
        Whether a person has looked, and what the reader had said.
    assay : str
        The assay's name.
    codes : tuple of (str, str)
        What the sender told beside the picture: its name for people, and what it is.
    received : str
        When it came, RFC 3339.
    software : str
        Version that read it.
    has_picture : bool
        Whether the picture is still kept.
    marked : bool
        Whether a line was found, which the picture shows marked.
    strips : tuple of StripView
        Every strip.
    advice : tuple of Advice
        Each warning once.
    """

    id: str
    outcome: str
    word: str
    sign: str
    sentence: Sentence | None
    person: str
    assay: str
    codes: tuple[tuple[str, str], ...]
    received: str
    software: str
    has_picture: bool
    marked: bool
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


def view_of(
    stored: StoredReading, kit_name: str, words: Words, kit: reader.Assay | None = None
) -> ResultView:
    """Put a stored reading into words.

    Parameters
    ----------
    stored : StoredReading
        The reading.
    kit_name : str
        What its kit is called in the page's language.
    words : Words
        Of the page's language.
    kit : Assay, optional
        Profile of its kit, which names the analytes.
    """
    document = json.loads(stored.document)
    human = stored.human
    counts = document if human is None else human
    strips = _strips(document, counts, kit, words)
    same = counts["outcome"] == document["outcome"]
    own = Sentence(words(f"outcome.{counts['outcome']}.sentence")) if same else None
    return ResultView(
        id=stored.id,
        outcome=counts["outcome"],
        word=words(f"outcome.{counts['outcome']}.word"),
        sign=SIGNS[counts["outcome"]],
        sentence=strips[0].sentence if len(strips) == 1 else own,
        person=_person(human, document["outcome"], words),
        assay=kit_name,
        codes=tuple((words(_TOLD[name]), code) for name in CODES if (code := getattr(stored, name))),
        received=stored.received_at,
        software=stored.software,
        has_picture=stored.image_removed_at is None,
        marked=any(line["detected"] for strip in document["strips"] for line in strip["lines"]),
        strips=strips,
        advice=(*_caution(stored.assay, strips, words), *_advice(document, words)),
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


def kit_names(words: Words, kits: Kits) -> dict[str, str]:
    """Return what each kit is called in a language, or else in its profile, by id."""
    names = {id_: (f"assay.{id_}", kit.name) for id_, kit in kits.items()}
    return {id_: words(key) if key in words else own for id_, (key, own) in names.items()}


def analyte_name(kit: reader.Assay | None, analyte: str) -> str:
    """Return what a kit calls an analyte, or else its id: each line of an unnamed kit has its own."""
    named = (spec.name for spec in (kit.analytes if kit else ()) if spec.id == analyte)
    return next(named, analyte)


def _person(human: Mapping[str, Any] | None, machine: str, words: Words) -> str:
    """Say whether a person has looked; what the reader said is told wherever that one says otherwise."""
    if human is None:
        return words("result.preliminary")
    if human["decision"] == "confirm":
        return words("result.confirmed")
    return words("result.decided", word=words(f"outcome.{machine}.word"))


def _strips(
    document: Mapping[str, Any], counts: Mapping[str, Any], kit: reader.Assay | None, words: Words
) -> tuple[StripView, ...]:
    """Put each strip into words as the answer says that counts; a person may see more of them."""
    machine = {strip["id"]: strip for strip in document["strips"]}
    return tuple(_strip(machine.get(said["id"]), said, kit, words) for said in counts["strips"])


def _strip(
    machine: Mapping[str, Any] | None, said: Mapping[str, Any], kit: reader.Assay | None, words: Words
) -> StripView:
    outcome, answers = said["outcome"], _answers(said)
    seen: Mapping[str, Any] = machine or {"summary": "", "analytes": {}, "lines": ()}
    same = machine is not None and outcome == machine["outcome"] and answers == _answers(machine)
    return StripView(
        number=said["id"],
        outcome=outcome,
        word=words(f"outcome.{outcome}.word"),
        sign=SIGNS[outcome],
        sentence=translate(seen["summary"], words) if same and seen["summary"] else None,
        analytes=tuple(
            (analyte_name(kit, name), *_told(said, seen["analytes"].get(name, {}), words))
            for name, said in answers.items()
        ),
        lines=tuple(_line(line, words) for line in seen["lines"]),
    )


def _answers(strip: Mapping[str, Any]) -> dict[str, str]:
    """Return the answers by analyte, of the reader's document or of a review."""
    return {
        name: said if isinstance(said, str) else said["outcome"] for name, said in strip["analytes"].items()
    }


def _told(outcome: str, seen: Mapping[str, Any], words: Words) -> tuple[str, str]:
    confidence = seen.get("confidence") if seen.get("outcome") == outcome else None
    told = "" if confidence is None else words("result.sure", percent=words.percent(min(confidence, 0.999)))
    return words(f"outcome.{outcome}.word"), told


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


def _caution(assay: str, strips: tuple[StripView, ...], words: Words) -> tuple[Advice, ...]:
    """Say of an answer without a kit that a line can mean either: competitive tests show it when negative."""
    if assay != UNNAMED or {strip.outcome for strip in strips}.isdisjoint({"positive", "negative"}):
        return ()
    return (Advice(words("result.kit-not-named.what"), words("result.kit-not-named.advice")),)


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
