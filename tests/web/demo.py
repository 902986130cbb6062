"""Ninety days of made-up readings, for tests and for a look: ``python -m tests.web.demo``.

Four sites use three kits. One lot of malaria tests fades, one of COVID-19 tests is weak from its first test
on, and the pictures of one site get worse; everything else is quite steady.
"""

import argparse
import datetime as dt
import hashlib
import io
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

import reader
from service import Settings, create_app, run
from service.store.database import open_database
from service.store.tables import ReadingRow, StripRow, VersionRow
from service.workers import ThreadReaders
from tests.api.service_helpers import draw_test

SITES = ("hill", "north", "river", "south")
DAYS = 90
FADING, WEAK, STEADY = "MAL-2", "COV-2", "MAL-1"


@dataclass(frozen=True)
class Kit:
    """A kit with its lines, its lots by the day from which on they are used, and its positivity."""

    assay: str
    lines: tuple[str, ...]
    analytes: tuple[str, ...]
    lots: tuple[tuple[int, str, float], ...]
    positive: float


KITS = (
    Kit("malaria-pf-pan", ("Pan", "Pf"), ("pan", "pf"), ((0, STEADY, 0.42), (40, FADING, 0.42)), 0.24),
    Kit("covid-19-ag", ("T",), ("sars-cov-2",), ((0, "COV-1", 0.50), (70, WEAK, 0.29)), 0.09),
    Kit("hiv-1-2", ("2", "1"), ("hiv-2", "hiv-1"), ((0, "HIV-9", 0.38),), 0.03),
)


@dataclass(frozen=True)
class Made:
    """One made-up test."""

    moment: dt.datetime
    site: str
    operator: str
    kit: Kit
    lot: str
    control: float
    ratio: float
    outcome: str
    flags: tuple[str, ...]
    subject: str | None


def made_up(today: dt.date, days: int = DAYS, seed: int = 0) -> list[Made]:
    """Make up tests, in the order of their days."""
    rng = np.random.default_rng(seed)
    found: list[Made] = []
    for k in range(days):
        busy = k % 7 < 5  # whatever day it is today, the same tests are made up
        for site in SITES:
            found += [_test(rng, today, days, k, site) for _ in range(rng.poisson(8 if busy else 2))]
    return sorted(found, key=lambda test: test.moment)


def _test(rng: np.random.Generator, today: dt.date, days: int, k: int, site: str) -> Made:
    kit = KITS[rng.choice(3, p=(0.55, 0.3, 0.15))]
    since, lot, centre = [entry for entry in kit.lots if entry[0] * days <= k * DAYS][-1]
    fade = 0.006 * max(k - since * days / DAYS - 10, 0) if lot == FADING else 0.0
    moment = dt.datetime.combine(today - dt.timedelta(days - 1 - k), dt.time(7), dt.UTC)
    operator = f"op-{SITES.index(site) * 2 + rng.integers(2) + 1}"
    blurred = 0.22 if site == "hill" and k > days - 28 else 0.05
    ratio = float(rng.uniform(0.15, 1.1)) if rng.random() < kit.positive else 0.0
    outcome, flags = ("positive" if ratio else "negative"), ()
    if rng.random() < blurred:
        outcome, flags = "not_read", (str(rng.choice(["blurred", "too-dark", "clipped"], p=(0.7, 0.2, 0.1))),)
    elif rng.random() < 0.015:
        outcome, flags, centre = "invalid", ("no-control-line",), 0.0
    elif rng.random() < 0.03:
        outcome, flags = "indeterminate", ("faint-line",)
    height = float(rng.normal(centre * (1 - fade), 0.1 * centre + 0.004))
    subject = f"P-{rng.integers(100, 104)}" if rng.random() < 0.05 else None
    moment += dt.timedelta(minutes=float(rng.uniform(0, 600)))
    return Made(moment, site, operator, kit, lot, height, ratio, outcome, flags, subject)


def fill(engine: Engine, today: dt.date, days: int = DAYS, seed: int = 0) -> list[Made]:
    """Put made-up tests into a database, with answers of persons for some of them."""
    rng = np.random.default_rng(seed + 1)
    tests = made_up(today, days, seed)
    rows: list[ReadingRow] = []
    answers: list[VersionRow | StripRow] = []
    for k, test in enumerate(tests):
        document = document_of(test)
        identity = str(UUID(bytes=hashlib.md5(f"{seed} {k}".encode()).digest(), version=4))
        looked = rng.random() < (0.7 if test.outcome in {"indeterminate", "not_read"} else 0.12)
        looked = looked and test.moment.date() < today - dt.timedelta(3)
        rows.append(_row(identity, test, 2 if looked else 1))
        answers += [_version(identity, test, 1, "machine", test.outcome, document), _strip(identity, test)]
        if looked:
            said = _said(rng, test)
            answers.append(_version(identity, test, 2, "review", said, _review(document, said, test.outcome)))
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        session.add_all(rows)
        session.flush()
        session.add_all(answers)
    return tests


def _said(rng: np.random.Generator, test: Made) -> str:
    if test.outcome == "indeterminate":
        return str(rng.choice(["positive", "negative"]))
    if test.outcome in {"positive", "negative"} and rng.random() < 0.04:
        return {"positive": "negative", "negative": "positive"}[test.outcome]
    return test.outcome


