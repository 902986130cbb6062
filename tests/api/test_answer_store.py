"""Answers, lists, erasure and messages on SQLite and on PostgreSQL: also when many ask at once."""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, func, select

from service.store import (
    AnswerStore,
    BlobFolder,
    Erased,
    ErasureStore,
    Filters,
    NewReading,
    ReadingStore,
    StoredReading,
    StoredVersion,
)
from service.store.audit import AuditLog
from service.store.database import open_database
from service.store.deliveries import DeliveryStore
from service.store.tables import DeliveryRow, StripRow, VersionRow

DOCUMENT = json.dumps(
    {
        "outcome": "positive",
        "strips": [
            {
                "id": 1,
                "assay": "generic",
                "outcome": "positive",
                "flags": ["soft", "glare"],
                "lines": [
                    {"role": "control", "height": 0.5, "height_sigma": 0.01},
                    {"role": "test", "height": 0.1, "height_sigma": 0.02},
                    {"role": "test", "height": 0.2, "height_sigma": 0.03},
                    {"role": "test", "height": None, "height_sigma": None},
                ],
            }
        ],
    }
)
NEW = NewReading(
    id="",
    image_sha256="0" * 64,
    image_bytes=3,
    assay="generic",
    outcome="positive",
    software="0.1.0",
    document=DOCUMENT,
    received_at="2026-11-21T08:00:00.000000Z",
    attention=1,
)


@dataclass
class Opened:
    """Every store over one database."""

    engine: Engine
    readings: ReadingStore
    answers: AnswerStore
    erasure: ErasureStore
    deliveries: DeliveryStore

    def add(self, **changes: Any) -> StoredReading:
        return self.readings.add(replace(NEW, id=str(uuid4()), **changes))

    def answer(self, reading_id: str, key_id: str = "k", **said: str) -> tuple[StoredVersion, bool]:
        review = {
            "decision": "override",
            "reason": "other",
            "outcome": "negative",
            "status": "final",
            "strips": [],
        }
        return self.answers.add_review(reading_id, key_id, lambda _known: review | said)


@pytest.fixture
def store(place: Path | str, tmp_path: Path) -> Iterator[Opened]:
    engine = open_database(place)
    blobs = BlobFolder(tmp_path / "data")
    blobs.prepare()
    yield Opened(
        engine,
        ReadingStore(engine, announces=True),
        AnswerStore(engine, announces=True),
        ErasureStore(engine, blobs, announces=True),
        DeliveryStore(engine),
    )
    engine.dispose()


def test_a_review_counts_and_the_machines_answer_stays(store: Opened) -> None:
    added = store.add()
    version, new = store.answer(added.id)
    found = store.readings.find(added.id)
    assert (version.number, new) == (2, True)
    assert found is not None
    assert (found.document, found.outcome, found.version) == (DOCUMENT, "positive", 1)
    assert (found.counts, found.status, found.latest, found.attention) == ("negative", "final", 2, 0)
    assert [v.kind for v in store.answers.versions(added.id)] == ["machine", "review"]


def test_reviews_at_once_are_taken_one_after_the_other(store: Opened) -> None:
    added = store.add()
    seen: list[int] = []

    def answer(known: Sequence[StoredVersion]) -> Mapping[str, Any]:
        seen.append(len(known))
        return {
            "decision": "confirm",
            "reason": None,
            "outcome": "positive",
            "status": "final",
            "strips": [],
        }

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda k: store.answers.add_review(added.id, f"k{k}", answer), range(16)))
    assert sorted(version.number for version, _ in made) == list(range(2, 18))
    assert sorted(seen) == list(range(1, 17))
    assert AuditLog(store.engine).verify().broken_at is None


def test_a_review_that_is_refused_leaves_no_trace(store: Opened) -> None:
    added = store.add()

    def answer(_known: Sequence[StoredVersion]) -> Mapping[str, Any]:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  (raised here)
        store.answers.add_review(added.id, "k", answer)
    assert len(store.answers.versions(added.id)) == 1
    assert store.readings.find(added.id) == added


def test_the_review_list_is_in_order_page_by_page(store: Opened) -> None:
    added = [store.add(attention=level) for level in (1, 5, 3, 5, 1, 3)]
    expected = sorted(added, key=lambda reading: (-reading.attention, -reading.seq))
    found: list[StoredReading] = []
    after = None
    while page := store.readings.to_review(after=after, limit=2, filters=Filters(review="needed")):
        found += page
        after = (page[-1].attention, page[-1].seq)
    assert found == expected


