"""What the review pages say: what waits for a look, and what is said of one reading."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reader
from service.answers import OVERRIDE_REASONS, Said
from service.attention import Attention
from service.store import StoredReading, StoredVersion
from service.view import SIGNS, analyte_name
from service.web.words import Words

__all__ = ["SAID", "Choice", "Opinion", "Waiting", "choices_of", "opinions_of", "reasons_in", "waiting_of"]

SAID: tuple[Said, ...] = ("positive", "negative", "indeterminate", "invalid", "not_read")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reading in the list: its answer, and why a person should look."""

    id: str
    outcome: str
    word: str
    sign: str
    kit: str
    site: str
    received: str
    why: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person said: the answer, when, and why it is not the machine's."""

    outcome: str
    word: str
    said_at: str
    reason: str
    analytes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer that can be given: the form's field and what it is called."""

    field: str
    label: str


def waiting_of(stored: StoredReading, kits: Callable[[str], str], t: Words) -> Waiting:
    """Put a reading of the list into words."""
    document = json.loads(stored.document)
    codes = [*document["flags"], *(code for strip in document["strips"] for code in strip["flags"])]
    outcome = stored.counts
    return Waiting(
        id=stored.id,
        outcome=outcome,
        word=t(f"outcome.{outcome}.word"),
        sign=SIGNS[outcome],
        kit=kits(stored.assay),
        site=stored.site,
        received=stored.received_at,
        why=t(f"review.why.{stored.attention}") if stored.attention > Attention.ROUTINE else "",
        warnings=tuple(t(f"flags.{code}.what") for code in dict.fromkeys(codes) if _is_warning(code, t)),
    )


def opinions_of(versions: Sequence[StoredVersion], kit: reader.Assay | None, t: Words) -> tuple[Opinion, ...]:
    """Put what persons have said into words, the newest first."""
    return tuple(_opinion(version, kit, t) for version in reversed(versions) if version.kind == "review")


def choices_of(stored: StoredReading, kit: reader.Assay | None, t: Words) -> tuple[Choice, ...]:
    """Return the answers that can be given otherwise: one for each analyte on each strip.

    A picture without a strip is taken for one strip of its kit; a kit that names no analytes has one answer
    for the whole picture.
    """
    strips: list[Mapping[str, Any]] = json.loads(stored.document)["strips"] or [{"id": 1, "analytes": {}}]
    named = [analyte.id for analyte in (kit.analytes if kit else ())]
    found = [(strip["id"], name) for strip in strips for name in (strip["analytes"] or named)]
    if not found:
        return (Choice("outcome", t("review.answer")),)
    several = len(strips) > 1
    return tuple(
        Choice(f"answer.{number}.{name}", _label(t, number, analyte_name(kit, name), several=several))
        for number, name in found
    )


def reasons_in(t: Words) -> tuple[tuple[str, str], ...]:
    """Return the codes of the reasons for another answer, and their words."""
    return tuple((code, t(f"review.reason.{code}")) for code in OVERRIDE_REASONS)


def _label(t: Words, number: int, analyte: str, *, several: bool) -> str:
    if several:
        return t("review.answer-test", analyte=analyte, number=number)
    return t("review.answer-for", analyte=analyte)


def _opinion(version: StoredVersion, kit: reader.Assay | None, t: Words) -> Opinion:
    document = json.loads(version.document)
    numbers = len(document["strips"]) > 1
    several = [
        (f"{name} ({strip['id']})" if numbers else name, t(f"outcome.{said}.word"))
        for strip in document["strips"]
        for analyte, said in strip["analytes"].items()
        for name in (analyte_name(kit, analyte),)
    ]
    return Opinion(
        outcome=version.outcome,
        word=t(f"outcome.{version.outcome}.word"),
        said_at=version.created_at,
        reason=t(f"review.reason.{version.reason}") if version.reason else "",
        analytes=tuple(several) if len(several) > 1 else (),
    )


def _is_warning(code: str, t: Words) -> bool:
    return f"flags.{code}.what" in t and code in reader.FLAGS and not reader.FLAGS[code].technical
