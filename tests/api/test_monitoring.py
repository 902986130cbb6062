"""Monitoring over HTTP, on ninety days of made-up tests with known faults."""

import csv
import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from service import Settings
from service.access import Caller
from service.lookup import NOWHERE
from service.routes.monitoring import watched_by
from service.store.database import open_database
from service.store.monitoring import MonitoringStore, Watched
from service.store.tables import ReadingRow, StripRow, VersionRow
from tests.web.demo import FADING, STEADY, WEAK, Made, fill

from .service_helpers import open_client

TODAY = dt.date(2026, 3, 31)
PERIOD = {"since": "2026-01-01", "until": "2026-03-31"}
SHEETS = ("tests", "rates", "reasons", "agreement", "lots", "controls", "drift")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, list[Made]]:
    settings = Settings(data=tmp_path_factory.mktemp("monitoring") / "data", min_free_bytes=0)
    settings.data.mkdir()
    engine = open_database(settings.data / "lfa.sqlite3")
    tests = fill(engine, TODAY)
    engine.dispose()
    return settings, tests


@pytest.fixture(scope="module")
def told(made: tuple[Settings, list[Made]]) -> Iterator[TestClient]:
    with open_client(made[0]) as client:
        yield client


def items(client: TestClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/v1/monitoring/{path}", params=PERIOD | asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def test_every_test_is_counted_once(told: TestClient, made: tuple[Settings, list[Made]]) -> None:
    counted = items(told, "tests")
    assert sum(item["tests"] for item in counted) == len(made[1])
    days = Counter((str(test.moment.date()), test.site, test.kit.assay) for test in made[1])
    assert {(item["day"], item["site"], item["assay"]): item["tests"] for item in counted} == days


def test_only_tests_of_the_period_and_site_and_kit_are_counted(told: TestClient) -> None:
    part = items(told, "tests", since="2026-02-01", until="2026-02-03", site="north", kit="hiv-1-2")
    assert {item["site"] for item in part} == {"north"}
    assert {item["assay"] for item in part} == {"hiv-1-2"}
    assert {item["day"] for item in part} <= {"2026-02-01", "2026-02-02", "2026-02-03"}


def test_rates_come_with_intervals_and_add_up(told: TestClient, made: tuple[Settings, list[Made]]) -> None:
    (whole,) = items(told, "rates", by="all")
    sites = items(told, "rates", by="site")
    assert whole["tests"] == sum(site["tests"] for site in sites) == len(made[1])
    unread = sum(test.outcome == "not_read" for test in made[1])
    assert whole["not_read"]["part"] == unread
    assert whole["positivity"]["low"] < whole["positivity"]["value"] < whole["positivity"]["high"]


def test_reasons_come_in_words(told: TestClient) -> None:
    first = items(told, "reasons")[0]
    assert (first["outcome"], first["flag"]) == ("not_read", "blurred")
    assert "blurred" in first["what"]
    assert first["advice"]


def test_agreement_is_of_what_persons_have_looked_at(told: TestClient) -> None:
    (whole,) = items(told, "agreement", by="all")
    assert 0.7 < whole["same"]["value"] < 1
    assert 0 < whole["kappa"]["value"] < 1
    assert whole["same"]["whole"] == sum(number for _, _, number in whole["pairs"])
    months = items(told, "agreement")
    assert [month["key"] for month in months] == ["2026-01", "2026-02", "2026-03"]


def test_the_fading_and_the_weak_lot_come_first_and_the_steady_one_is_left_alone(told: TestClient) -> None:
    lots = {item["lot"]: item for item in items(told, "lots")}
    assert [name for name, item in lots.items() if item["alarming"]] == list(lots)[:2]
    assert {name for name, item in lots.items() if item["alarming"]} == {FADING, WEAK}
    assert lots[FADING]["state"] == "lower"
    assert "2026-02-15" < lots[FADING]["drifted_on"] <= "2026-03-31"
    assert lots[WEAK]["against_others"]["high"] < 0.8
    assert lots[STEADY]["state"] in {"steady", "single"}


def test_control_lines_stand_on_their_lots_chart(told: TestClient) -> None:
    lines = items(told, "controls", lot=FADING)
    assert {line["lot"] for line in lines} == {FADING}
    assert [line["reference"] for line in lines[:31]] == [True] * 30 + [False]
    assert lines[-1]["mean"] < lines[-1]["mean_low"]


def test_the_site_whose_pictures_got_worse_stands_out(told: TestClient) -> None:
    worst = items(told, "drift")[0]
    assert (worst["key"], worst["measure"], worst["clear"]) == ("hill", "not_read", True)
    assert worst["from_before"]["low"] > 0
    clear = {(item["key"], item["measure"]) for item in items(told, "drift") if item["clear"]}
    assert {measure for key, measure in clear if key == "hill"} == {"not_read"}
    assert {item["key"] for item in items(told, "drift", by="operator") if item["clear"]} >= {"op-1"}


@pytest.mark.parametrize("name", SHEETS)
def test_everything_comes_as_a_spreadsheet_with_the_same_lines(told: TestClient, name: str) -> None:
    answer = told.get(f"/v1/monitoring/{name}.csv", params=PERIOD)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith("\ufeff".encode())
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    listed = items(told, name)
    assert len(rows) == len(listed) > 0
    assert all(None not in row.values() for row in rows)
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+@" and cell]


@pytest.mark.parametrize("name", SHEETS)
def test_an_empty_service_has_empty_lists_and_headings(client: TestClient, name: str) -> None:
    assert client.get(f"/v1/monitoring/{name}").json() == {"items": []}
    assert client.get(f"/v1/monitoring/{name}.csv").text.count("\r\n") == 1


@pytest.mark.parametrize(
    "asked",
    [
        {"since": "yesterday"},
        {"until": "20260331"},
        {"until": "1774915200"},
        {"since": "2026-02-30"},
        {"site": "a site with spaces"},
        {"lot": "=1+1"},
    ],
)
def test_what_has_no_meaning_is_refused_without_echo(client: TestClient, asked: dict[str, str]) -> None:
    answer = client.get("/v1/monitoring/tests", params=asked)
    assert answer.status_code == 422
    assert not [value for value in asked.values() if value in answer.text]


@pytest.mark.parametrize(
    ("since", "until", "some"),
    [
        ("2026-03-02", "2026-03-01", False),
        ("0001-01-01", "9999-12-31", True),
        (None, "0001-01-01", False),
        ("9999-12-31", None, False),
    ],
)
@pytest.mark.parametrize("name", ["v1/monitoring/tests", "v1/monitoring/drift", "dashboard"])
def test_any_period_of_the_calendar_can_be_asked_for(
    told: TestClient, name: str, since: str | None, until: str | None, *, some: bool
) -> None:
    asked = {key: day for key, day in (("since", since), ("until", until)) if day}
    answer = told.get(f"/{name}", params=asked)
    assert answer.status_code == 200
    if name == "v1/monitoring/tests":
        assert bool(answer.json()["items"]) is some


def test_another_site_is_as_if_it_were_not_there() -> None:
    north = Caller("k", "north", frozenset({"read"}))
    assert watched_by(north, None, None).site == "north"
    assert watched_by(north, None, None, site="north").site == "north"
    assert watched_by(north, None, None, site="hill").site == NOWHERE
    everyone = Caller("k", "*", frozenset({"read"}))
    assert watched_by(everyone, None, None).site is None
    assert watched_by(everyone, None, None, site="hill").site == "hill"


@pytest.fixture
def engine(place: Path | str) -> Iterator[Engine]:
    """A database, once of each kind."""
    opened = open_database(place)
    yield opened
    opened.dispose()


def put(
    engine: Engine, name: str, *, received: str, taken: str | None = None, strips: int = 1, **review: Any
) -> None:
    """Store a reading with negative strips, or one without a strip, and perhaps a review of it."""
    outcome = "negative" if strips else "not_read"
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        session.add(
            ReadingRow(
                id=name, image_sha256="0" * 64, image_bytes=1, received_at=received, taken_at=taken,
                latest=2 if review else 1,
            )
        )  # fmt: skip
        session.flush()
        answers = [("machine", outcome, {"flags": ["no-strip-found"]})]
        answers += [("review", review["outcome"], review)] if review else []
        for number, (kind, said, document) in enumerate(answers, 1):
            session.add(
                VersionRow(
                    reading_id=name, number=number, kind=kind, assay="generic", outcome=said, software="1",
                    document=json.dumps(document), created_at=received,
                )
            )  # fmt: skip
        for strip in range(1, strips + 1):
            session.add(
                StripRow(reading_id=name, strip=strip, assay="generic", outcome="negative", flags="soft")
            )


def test_both_databases_count_alike(engine: Engine, made: tuple[Settings, list[Made]]) -> None:
    tests = fill(engine, TODAY)
    store = MonitoringStore(engine)
    watched = Watched(since="2026-01-01", until="2026-03-31")
    assert sum(tally.number for tally in store.tallies(watched)) == len(tests)
    embedded = open_database(made[0].data / "lfa.sqlite3")
    other = MonitoringStore(embedded)
    assert store.tallies(watched) == other.tallies(watched)
    assert store.controls(watched) == other.controls(watched)
    assert store.sites() == other.sites()
    embedded.dispose()


MARCH = Watched(since="2026-03-01", until="2026-03-31")


@pytest.mark.parametrize(
    ("taken", "day"),
    [
        (None, "2026-03-20"),
        ("2026-03-17T08:00:00.000000Z", "2026-03-17"),
        ("1970-01-01T00:00:00.000000Z", "2026-03-20"),
        ("2031-01-01T00:00:00.000000Z", "2026-03-20"),
    ],
    ids=["no clock", "sent later", "clock at its beginning", "clock ahead"],
)
def test_a_test_counts_on_the_day_it_was_taken_where_the_clock_can_be_right(
    engine: Engine, taken: str | None, day: str
) -> None:
    put(engine, "a", received="2026-03-20T10:00:00.000000Z", taken=taken)
    (tally,) = MonitoringStore(engine).tallies(MARCH)
    assert tally.day == day


def test_both_ends_of_the_period_belong_to_it(engine: Engine) -> None:
    for k, moment in enumerate(
        ("2026-02-28T23:59:59.999999Z", "2026-03-01T00:00:00.000000Z", "2026-03-31T23:59:59.999999Z",
         "2026-04-01T00:00:00.000000Z")
    ):  # fmt: skip
        put(engine, f"r{k}", received=moment)
    assert [t.day for t in MonitoringStore(engine).tallies(MARCH)] == ["2026-03-01", "2026-03-31"]


def test_a_picture_without_a_strip_is_one_test_that_was_not_read_with_its_reason(engine: Engine) -> None:
    put(engine, "a", received="2026-03-20T10:00:00.000000Z", strips=0)
    (tally,) = MonitoringStore(engine).tallies(MARCH)
    assert (tally.machine, tally.flags, tally.number) == ("not_read", ("no-strip-found",), 1)


def test_a_persons_answer_is_that_for_each_strip(engine: Engine) -> None:
    strips = [{"id": 1, "outcome": "positive"}, {"id": 2, "outcome": "negative"}]
    put(engine, "a", received="2026-03-20T10:00:00.000000Z", strips=2, outcome="multiple", strips_said=strips)
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        review = session.get(VersionRow, ("a", 2))
        assert review is not None
        review.document = json.dumps({"outcome": "multiple", "strips": strips})
    found = MonitoringStore(engine).tallies(MARCH)
    assert sorted((t.machine, t.person) for t in found) == [
        ("negative", "negative"),
        ("negative", "positive"),
    ]


def test_an_erased_reading_still_counts(engine: Engine) -> None:
    put(engine, "a", received="2026-03-20T10:00:00.000000Z", outcome="positive")
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        for number in (1, 2):
            version = session.get(VersionRow, ("a", number))
            assert version is not None
            version.document = ""
    assert [t.machine for t in MonitoringStore(engine).tallies(MARCH)] == ["negative"]
