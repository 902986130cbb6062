"""A reading in flat, stable keys and rows: for phones' data collectors, spreadsheets and series."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import reader
from service.kits import UNNAMED
from service.store import StoredReading

__all__ = ["CSV_COLUMNS", "Answer", "answers_of", "csv_rows", "flat_result"]

Flat = dict[str, str | float | int | bool | None]
Kit = reader.Assay | None
_NOTHING: Final[Mapping[str, Any]] = {}
_READING: Final = (
    "id",
    "status",
    "outcome",
    "machine_outcome",
    "human_outcome",
    "reason",
    "reviewed_at",
    "assay",
    "site",
    "operator",
    "subject",
    "lot",
    "taken_at",
    "received_at",
    "software",
)
_NO_KIT: Final = "kit-not-named"
_NAME_THE_KIT: Final = (
    "The kit was not named. In most tests a test line means positive; in some, such as tests for drugs, it "
    "means negative. Send the picture with its kit, or compare with the kit's leaflet."
)
_NUMBERS: Final = ("confidence", "ratio", "ratio_sigma", "concentration")
CSV_COLUMNS: Final = (
    *_READING,
    "image_sha256",
    "image_kept",
    "attention",
    "strip",
    "strip_flags",
    "control_height",
    "control_height_sigma",
    "analyte",
    "result",
    "machine_result",
    "human_result",
    *_NUMBERS,
    "test_height",
    "test_height_sigma",
)
"""What stands in each column of the table of readings."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of one analyte on one strip, by the machine and by a person.

    Attributes
    ----------
    strip : int
        Number of the strip.
    analyte : str
        Id of the analyte.
    machine, human : str or None
        What each says; None where it says nothing.
    numbers : mapping
        The machine's confidence, ratio and concentration.
    line : mapping
        The test line, as the machine measured it.
    """

    strip: int
    analyte: str
    machine: str | None
    human: str | None
    numbers: Mapping[str, Any]
    line: Mapping[str, Any]

    @property
    def counts(self) -> str:
        """The answer that counts: a person's before the machine's."""
        return self.human or self.machine or "not_read"


def answers_of(stored: StoredReading, kit: Kit) -> list[Answer]:
    """Return what is said of each analyte on each strip; nothing where nobody found a strip.

    Parameters
    ----------
    stored : StoredReading
        The reading; one that was erased says nothing.
    kit : Assay or None
        Profile of its kit, where that is still known.
    """
    return _answers(stored, json.loads(stored.document), kit)


def _answers(stored: StoredReading, document: Mapping[str, Any], kit: Kit) -> list[Answer]:
    machine = {strip["id"]: strip for strip in document.get("strips", ())}
    human = {strip["id"]: strip["analytes"] for strip in (stored.human or _NOTHING).get("strips", ())}
    return [
        _answer(kit, number, name, machine.get(number), human.get(number, _NOTHING).get(name))
        for number in sorted({*machine, *human})
        for name in {**machine.get(number, _NOTHING).get("analytes", {}), **human.get(number, _NOTHING)}
    ]


def flat_result(stored: StoredReading, kit: Kit) -> Flat:
    """Return a reading in flat keys that keep their name and meaning.

    Parameters
    ----------
    stored : StoredReading
        The reading.
    kit : Assay or None
        Profile of its kit, where that is still known.

    Returns
    -------
    dict
        With ``result_…`` for each analyte under the kit's own key, be it read or not. Where there are
        several strips, that is ``multiple`` unless they agree, and ``strip1_result_…`` and so on tell each.
    """
    if stored.erased_at is not None:
        return {**dict.fromkeys(_READING), "id": stored.id, "status": stored.status}
    document = json.loads(stored.document)
    found = _answers(stored, document, kit)
    summaries = [strip["summary"] for strip in document["strips"]]
    code = _advice(document, stored) if stored.review is None else None
    flat = _reading(stored) | {
        "version": stored.latest,
        "strips": len({answer.strip for answer in found} | {strip["id"] for strip in document["strips"]}),
        "image_kept": stored.image_removed_at is None,
        "machine_summary": summaries[0] if len(summaries) == 1 else None,
        "advice_code": code,
        "advice": None if code is None else _told(code),
    }
    for name in [analyte.id for analyte in kit.analytes] if kit and not found else []:
        found.append(Answer(1, name, "not_read", None, _NOTHING, _NOTHING))
    return flat | _results(kit, found)


def csv_rows(stored: StoredReading, kit: Kit) -> Iterator[list[str | float | int | bool | None]]:
    """Yield a reading's rows of the table `CSV_COLUMNS`: one for each analyte, at least one."""
    document = json.loads(stored.document)
    strips = {strip["id"]: strip for strip in document["strips"]}
    whole = _reading(stored) | {
        "image_sha256": stored.image_sha256,
        "image_kept": stored.image_removed_at is None,
        "attention": stored.attention,
        "strip_flags": " ".join(document["flags"]) or None,
    }
    answers = _answers(stored, document, kit)
    for answer in answers:
        row = whole | _strip(strips.get(answer.strip, _NOTHING), document["flags"]) | _analyte(answer)
        yield [row.get(column) for column in CSV_COLUMNS]
    if not answers:
        yield [whole.get(column) for column in CSV_COLUMNS]


