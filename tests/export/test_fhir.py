"""FHIR resources: valid R4, with the kit's own codes, without a patient, and never more than was read."""

from __future__ import annotations

import json
import re

import pytest

from reader.batch.parts import Item, items
from reader.export.fhir import fhir_file, resources
from reader.export.rows import Table, known_kits
from reader.reading import Analyte, Outcome
from tests.export.runs import failed, malaria, put_run, read, strip


def covid(outcome=Outcome.POSITIVE, **changes):
    answer = Analyte(outcome, 0.99, 0.33, 0.01)
    return strip(assay="covid-19-ag", outcome=outcome, analytes={"sars-cov-2": answer}, **changes)


LINES = (
    read("a.jpg", covid()),
    read("b.jpg", malaria(id=1), malaria(id=2)),
    read("c.jpg", covid(Outcome.INVALID, flags=("no-control-line",))),
    read("d.jpg", covid(Outcome.NOT_READ, flags=("glare",))),
    read("e.jpg", covid(Outcome.INDETERMINATE)),
    read("f.jpg", flags=("no-strip-found",)),
    failed("g.txt"),
    read("h.jpg", covid(), same_as="a.jpg", digest=read("a.jpg")["sha256"]),
    read("i.jpg", strip(assay="my-kit")),
)


def made(*lines):
    items_ = (
        Item(said["path"], said["sha256"], said.get("reading"), said.get("error"), said.get("same_as"))
        for said in lines
    )
    return [resource for item in items_ for resource in resources(item, known_kits())]


def of_kind(kind, *lines):
    return [resource for resource in made(*lines) if resource["resourceType"] == kind]


def written(tmp_path, name, *lines):
    run, table = put_run(tmp_path / f"run-{name}", list(lines)), Table()
    with fhir_file(tmp_path / name, table) as put:
        for item in items(run):
            put(item, [])
    return (tmp_path / name).read_text(encoding="utf-8")


def test_the_bundle_is_valid_and_all_it_refers_to_is_in_it(tmp_path):
    bundle = pytest.importorskip("fhir.resources.R4B.bundle").Bundle
    text = written(tmp_path, "run.json", *LINES)
    assert bundle.model_validate_json(text).type == "collection"
    entries = json.loads(text)["entry"]
    addresses = [entry["fullUrl"] for entry in entries]
    assert len(set(addresses)) == len(addresses)
    referred = set(re.findall(r'"reference":"([^"]+)"', text))
    assert len(referred) > 5
    assert referred <= set(addresses)


def test_a_bundle_without_resources_is_valid(tmp_path):
    bundle = pytest.importorskip("fhir.resources.R4B.bundle").Bundle
    assert bundle.model_validate_json(written(tmp_path, "run.json", failed("a.txt"))).entry is None


def test_a_resource_to_a_line_is_valid_and_each_is_there_once(tmp_path):
    get = pytest.importorskip("fhir.resources.R4B").get_fhir_model_class
    lines = [json.loads(line) for line in written(tmp_path, "run.ndjson", *LINES).splitlines()]
    for resource in lines:
        get(resource["resourceType"]).model_validate(resource)
    assert len({resource["id"] for resource in lines}) == len(lines)
    (report, *_) = [x for x in lines if x["resourceType"] == "DiagnosticReport"]
    assert report["result"][0]["reference"].startswith("Observation/")


def test_a_strip_has_a_report_and_each_analyte_an_observation():
    assert len(of_kind("DiagnosticReport", LINES[1])) == 2
    assert len(of_kind("Observation", LINES[1])) == 4


def test_nothing_is_final_and_no_patient_is_named():
    for resource in made(*LINES):
        assert resource.get("status", "preliminary") == "preliminary"
        assert "subject" not in resource
        assert "patient" not in resource


def test_codes_are_those_of_the_kit_s_profile():
    (observation,) = of_kind("Observation", LINES[0])
    assert observation["code"]["coding"] == [{"system": "http://loinc.org", "code": "94558-4"}]
    (report,) = of_kind("DiagnosticReport", read("a.jpg", malaria()))
    assert report["code"]["coding"] == [{"system": "http://loinc.org", "code": "70569-9"}]


def test_what_has_no_code_is_said_in_words_only():
    pf, _ = of_kind("Observation", read("a.jpg", malaria()))
    assert pf["code"] == {"text": "Plasmodium falciparum antigen (HRP2)"}
    (unknown,) = of_kind("Observation", LINES[-1])
    assert unknown["code"] == {"text": "T"}


@pytest.mark.parametrize(
    ("outcome", "sign"), [("positive", "POS"), ("negative", "NEG"), ("indeterminate", "IND")]
)
def test_an_answer_is_a_value_with_its_sign(outcome, sign):
    (observation,) = of_kind("Observation", read("a.jpg", covid(Outcome(outcome))))
    assert observation["valueCodeableConcept"]["text"] == outcome
    assert observation["interpretation"][0]["coding"][0]["code"] == sign
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [0.99, 0.33, 0.01]
    assert "dataAbsentReason" not in observation


@pytest.mark.parametrize(("line", "reason"), [(LINES[2], "error"), (LINES[3], "not-performed")])
def test_what_gave_no_answer_has_a_reason_and_no_value(line, reason):
    (observation,) = of_kind("Observation", line)
    assert observation["dataAbsentReason"]["coding"][0]["code"] == reason
    assert not {"valueCodeableConcept", "interpretation", "component"} & observation.keys()
    assert observation["note"][0]["text"]


def test_kit_and_reader_are_devices_and_an_observation_names_both():
    reader, kit = of_kind("Device", LINES[0])
    assert (reader["deviceName"][0]["name"], reader["version"][0]["value"]) == ("lfa-reader", "0.1.0")
    assert kit["modelNumber"] == "covid-19-ag"
    (observation,) = of_kind("Observation", LINES[0])
    assert observation["device"]["reference"] == f"Device/{kit['id']}"
    assert observation["extension"][0]["valueReference"]["reference"] == f"Device/{reader['id']}"


def test_the_same_picture_has_the_same_ids_wherever_it_lies():
    here = read("a.jpg", covid())
    there = read("elsewhere/z.jpg", covid(), digest=here["sha256"])
    assert [x["id"] for x in made(here)] == [x["id"] for x in made(there)]
    other = read("other.jpg", covid())
    assert {x["id"] for x in of_kind("Observation", here)}.isdisjoint(
        x["id"] for x in of_kind("Observation", other)
    )


def test_a_picture_without_strips_a_failure_and_a_duplicate_have_no_report():
    assert of_kind("DiagnosticReport", *LINES[5:8]) == []
