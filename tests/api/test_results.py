"""A reading in other forms: flat keys, tables, series, and resources for health records."""

import csv
import io
import json
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

import reader
from service.flat import CSV_COLUMNS, csv_rows, flat_result
from service.health_records import as_fhir
from service.store import StoredReading

from .service_helpers import draw_test, encode

OVERRIDE = {"decision": "override", "reason": "no-line-seen", "outcome": "negative"}


def send(client: TestClient, photo: bytes, **params: str) -> str:
    answer = client.put(f"/v1/readings/{uuid4()}", params=params, content=photo)
    assert answer.status_code == 201
    return str(answer.headers["location"])


def table(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    text = answer.content.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def line(name: str, role: str, height: float) -> dict[str, Any]:
    return {"name": name, "role": role, "detected": True, "height": height, "height_sigma": 0.01}


def strip(number: int = 1, *flags: str, **answers: str) -> dict[str, Any]:
    numbers = {"confidence": 0.99, "ratio": 0.4, "ratio_sigma": 0.02, "concentration": None}
    return {
        "id": number,
        "assay": "malaria-pf-pan",
        "outcome": "positive" if "positive" in answers.values() else "negative",
        "summary": f"Summary {number}.",
        "analytes": {name: {"outcome": said, **numbers} for name, said in answers.items()},
        "lines": [line("C", "control", 0.5), line("Pf", "test", 0.2), line("Pan", "test", 0.1)],
        "flags": list(flags),
    }


def stored(*strips: dict[str, Any], review: dict[str, Any] | None = None, **changes: Any) -> StoredReading:
    outcomes = {part["outcome"] for part in strips} or {"not_read"}
    outcome = outcomes.pop() if len(outcomes) == 1 else "multiple"
    document = {
        "schema": "lfa-reading/1",
        "software": {"name": "lfa-reader", "version": "0.1.0"},
        "image": {"sha256": "0" * 64},
        "outcome": outcome,
        "flags": [] if strips else ["no-strip-found"],
        "strips": list(strips),
    }
    fields: dict[str, Any] = {
        "id": "00000000-0000-4000-8000-000000000001",
        "image_sha256": "0" * 64,
        "image_bytes": 1,
        "assay": "malaria-pf-pan",
        "outcome": outcome,
        "software": "0.1.0",
        "document": json.dumps(document),
        "received_at": "2026-11-01T08:05:00.000000Z",
        "seq": 1,
        "version": 1,
        "review": None if review is None else json.dumps(review),
    }
    return StoredReading(**(fields | changes))


def said(status: str, *strips: dict[str, Any], decision: str = "override") -> dict[str, Any]:
    parts = [{"id": s["id"], "outcome": s["outcome"], "analytes": s["analytes"]} for s in strips]
    reason = "line-seen" if decision == "override" else None
    return {
        "status": status,
        "decision": decision,
        "reason": reason,
        "outcome": parts[0]["outcome"],
        "strips": parts,
    }


def person(number: int = 1, **answers: str) -> dict[str, Any]:
    return {
        "id": number,
        "outcome": "positive" if "positive" in answers.values() else "negative",
        "analytes": answers,
    }


KIT = reader.load_assay("malaria-pf-pan")
MALARIA = strip(pf="positive", pan="negative")


def test_flat_keys_are_the_kits_own() -> None:
    flat = flat_result(stored(MALARIA), KIT)
    keys = [analyte.result_key for analyte in reader.load_assay("malaria-pf-pan").analytes]
    assert keys[0] == "result_mal_pf"
    assert [flat[key] for key in keys] == ["positive", "negative"]
    assert flat["confidence_mal_pf"] == 0.99
    assert flat["status"] == "preliminary"


def test_every_value_of_a_result_is_flat() -> None:
    for reading in (stored(MALARIA), stored(), stored(MALARIA, strip(2, pf="negative", pan="negative"))):
        assert {type(value) for value in flat_result(reading, KIT).values()} <= {
            str,
            float,
            int,
            bool,
            type(None),
        }


def test_a_person_goes_before_the_machine_and_both_are_told() -> None:
    flat = flat_result(stored(MALARIA, review=said("final", person(pf="negative", pan="negative"))), KIT)
    names = ("result_mal_pf", "machine_result_mal_pf", "human_result_mal_pf", "status", "outcome")
    assert [flat[name] for name in names] == ["negative", "positive", "negative", "final", "negative"]


def test_keys_are_there_also_when_nothing_was_read() -> None:
    flat = flat_result(stored(), KIT)
    assert (flat["result_mal_pf"], flat["outcome"], flat["strips"]) == ("not_read", "not_read", 0)
    assert flat["advice_code"] == "no-strip-found"
    assert reader.FLAGS["no-strip-found"].advice in str(flat["advice"])


def test_several_strips_never_pass_for_one() -> None:
    flat = flat_result(stored(MALARIA, strip(2, pf="negative", pan="negative")), KIT)
    assert flat["result_mal_pf"] == "multiple"
    assert (flat["strip1_result_mal_pf"], flat["strip2_result_mal_pf"]) == ("positive", "negative")
    assert "confidence_mal_pf" not in flat


def test_several_strips_that_agree_have_one_result() -> None:
    flat = flat_result(stored(*(strip(k, pf="negative", pan="negative") for k in (1, 2, 3))), KIT)
    assert (flat["result_mal_pf"], flat["strips"]) == ("negative", 3)


def test_what_prevents_a_reading_is_advised_first_and_nothing_once_a_person_has_answered() -> None:
    warned = strip(1, "scale-unknown", "soft", "glare", pf="not_read", pan="not_read")
    assert flat_result(stored(warned), KIT)["advice_code"] == "glare"
    answered = said("final", person(pf="negative", pan="negative"))
    assert flat_result(stored(warned, review=answered), KIT)["advice_code"] is None


def test_an_answer_without_a_named_kit_is_told_with_a_caution() -> None:
    """In some kits a line means negative."""
    code = flat_result(stored(MALARIA, assay="generic"), reader.load_assay("generic"))["advice_code"]
    assert code == "kit-not-named"
    assert flat_result(stored(assay="generic"), reader.load_assay("generic"))["advice_code"] != code
    assert flat_result(stored(MALARIA), KIT)["advice_code"] is None


def test_the_list_and_its_table_take_days_and_moments(client: TestClient, photo: bytes) -> None:
    send(client, photo)
    today = client.get("/v1/readings").json()["items"][0]["received_at"][:10]
    for when, number in (
        ({"since": today, "until": today}, 1),
        ({"since": f"{today}T00:00:00Z"}, 1),
        ({"until": f"{today}T00:00:00Z"}, 0),
        ({"until": "2020-01-01"}, 0),
    ):
        assert len(client.get("/v1/readings", params=when).json()["items"]) == number
    assert client.get("/v1/readings", params={"since": "2020-02-30"}).status_code == 422


def test_the_result_is_served_flat(client: TestClient, photo: bytes) -> None:
    place = send(client, photo, subject="p1")
    flat = client.get(f"{place}/result").json()
    assert (flat["id"], flat["subject"], flat["assay"]) == (place.rsplit("/", 1)[1], "p1", "generic")
    assert {key for key in flat if key.startswith("result_")} == {
        f"result_{name.lower()}" for name in client.get(place).json()["strips"][0]["analytes"]
    }


def test_the_table_has_a_row_for_each_analyte_and_one_for_a_picture_without_any() -> None:
    rows = [dict(zip(CSV_COLUMNS, row, strict=True)) for row in csv_rows(stored(MALARIA), KIT)]
    assert [(row["analyte"], row["result"], row["test_height"]) for row in rows] == [
        ("pf", "positive", 0.2),
        ("pan", "negative", 0.1),
    ]
    (blank,) = csv_rows(stored(), KIT)
    told = dict(zip(CSV_COLUMNS, blank, strict=True))
    assert (told["outcome"], told["strip"], told["strip_flags"]) == ("not_read", None, "no-strip-found")


def test_the_table_of_all_readings_is_the_lists(client: TestClient, photo: bytes, bare_table: bytes) -> None:
    for k in range(3):
        send(client, photo, subject=f"p{k}")
    blank = send(client, bare_table)
    rows = table(client.get("/v1/readings.csv"))
    listed = [item["id"] for item in client.get("/v1/readings").json()["items"]]
    assert list(dict.fromkeys(row["id"] for row in rows)) == listed
    assert rows[0]["id"] == blank.rsplit("/", 1)[1]
    assert {row["subject"] for row in table(client.get("/v1/readings.csv?subject=p1"))} == {"p1"}


def test_no_cell_of_a_table_runs(client: TestClient, photo: bytes) -> None:
    store = client.app.state.services.readings
    send(client, photo)
    with store._writer.begin() as connection:
        connection.exec_driver_sql("UPDATE readings SET lot = '=1+1', operator = '@sum'")
    row = table(client.get("/v1/readings.csv"))[0]
    assert (row["lot"], row["operator"]) == ("'=1+1", "'@sum")


def test_a_subjects_answers_are_told_in_the_order_of_time(client: TestClient, photo: bytes) -> None:
    late = send(client, photo, subject="p1", taken_at="2026-11-02T00:00:00Z")
    early = send(client, photo, subject="p1", taken_at="2026-11-01T00:00:00Z")
    send(client, photo, subject="p2")
    points = client.get("/v1/subjects/p1/series").json()["points"]
    assert list(dict.fromkeys(f"/v1/readings/{p['reading_id']}" for p in points)) == [early, late]
    assert points[0]["height"] > 0
    rows = table(client.get("/v1/subjects/p1/series.csv"))
    assert [row["at"] for row in rows] == [point["at"] for point in points]


def test_a_clock_that_cannot_be_right_is_not_believed(client: TestClient, photo: bytes) -> None:
    for taken in ("1970-01-01T00:00:00Z", "2099-01-01T00:00:00Z"):
        place = send(client, photo, subject=taken[:4], taken_at=taken)
        received = client.get(f"{place}/result").json()["received_at"]
        points = client.get(f"/v1/subjects/{taken[:4]}/series").json()["points"]
        assert {point["at"] for point in points} == {received}


def test_a_series_may_be_of_one_kit_and_of_nobody(client: TestClient, photo: bytes) -> None:
    send(client, photo, subject="p1")
    assert client.get("/v1/subjects/p1/series?kit=hcg").json()["points"] == []
    assert client.get("/v1/subjects/nobody/series").json() == {"subject": "nobody", "points": []}
    assert client.get("/v1/subjects/Amina%20Canary/series").status_code == 422


def bundle(reading: StoredReading) -> list[dict[str, Any]]:
    model = pytest.importorskip("fhir.resources.R4B.bundle").Bundle
    made = as_fhir(reading, KIT)
    model.model_validate(made)
    addresses = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(addresses)) == len(addresses)
    return [entry["resource"] for entry in made["entry"]]


