"""A run as FHIR R4: a report for each strip, an observation for each analyte, devices for kit and reader.

What was tested for is coded as the kit's profile says, and not at all where that says nothing. Nothing is
final: a person has not looked at it yet. Of the patient nothing is known here, and nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from reader.batch.parts import Item
from reader.batch.places import Place, whole_file
from reader.export.rows import Kits, Put, Row, Table
from reader.flags import FLAGS, explain
from reader.interpret import Assay

__all__ = ["Resource", "bundle_entry", "fhir_file", "reading_resources", "resources"]

Resource = dict[str, Any]
NDJSON = ".ndjson"  # suffix of a file with a resource to a line, as bulk imports take them
NAMESPACE = UUID("5d3f5f0b-7c50-5c5e-9a3c-2d0e6a1b7f44")  # of all ids made here; never to be changed
SYSTEMS = MappingProxyType({"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct"})
TERMS = "http://terminology.hl7.org/CodeSystem/"
GATEWAY = "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice"
# Answers as SNOMED CT concepts, as HL7's own examples for rapid tests code them, and as flags of HL7's own.
ANSWERS = MappingProxyType({"positive": "10828004", "negative": "260385009"})
SIGNS = MappingProxyType({"positive": "POS", "negative": "NEG", "indeterminate": "IND"})
ABSENT = MappingProxyType({"invalid": "error", "not_read": "not-performed"})
NUMBERS = MappingProxyType(
    {
        "confidence": "Confidence of the answer",
        "ratio": "Test line height over control line height",
        "ratio_sigma": "Standard error of test line height over control line height",
    }
)


@contextmanager
def fhir_file(path: Place, table: Table) -> Iterator[Put]:
    """Write the resources of a run: one Bundle, or a resource to a line when the name ends in ``.ndjson``.

    Parameters
    ----------
    path : Place
        Where to.
    table : Table
        Finds the profiles of kits.

    Yields
    ------
    callable
        Adds a picture. One with the bytes of another is passed over: it shows the same test.
    """
    seen: set[str] = set()  # devices that were written; every other resource comes after its devices
    lines = path.suffix == NDJSON
    with whole_file(path) as stream:
        if not lines:
            stream.write(b'{"resourceType":"Bundle","type":"collection"')

        def put(item: Item, _rows: Sequence[Row]) -> None:
            for resource in resources(item, table.kits):
                if resource["resourceType"] == "Device" and resource["id"] in seen:
                    continue
                if not lines:
                    stream.write(b"," if seen else b',"entry":[')
                if resource["resourceType"] == "Device":
                    seen.add(resource["id"])
                stream.write(_line(resource) + b"\n" if lines else _line(bundle_entry(resource)))

        yield put
        if not lines:
            stream.write(b"]}\n" if seen else b"}\n")


def resources(item: Item, kits: Kits) -> Iterator[Resource]:
    """Yield the resources of one picture: each one's devices before it, and its observations before a report.

    Parameters
    ----------
    item : Item
        A picture of a run.
    kits : callable
        From an assay's id to its profile.

    Yields
    ------
    dict
        FHIR R4 resources that refer to each other as ``Type/id``. The ids are made of the picture's digest
        and the strip's number: the same picture gives the same ids at any time.
    """
    if item.reading is not None and item.same_as is None:
        yield from reading_resources(item.reading, kits)


def reading_resources(
    reading: Mapping[str, Any], kits: Kits, *, key: str | None = None, lot: str | None = None
) -> Iterator[Resource]:
    """Yield the resources of one reading, see `resources`.

    Parameters
    ----------
    reading : mapping
        A document of schema ``lfa-reading/1``.
    kits : callable
        From an assay's id to its profile.
    key : str, optional
        From what the ids are made; the picture's digest by default.
    lot : str, optional
        The kit's lot.
    """
    version = reading["software"]["version"]
    yield _reader(version)
    for strip in reading["strips"]:
        kit = kits(strip["assay"])
        yield _kit(strip["assay"], kit, lot)
        place = f"{key or reading['image']['sha256']}/{strip['id']}"
        observations = [
            _observation(place, name, said, strip, kit) | _made_by(strip["assay"], version, lot)
            for name, said in strip["analytes"].items()
        ]
        yield from observations
        yield _report(place, strip, kit, observations)


def _report(key: str, strip: Mapping[str, Any], kit: Assay | None, parts: Iterable[Resource]) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": _id("report", key),
        "status": "preliminary",
        "category": [_coded(f"{TERMS}v2-0074", "LAB")],
        "code": _concept(kit.name if kit else strip["assay"], kit.codes if kit else {}),
        "result": [{"reference": f"Observation/{part['id']}"} for part in parts],
        "conclusion": " ".join([strip["summary"], *map(_warning, strip["flags"])]),
    }


def _observation(
    key: str, name: str, said: Mapping[str, Any], strip: Mapping[str, Any], kit: Assay | None
) -> Resource:
    spec = next((analyte for analyte in kit.analytes if analyte.id == name), None) if kit else None
    made = {
        "resourceType": "Observation",
        "id": _id("observation", f"{key}/{name}"),
        "status": "preliminary",
        "category": [_coded(f"{TERMS}observation-category", "laboratory")],
        "code": _concept(spec.name if spec else name, spec.codes if spec else {}),
    }
    if (reason := ABSENT.get(said["outcome"])) is not None:
        note = [{"text": " ".join([strip["summary"], *map(_warning, strip["flags"])])}]
        return made | {"dataAbsentReason": _coded(f"{TERMS}data-absent-reason", reason), "note": note}
    return made | _answer(said)


def _answer(said: Mapping[str, Any]) -> Resource:
    """Return what an observation says: in words and codes, and in numbers where there are some."""
    outcome = said["outcome"]
    value = {"text": outcome}
    if (code := ANSWERS.get(outcome)) is not None:
        value = {"coding": [{"system": SYSTEMS["snomed"], "code": code}], **value}
    numbers = [
        {"code": {"text": text}, "valueQuantity": _quantity(said[name])}
        for name, text in NUMBERS.items()
        if said[name] is not None
    ]
    sign = _coded(f"{TERMS}v3-ObservationInterpretation", SIGNS[outcome])
    answer = {"valueCodeableConcept": value, "interpretation": [sign]}
    return answer | ({"component": numbers} if numbers else {})


def _made_by(assay: str, version: str, lot: str | None) -> Resource:
    """Refer to the kit as the device that was used, and to the reader as the one that told its result."""
    reader = {"reference": f"Device/{_id('reader', version)}"}
    return {
        "extension": [{"url": GATEWAY, "valueReference": reader}],
        "device": {"reference": f"Device/{_id('kit', _box(assay, lot))}"},
    }


def _reader(version: str) -> Resource:
    return {
        "resourceType": "Device",
        "id": _id("reader", version),
        "deviceName": [{"name": "lfa-reader", "type": "model-name"}],
        "version": [{"value": version}],
        "type": {"text": "Software that reads lateral-flow tests from photos"},
    }


def _kit(assay: str, kit: Assay | None, lot: str | None) -> Resource:
    return {
        "resourceType": "Device",
        "id": _id("kit", _box(assay, lot)),
        **({"lotNumber": lot} if lot else {}),
        "deviceName": [{"name": kit.name if kit else assay, "type": "user-friendly-name"}],
        "modelNumber": assay,
        "type": {"text": "Lateral-flow test kit"},
    }


def _box(assay: str, lot: str | None) -> str:
    return f"{assay}/{lot}" if lot else assay


def bundle_entry(resource: Resource) -> Resource:
    """Put a resource into a bundle, where others are found by their full address only."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": _addressed(resource)}


def _addressed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: f"urn:uuid:{part.rpartition('/')[2]}" if name == "reference" else _addressed(part)
            for name, part in value.items()
        }
    return [_addressed(part) for part in value] if isinstance(value, list) else value


def _concept(text: str, codes: Mapping[str, str]) -> Resource:
    coding = [{"system": SYSTEMS[name], "code": code} for name, code in codes.items() if name in SYSTEMS]
    return {"coding": coding, "text": text} if coding else {"text": text}


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _quantity(value: float) -> Resource:
    return {"value": value, "unit": "1", "system": "http://unitsofmeasure.org", "code": "1"}


def _warning(code: str) -> str:
    return explain(code) if code in FLAGS else code


def _id(kind: str, key: str) -> str:
    return str(uuid5(NAMESPACE, f"{kind}/{key}"))


def _line(document: Resource) -> bytes:
    return json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii")