def _reading(stored: StoredReading) -> Flat:
    human = stored.human or _NOTHING
    said = {"status": stored.status, "outcome": stored.counts, "machine_outcome": stored.outcome}
    judged = {"human_outcome": human.get("outcome"), "reason": human.get("reason")}
    told = {name: getattr(stored, name) for name in _READING if hasattr(stored, name)}
    return {**dict.fromkeys(_READING), **told, **said, **judged}


def _strip(strip: Mapping[str, Any], picture_flags: list[str]) -> Flat:
    lines = strip.get("lines", ())
    control = next((line for line in lines if line["role"] == "control"), _NOTHING)
    return {
        "strip_flags": " ".join([*picture_flags, *strip.get("flags", ())]) or None,
        "control_height": control.get("height"),
        "control_height_sigma": control.get("height_sigma"),
    }


def _analyte(answer: Answer) -> Flat:
    return {
        "strip": answer.strip,
        "analyte": answer.analyte,
        "result": answer.counts,
        "machine_result": answer.machine,
        "human_result": answer.human,
        "test_height": answer.line.get("height"),
        "test_height_sigma": answer.line.get("height_sigma"),
        **{name: answer.numbers.get(name) for name in _NUMBERS},
    }


def _answer(kit: Kit, number: int, name: str, strip: Mapping[str, Any] | None, human: str | None) -> Answer:
    said = (strip or _NOTHING).get("analytes", {}).get(name, _NOTHING)
    line = None if strip is None else reader.line_of(strip, name, kit)
    return Answer(number, name, said.get("outcome"), human, said, line or _NOTHING)


def _results(kit: Kit, found: list[Answer]) -> Flat:
    several = len({answer.strip for answer in found}) > 1
    flat: Flat = {}
    for answer in found:
        key = _key(kit, answer.analyte)
        told = {
            f"result_{key}": answer.counts,
            f"machine_result_{key}": answer.machine,
            f"human_result_{key}": answer.human,
            f"confidence_{key}": answer.numbers.get("confidence"),
        }
        if not several:
            flat |= told
            continue
        flat |= {f"strip{answer.strip}_{name}": value for name, value in told.items()}
        agrees = flat.get(f"result_{key}", answer.counts) == answer.counts
        flat[f"result_{key}"] = answer.counts if agrees else "multiple"
    return flat


def _key(kit: Kit, analyte: str) -> str:
    """Return the kit's own key of an analyte without its ``result_``."""
    known = {spec.id: spec.result_key for spec in (kit.analytes if kit else ())}
    named = known.get(analyte, analyte.lower()).removeprefix("result_")
    return re.sub("[^a-z0-9]+", "_", named)


def _told(code: str) -> str:
    if code == _NO_KIT:
        return _NAME_THE_KIT
    return f"{reader.FLAGS[code].what} {reader.FLAGS[code].advice}"


def _advice(document: Mapping[str, Any], stored: StoredReading) -> str | None:
    """Return the code of what should be done first: name the kit, then what prevents a reading."""
    if stored.assay == UNNAMED and stored.outcome in {"positive", "negative", "multiple"}:
        return _NO_KIT
    codes = [*document["flags"], *(code for strip in document["strips"] for code in strip["flags"])]
    known = [code for code in codes if code in reader.FLAGS and not reader.FLAGS[code].technical]
    return min(known, key=lambda code: not reader.FLAGS[code].rejecting, default=None)