def document_of(test: Made) -> dict[str, Any]:
    """Return the contract document of a made-up test."""
    heights = {"C": test.control} | dict.fromkeys(test.kit.lines, test.ratio * test.control)
    seen = {name: height > 0.02 for name, height in heights.items()}
    lines = [
        {
            "name": name,
            "role": "control" if name == "C" else "test",
            "detected": seen[name],
            "center": [500.0 + 40 * k, 230.0],
            "position": 0.25 + 0.2 * k,
            "height": round(height, 4),
            "height_sigma": 0.004,
            "area": round(height * 0.9, 4),
            "area_sigma": 0.004,
            "snr": round(abs(height) / 0.004, 1),
        }
        for k, (name, height) in enumerate(heights.items())
    ]
    told = test.outcome in {"positive", "negative"}
    analyte = {
        "outcome": test.outcome,
        "confidence": 0.998 if told else None,
        "ratio": round(test.ratio, 3) if told else None,
        "ratio_sigma": 0.012 if told else None,
        "concentration": None,
    }
    square = [[300.0, 200.0], [700.0, 200.0], [700.0, 260.0], [300.0, 260.0]]
    strip = {
        "id": 1,
        "kind": "cassette",
        "assay": test.kit.assay,
        "outline": None,
        "window": square,
        "orientation": "known",
        "outcome": test.outcome,
        "summary": "",
        "analytes": dict.fromkeys(test.kit.analytes, analyte),
        "lines": lines,
        "px_per_mm": 16.0,
        "quality": {"sharpness": 0.8},
        "flags": list(test.flags),
    }
    digest = hashlib.sha256(repr(test).encode()).hexdigest()
    return {
        "schema": "lfa-reading/1",
        "software": {"name": "lfa-reader", "version": reader.__version__},
        "source": "made up",
        "image": {"sha256": digest, "format": "JPEG", "width": 1000, "height": 600},
        "outcome": test.outcome,
        "flags": [],
        "strips": [strip],
    }


def _review(document: dict[str, Any], said: str, machine: str) -> dict[str, Any]:
    analytes = dict.fromkeys(document["strips"][0]["analytes"], said)
    return {
        "schema": "lfa-review/1",
        "decision": "confirm" if said == machine else "override",
        "reason": None if said == machine else "line-seen" if said == "positive" else "no-line-seen",
        "of_version": 1,
        "status": "final",
        "outcome": said,
        "strips": [{"id": 1, "outcome": said, "analytes": analytes}],
    }


def _row(identity: str, test: Made, latest: int) -> ReadingRow:
    attention = {"indeterminate": 5, "not_read": 2, "invalid": 2}.get(test.outcome, 1)
    return ReadingRow(
        id=identity,
        site=test.site,
        image_sha256=hashlib.sha256(identity.encode()).hexdigest(),
        image_bytes=1,
        image_removed_at=_text(test.moment),
        received_at=_text(test.moment),
        key_id="local",
        operator=test.operator,
        subject=test.subject,
        lot=test.lot,
        latest=latest,
        attention=0 if latest > 1 else attention,
    )


def _version(
    identity: str, test: Made, number: int, kind: str, outcome: str, document: dict[str, Any]
) -> VersionRow:
    return VersionRow(
        reading_id=identity,
        number=number,
        kind=kind,
        assay=test.kit.assay,
        outcome=outcome,
        software=reader.__version__,
        document=json.dumps(document),
        reason=document.get("reason"),
        key_id="local",
        created_at=_text(test.moment + dt.timedelta(hours=number - 1)),
    )


def _strip(identity: str, test: Made) -> StripRow:
    return StripRow(
        reading_id=identity,
        strip=1,
        assay=test.kit.assay,
        outcome=test.outcome,
        control_height=test.control,
        control_sigma=0.004,
        test_height=test.ratio * test.control,
        test_sigma=0.004,
        flags=" ".join(test.flags),
    )


def _text(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def send_drawn_tests(settings: Settings) -> list[str]:
    """Send four drawn tests as a phone would, so that there are pictures to look at; return their ids."""
    drawn = {
        "covid-19-ag": (412, 532),
        "malaria-pf-pan": (412, 492, 572),
        "hiv-1-2": (412,),
        "generic": (),
    }
    ids = []
    with TestClient(create_app(settings, readers=ThreadReaders()), base_url="http://127.0.0.1") as client:
        for assay, lines in drawn.items():
            ids.append(str(UUID(int=len(ids) + 1)))
            asked = {"assay": assay, "operator": "op-1", "subject": "P-100", "lot": "DRAWN"}
            buffer = io.BytesIO()
            draw_test(len(ids), lines).save(buffer, "JPEG", quality=95)
            answer = client.put(f"/v1/readings/{ids[-1]}", params=asked, content=buffer.getvalue())
            assert answer.status_code == 201, answer.text
    return ids


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve made-up readings.")
    parser.add_argument("--port", type=int, default=8000)
    port = parser.parse_args().port
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder), port=port, workers=1, min_free_bytes=0)
        engine = open_database(settings.data / "lfa.sqlite3")
        fill(engine, dt.datetime.now(dt.UTC).date())
        engine.dispose()
        send_drawn_tests(settings)
        run(settings, ready=print)


if __name__ == "__main__":
    main()