def test_a_list_is_of_the_answers_that_count(store: Opened) -> None:
    first, second = store.add(), store.add()
    store.answer(first.id)
    for outcome, reading in (("negative", first), ("positive", second)):
        (found,) = store.readings.page(limit=9, filters=Filters(outcome=outcome))
        assert found.id == reading.id


def test_all_readings_are_given_though_more_arrive_meanwhile(store: Opened) -> None:
    added = [store.add() for _ in range(7)]
    given = []
    for reading in store.readings.each(Filters(), at_once=2):
        given.append(reading)
        store.add()
    assert given == added[::-1]


def test_what_the_machine_found_on_a_strip_is_in_columns_also_when_erased(store: Opened) -> None:
    added = store.add()
    store.erasure.erase(added.id, "k")
    with store.engine.connect() as connection:
        (row,) = connection.execute(select(StripRow.__table__)).mappings()
    assert (row["control_height"], row["test_height"], row["test_sigma"]) == (0.5, 0.2, 0.03)
    assert row["flags"] == "soft glare"


def test_nothing_is_left_of_an_erased_reading_but_that_it_was(store: Opened) -> None:
    added = store.add(subject="CANARY", operator="CANARY", document=DOCUMENT.replace("soft", "CANARY"))
    store.answer(added.id)
    store.erasure.erase(added.id, "k")
    store.erasure.erase(added.id, "k")
    found = store.readings.find(added.id)
    assert found is not None
    assert (found.status, found.document, found.human, found.subject) == ("erased", "{}", None, None)
    assert store.readings.page(limit=9) == []
    actions = [entry.action for entry in AuditLog(store.engine).page(site=None, before=None, limit=9)]
    assert actions == ["reading-erased", "reading-reviewed", "reading-added"]


def test_pictures_are_let_go_by_age(store: Opened) -> None:
    old = [store.add(received_at="2026-01-01T00:00:00.000000Z") for _ in range(3)]
    new = store.add()
    assert store.erasure.remove_images(before="2026-06-01T00:00:00.000000Z") == 3
    removed = {reading.id: reading.image_removed_at for reading in store.readings.page(limit=9)}
    assert removed[new.id] is None
    assert all(removed[reading.id] for reading in old)


def test_each_message_is_taken_once_however_many_ask(store: Opened) -> None:
    for _ in range(20):
        store.add()
    now, until = "2099-01-01T00:00:00.000000Z", "2099-01-01T00:05:00.000000Z"

    def claim_all() -> list[str]:
        taken = []
        while (delivery := store.deliveries.claim(now=now, until=until)) is not None:
            taken.append(delivery.id)
        return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [name for names in pool.map(lambda _: claim_all(), range(4)) for name in names]
    with store.engine.connect() as connection:
        assert len(set(taken)) == connection.scalar(select(func.count()).select_from(DeliveryRow)) == 20
    assert len(taken) == 20


def test_messages_tell_what_happened_in_its_order(store: Opened) -> None:
    added = store.add()
    store.answer(added.id)
    store.erasure.erase(added.id, "k")
    now, events = "2099-01-01T00:00:00.000000Z", []
    while (delivery := store.deliveries.claim(now=now, until="2099-01-02T00:00:00.000000Z")) is not None:
        events.append((delivery.event, delivery.version, delivery.attempt))
        store.deliveries.finish(delivery.id, taken=True)
    assert events == [("reading.added", 1, 1), ("reading.reviewed", 2, 1), ("reading.erased", 0, 1)]


def test_reviewing_and_erasing_at_once_never_brings_anything_back(store: Opened) -> None:
    readings = [store.add() for _ in range(10)]

    def erase(reading: StoredReading) -> None:
        store.erasure.erase(reading.id, "k")

    def answer(reading: StoredReading) -> None:
        with contextlib.suppress(Erased):
            store.answer(reading.id)

    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(task, reading) for reading in readings for task in (answer, erase)]
    assert [job.exception() for job in jobs if job.exception() is not None] == []
    with store.engine.connect() as connection:
        documents = connection.scalars(select(VersionRow.document)).all()
    assert set(documents) == {"{}"}
