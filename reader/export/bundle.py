"""One reading as a FHIR R4 bundle, with what is known of it beside the machine's document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reader.export.fhir import Resource, bundle_entry, reading_resources
from reader.interpret import Assay

__all__ = ["Confirmed", "fhir_bundle"]

_NUMBERS = ("confidence", "ratio", "ratio_sigma", "concentration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What is known of a reading beside the machine's document.

    Attributes
    ----------
    status : {"preliminary", "final", "corrected"}
        How far the answer is settled.
    answers : mapping of int to mapping of str to str
        A person's answers by number of the strip and id of the analyte; they go before the machine's.
    note : str
        What is said beside a person's answers.
    subject : str or None
        Pseudonym of whom the test is.
    taken_at, issued : str or None
        When the picture was taken, and when the answer was given, RFC 3339.
    lot : str or None
        The kit's lot.
    key : str or None
        From what the resources' ids are made; the picture's digest where None. Give the reading's own id
        where a picture may be sent twice.
    """

    status: Literal["preliminary", "final", "corrected"] = "preliminary"
    answers: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    note: str = ""
    subject: str | None = None
    taken_at: str | None = None
    issued: str | None = None
    lot: str | None = None
    key: str | None = None


def fhir_bundle(document: Mapping[str, Any], assay: Assay, known: Confirmed | None = None) -> Resource:
    """Return a reading as FHIR R4: a report for each strip, an observation for each analyte, the devices.

    Parameters
    ----------
    document : mapping
        A reading (schema ``lfa-reading/1``).
    assay : Assay
        The kit for which it was read.
    known : Confirmed, optional
        What is known of it beside that; by default nothing.

    Returns
    -------
    dict
        A Bundle of type ``collection``. A picture in which no strip was found has a report, too.

    Examples
    --------
    >>> import numpy as np, reader
    >>> reading = reader.read_image(np.full((300, 400, 3), 200, np.uint8))
    >>> bundle = reader.fhir_bundle(reading.to_dict(), reader.load_assay("generic"))
    >>> [entry["resource"]["resourceType"] for entry in bundle["entry"]]
    ['Device', 'Device', 'DiagnosticReport']
    """
    known = known or Confirmed()
    found = document["strips"] or [_no_strip(document, assay)]
    strips = [_answered(strip, known.answers.get(strip["id"]), known.note) for strip in found]
    reading, kits = {**document, "strips": strips}, {assay.id: assay}.get
    made = reading_resources(reading, kits, key=known.key, lot=known.lot)
    whole = {resource["id"]: _told(resource, known) for resource in made}
    return {"resourceType": "Bundle", "type": "collection", "entry": list(map(bundle_entry, whole.values()))}


def _no_strip(document: Mapping[str, Any], assay: Assay) -> dict[str, Any]:
    summary = "No test was found in the picture."
    return {"id": 1, "assay": assay.id, "summary": summary, "flags": document["flags"], "analytes": {}}


def _answered(strip: dict[str, Any], person: Mapping[str, str] | None, note: str) -> dict[str, Any]:
    """Put a person's answers in the place of the machine's; its numbers stay where both say the same."""
    if person is None:
        return strip
    analytes = dict(strip["analytes"])
    for name, outcome in person.items():
        if analytes.get(name, {}).get("outcome") != outcome:
            analytes[name] = {**dict.fromkeys(_NUMBERS), "outcome": outcome}
    return {**strip, "analytes": analytes, "summary": note, "flags": []}


def _told(resource: Resource, known: Confirmed) -> Resource:
    if resource["resourceType"] == "Device":
        return resource
    told: Resource = {"status": known.status}
    if known.subject is not None:
        told["subject"] = {"type": "Patient", "identifier": {"value": known.subject}}
    if known.taken_at is not None:
        told["effectiveDateTime"] = known.taken_at
    if known.issued is not None:
        told["issued"] = known.issued
    return resource | told
