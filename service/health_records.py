"""A stored reading for health records: FHIR R4 by the reader's own export."""

import json
from collections.abc import Mapping
from typing import Any

import reader
from service.store import StoredReading

__all__ = ["as_fhir"]


def as_fhir(stored: StoredReading, kit: reader.Assay) -> dict[str, Any]:
    """Return a reading as a FHIR R4 bundle.

    Parameters
    ----------
    stored : StoredReading
        A reading that is not erased. Without a person's answer it is preliminary; with one it is final, and
        corrected once a later answer has differed.
    kit : Assay
        Profile of its kit.
    """
    human = stored.human
    known = reader.Confirmed(
        answers={} if human is None else {strip["id"]: strip["analytes"] for strip in human["strips"]},
        note="" if human is None else _note(stored, human),
        status="preliminary" if human is None else human["status"],
        subject=stored.subject,
        taken_at=stored.taken_at,
        issued=stored.reviewed_at or stored.received_at,
        lot=stored.lot,
        key=stored.id,
    )
    return reader.fhir_bundle(json.loads(stored.document), kit, known)


def _note(stored: StoredReading, human: Mapping[str, Any]) -> str:
    if human["decision"] == "confirm":
        return "A person looked at the picture and confirmed what the reader said."
    said = f"the reader said {stored.outcome.replace('_', ' ')}"
    return f"A person looked at the picture and answered otherwise ({human['reason']}); {said}."
