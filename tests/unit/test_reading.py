"""The document is plain JSON with finite numbers, in the contract's order, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pytest

from reader.reading import (
    Analyte,
    ImageInfo,
    Line,
    Outcome,
    Profile,
    Reading,
    StripReading,
)

QUAD = ((10.0, 30.0), (10.0, 10.0), (90.123456, 10.0), (90.0, 30.0))
LINE = Line("C", "control", True, (30.126, 20.0), 0.27341, 0.3124567, 0.0031, 0.29, 0.003, 100.789)


def strip(**changes: object) -> StripReading:
    values = {
        "id": 1,
        "kind": "cassette",
        "assay": "generic",
        "outline": None,
        "window": QUAD,
        "orientation": "known",
        "outcome": Outcome.POSITIVE,
        "summary": "Positive.",
        "analytes": {"T": Analyte(Outcome.POSITIVE, 0.99876, 0.41234, 0.02, None)},
        "lines": (LINE,),
        "px_per_mm": 21.41234,
        "quality": {"blur": 0.04, "jpeg_quality": None},
        "flags": ("tilted",),
    }
    return StripReading(**{**values, **changes})


def reading(**changes: object) -> Reading:
    info = ImageInfo("00ff", "JPEG", 300, 400)
    values = {
        "source": "a.jpg",
        "software_version": "1.2.3",
        "image": info,
        "outcome": Outcome.POSITIVE,
        "flags": (),
        "strips": (strip(),),
        "timings_ms": {"decode": 3.14159},
    }
    return Reading(**{**values, **changes})


def test_the_document_has_the_contract_s_keys_in_the_contract_s_order():
    document = reading().to_dict()
    assert list(document) == ["schema", "software", "source", "image", "outcome", "flags", "strips"]
    assert document["schema"] == "lfa-reading/1"
    assert document["software"] == {"name": "lfa-reader", "version": "1.2.3"}
    assert document["image"] == {"sha256": "00ff", "format": "JPEG", "width": 300, "height": 400}
    assert list(document["strips"][0]) == [
        "id",
        "kind",
        "assay",
        "outline",
        "window",
        "orientation",
        "outcome",
        "summary",
        "analytes",
        "lines",
        "px_per_mm",
        "quality",
        "flags",
    ]
    assert list(document["strips"][0]["lines"][0]) == [field.name for field in dataclasses.fields(Line)]
    assert list(document["strips"][0]["analytes"]["T"]) == [f.name for f in dataclasses.fields(Analyte)]


def test_the_document_survives_json_unchanged():
    document = reading().to_dict(timings=True)
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_timings_are_in_the_document_only_when_asked_for():
    assert "timings_ms" not in reading().to_dict()
    assert reading().to_dict(timings=True)["timings_ms"] == {"decode": 3.14}


def test_readings_that_differ_only_in_time_or_figures_are_equal():
    profile = Profile(np.zeros(3), np.zeros(3), np.zeros(3))
    other = reading(timings_ms={}, strips=(strip(profile=profile),))
    assert other == reading()
    assert other.to_dict() == reading().to_dict()


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf, -math.inf])
def test_what_is_unknown_or_not_finite_is_null(unknown):
    line = dataclasses.replace(LINE, center=None, height=unknown, area=unknown, snr=unknown)
    document = strip(lines=(line,), px_per_mm=unknown, quality={"blur": unknown}).to_dict()
    assert document["px_per_mm"] is None
    assert document["quality"] == {"blur": None}
    assert document["lines"][0]["center"] is None
    assert document["lines"][0]["height"] is document["lines"][0]["snr"] is None


def test_numbers_are_rounded_to_what_they_mean():
    document = strip().to_dict()
    assert document["window"][2] == [90.12, 10.0]
    assert document["lines"][0]["center"] == [30.13, 20.0]
    assert document["lines"][0]["height"] == 0.31246
    assert document["lines"][0]["position"] == 0.2734
    assert document["analytes"]["T"]["confidence"] == 0.9988


def test_there_is_no_negative_zero():
    line = dataclasses.replace(LINE, height=-0.0, area=-1e-9)
    document = strip(lines=(line,)).to_dict()["lines"][0]
    assert math.copysign(1, document["height"]) == 1
    assert math.copysign(1, document["area"]) == 1


def test_numpy_numbers_become_plain_ones():
    line = dataclasses.replace(LINE, height=np.float64(0.25), snr=np.float32(8))
    document = strip(lines=(line,)).to_dict()["lines"][0]
    assert type(document["height"]) is float
    assert type(document["snr"]) is float


def test_an_outline_is_written_like_a_window():
    assert strip(outline=QUAD).to_dict()["outline"] == strip().to_dict()["window"]
    assert strip().to_dict()["outline"] is None


def test_a_reading_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading().outcome = Outcome.NEGATIVE


def test_the_outcomes_are_those_of_the_contract():
    assert [outcome.value for outcome in Outcome] == [
        "positive",
        "negative",
        "invalid",
        "indeterminate",
        "not_read",
        "multiple",
    ]


def test_a_document_gives_the_reading_that_it_holds():
    again = Reading.from_dict(json.loads(json.dumps(reading(strips=(strip(outline=QUAD),)).to_dict())))
    assert again.strips[0].window == ((10.0, 30.0), (10.0, 10.0), (90.12, 10.0), (90.0, 30.0))
    assert again.strips[0].analytes["T"].outcome is Outcome.POSITIVE
    assert again.strips[0].lines[0].center == (30.13, 20.0)
    assert again.software_version == "1.2.3"


@pytest.mark.parametrize(
    "made",
    [
        reading(),
        reading(strips=(), outcome=Outcome.NOT_READ, flags=("no-strip-found",)),
        reading(strips=(strip(outline=QUAD), strip(id=2, px_per_mm=None, analytes={}, lines=()))),
        reading(strips=(strip(lines=(dataclasses.replace(LINE, center=None, height=None),)),)),
    ],
)
def test_a_reading_from_a_document_gives_the_same_document(made):
    assert Reading.from_dict(made.to_dict()).to_dict() == made.to_dict()
    with_timings = made.to_dict(timings=True)
    assert Reading.from_dict(with_timings).to_dict(timings=True) == with_timings