def of_kind(resources: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in resources if resource["resourceType"] == kind]


CONFIRMED = said("final", person(pf="positive", pan="negative"), decision="confirm")
CORRECTED = said("corrected", person(pf="negative", pan="negative"))


@pytest.mark.parametrize(
    ("review", "status"), [(None, "preliminary"), (CONFIRMED, "final"), (CORRECTED, "corrected")]
)
def test_health_records_are_preliminary_until_a_person_has_answered(review: Any, status: str) -> None:
    resources = bundle(stored(MALARIA, review=review))
    told = [r["status"] for r in resources if r["resourceType"] != "Device"]
    assert (len(told), set(told)) == (3, {status})


def test_health_records_hold_the_answer_that_counts() -> None:
    pf, _ = of_kind(bundle(stored(MALARIA, review=CORRECTED)), "Observation")
    assert pf["valueCodeableConcept"]["text"] == "negative"
    assert "component" not in pf
    kept, _ = of_kind(bundle(stored(MALARIA, review=CONFIRMED)), "Observation")
    assert kept["valueCodeableConcept"]["text"] == "positive"
    assert kept["component"][0]["valueQuantity"]["value"] == 0.99


def test_health_records_name_the_pseudonym_the_times_and_the_lot() -> None:
    told = {"subject": "p1", "lot": "L1", "taken_at": "2026-11-01T08:00:00.000000Z"}
    resources = bundle(stored(MALARIA, **told))
    (report,) = of_kind(resources, "DiagnosticReport")
    assert report["subject"] == {"type": "Patient", "identifier": {"value": "p1"}}
    assert report["effectiveDateTime"] == told["taken_at"]
    assert report["issued"] == "2026-11-01T08:05:00.000000Z"
    kit = next(device for device in of_kind(resources, "Device") if "lotNumber" in device)
    assert kit["lotNumber"] == "L1"
    other = of_kind(bundle(stored(MALARIA, lot="L2")), "Device")
    assert kit["id"] not in {device["id"] for device in other}


def test_two_readings_of_the_same_picture_are_two_reports() -> None:
    one, two = (bundle(stored(MALARIA, id=name)) for name in ("a", "b"))
    assert of_kind(one, "DiagnosticReport")[0]["id"] != of_kind(two, "DiagnosticReport")[0]["id"]


@pytest.mark.parametrize("review", [None, said("final", person(pf="positive", pan="negative"))])
def test_a_picture_without_a_strip_has_a_report_too(review: Any) -> None:
    resources = bundle(stored(review=review))
    assert len(of_kind(resources, "DiagnosticReport")) == 1
    assert len(of_kind(resources, "Observation")) == (0 if review is None else 2)


@pytest.mark.parametrize("answers", [{}, OVERRIDE])
def test_health_records_are_served_and_valid(client: TestClient, photo: bytes, answers: Any) -> None:
    place = send(client, photo, assay="covid-19-ag")
    if answers:
        client.post(f"{place}/reviews", json=answers)
    answer = client.get(f"{place}/fhir")
    assert answer.headers["content-type"] == "application/fhir+json"
    model = pytest.importorskip("fhir.resources.R4B.bundle").Bundle
    model.model_validate_json(answer.content)
    codes = [e["resource"].get("code", {}).get("coding", [{}])[0].get("code") for e in answer.json()["entry"]]
    assert "94558-4" in codes


def test_a_reading_of_many_strips_can_be_told_in_every_form(client: TestClient) -> None:
    tall = draw_test()
    tall.paste(draw_test(seed=3, lines=(420,)).crop((100, 120, 900, 340)), (100, 360))
    place = send(client, encode(tall, quality=95))
    for name in ("result", "fhir", "versions"):
        assert client.get(f"{place}/{name}").status_code == 200


def test_who_exported_readings_is_written_down_without_whose_they_are(
    client: TestClient, photo: bytes
) -> None:
    send(client, photo, subject="p-77")
    assert client.get("/v1/readings.csv", params={"subject": "p-77", "kit": "generic"}).status_code == 200
    assert client.get("/v1/subjects/p-77/series.csv").status_code == 200
    series, readings = client.get("/v1/audit", params={"limit": 2}).json()["items"]
    assert (series["action"], series["key_id"]) == ("series-exported", "local")
    assert (readings["action"], readings["detail"]["assay"]) == ("readings-exported", "generic")
    assert "p-77" not in client.get("/v1/audit").text
