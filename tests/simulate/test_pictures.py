"""Pictures in any number: drawn but for what is chosen, the same for the same seed and number."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reader.errors import OptionError
from reader.interpret import list_assays, load_assay
from reader.reading import Outcome
from reader.simulate import Choices, Picture, simulate, truth_document
from reader.simulate.snapshots import draw_scene

SMALL = {"size_px": (180, 240), "resize": 1.0}


def _drawn(number: int = 0, assay: str = "covid-19-ag", seed: int = 7, **chosen: Any) -> Any:
    """The scene of a picture, which is drawn much faster than the picture itself."""

    def dice(aspect: str) -> np.random.Generator:
        return np.random.default_rng((seed, number, *aspect.encode()))

    return draw_scene(load_assay(assay), Choices(**chosen), dice)


def _made(number: int = 0, assay: str = "covid-19-ag", **chosen: Any) -> Picture:
    return simulate(assay, seed=7, number=number, choices=Choices(**{**SMALL, **chosen}))


@pytest.mark.parametrize("kind", ["cassette", "strip", "window"])
def test_a_picture_is_made_again_by_its_seed_and_number(kind):
    first, again = (_made(3, kind=kind) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.to_dict() == again.to_dict()


def test_another_seed_or_number_gives_another_picture():
    scenes = [_drawn(0), _drawn(1), _drawn(0, seed=8)]
    assert len({scene.camera.exposure for scene in scenes}) == 3


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize(
    ("chosen", "parts"),
    [
        ({"tilt_deg": 12.0}, {"view"}),
        ({"jpeg": 60, "noise": 0.01, "contrast": 0.1}, {"camera"}),
        ({"glare": True, "shadow": True}, {"light"}),
        ({"background": "wood"}, {"background", "decoys"}),
        ({"levels": {"T": 0.123}}, {"placed"}),
    ],
)
def test_what_is_chosen_changes_nothing_else(number, chosen, parts):
    free, fixed = _drawn(number, kind="cassette"), _drawn(number, kind="cassette", **chosen)
    changed = {f.name for f in fields(free) if getattr(free, f.name) != getattr(fixed, f.name)}
    assert changed <= parts


def test_levels_that_are_chosen_are_those_of_the_truth():
    truth = _made(kind="cassette", assay="malaria-pf-pan", levels={"Pf": 0.01, "C": 0.4}).truth[0]
    levels = {line.name: line.od for line in truth.lines}
    assert (levels["Pf"], levels["C"]) == (0.01, 0.4)


@given(number=st.integers(0, 10**6))
@settings(max_examples=40)
def test_levels_that_are_not_chosen_lie_in_the_ranges_of_real_lines(number):
    for band in _drawn(number, kind="cassette", devices=1).placed[0].device.lines:
        low, high = (0.08, 1.0) if band.role == "control" else (0.003, 0.6)
        assert band.od == 0 or low <= band.od <= high
        assert 0.4 <= band.fwhm_mm <= 1.7


@given(number=st.integers(0, 10**6))
@settings(max_examples=40)
def test_a_clean_picture_has_nothing_that_disturbs(number):
    scene = _drawn(number, clean=True)
    look = scene.placed[0].device.membrane
    assert (look.haze, look.stain, look.fibres, look.ghosts, look.stains, look.marks) == (0, 0, 0, (), (), ())
    light = scene.light
    assert (light.gradient, light.shadows, light.glares, light.second, light.spot) == (
        (0, 0),
        (),
        (),
        None,
        None,
    )
    assert scene.decoys == ()
    assert scene.camera.earlier_jpeg == 0
    assert not any(
        band.ripples or band.gaps or band.tilt or band.bow for band in scene.placed[0].device.lines
    )


@given(number=st.integers(0, 10**6))
@settings(max_examples=40)
def test_tests_lie_whole_in_the_picture_when_their_scale_is_not_chosen(number):
    scene = _drawn(number, kind="cassette", devices=2)
    width, height = scene.view.size_px
    for placed in scene.placed:
        for x, y in placed.outline(scene.view):
            assert -0.12 * width < x < 1.12 * width
            assert -0.12 * height < y < 1.12 * height


@pytest.mark.parametrize("resize", [0.5, 0.73, 1.0])
@pytest.mark.parametrize("kind", ["cassette", "window"])
def test_the_chosen_scale_is_that_of_the_finished_picture(kind, resize):
    made = simulate(
        "covid-19-ag", choices=Choices(kind=kind, px_per_mm=6.0, resize=resize, tilt_deg=0, distortion=0)
    )
    assert made.truth[0].px_per_mm == pytest.approx(6.0, rel=0.04)


@pytest.mark.parametrize("resize", [0.37, 0.5, 0.93, 1.0])
def test_the_chosen_size_is_that_of_the_finished_picture(resize):
    assert _made(resize=resize, kind="cassette").pixels.shape == (240, 180, 3)


@pytest.mark.parametrize("devices", [0, 1, 4])
def test_as_many_tests_lie_side_by_side_as_are_chosen(devices):
    assert len(_made(devices=devices).truth) == devices


def test_tests_of_one_picture_are_of_one_brand_and_differ_in_their_lines():
    devices = [placed.device for placed in _drawn(2, kind="cassette", devices=3).placed]
    assert len({(d.size_mm, d.colour, d.window.size_mm) for d in devices}) == 1
    assert len({d.lines for d in devices}) == 3


@given(number=st.integers(0, 10**6))
@settings(max_examples=40)
def test_what_is_printed_stays_on_the_face_and_names_of_lines_apart(number):
    device = _drawn(number, assay="influenza-a-b", kind="cassette", devices=1).placed[0].device
    width, length = device.size_mm
    names = {line.name for line in device.lines}
    heads = [mark for mark in device.prints if mark.text in names]
    for mark in device.prints:
        assert 0 < mark.center_mm[0] < width
        assert 0 < mark.center_mm[1] < length
    for a, b in itertools.pairwise(sorted(heads, key=lambda mark: mark.center_mm[1])):
        assert b.center_mm[1] - a.center_mm[1] >= a.height_mm


@pytest.mark.parametrize("kind", ["cassette", "strip"])
def test_the_kind_that_is_chosen_is_that_of_the_truth(kind):
    assert {strip.kind for strip in _made(kind=kind).truth} == {kind}


def test_a_close_up_shows_a_window_and_no_outline():
    (strip,) = simulate("hcg", choices=Choices(kind="window", px_per_mm=5)).truth
    assert (strip.kind, strip.outline) == ("window", None)


@pytest.mark.parametrize("background", ["wood", "granite", "page", "tiles", "skin", "noise", "hand"])
def test_every_background_can_be_chosen(background):
    scene = _made(background=background, kind="cassette").settings
    if background == "hand":
        assert [decoy["kind"] for decoy in scene["decoys"]] == ["hand"]
    else:
        assert scene["background"]["material"] == background


@pytest.mark.parametrize("assay", [a.id for a in list_assays()])
def test_every_kit_of_the_catalogue_is_drawn_with_its_own_lines(assay):
    profile = load_assay(assay)
    for number in range(3):
        device = _drawn(number, assay).placed[0].device
        names = [band.name for band in device.lines]
        if profile.open_ended:
            assert names in (["C", "T"], ["C", "T2", "T1"])
        else:
            assert names == [line.name for line in profile.lines]


def test_any_kit_may_have_one_to_three_test_lines():
    lines = _drawn(assay="generic", levels={"T1": 0.1, "T2": 0.2, "T3": 0.0}).placed[0].device.lines
    assert [(band.name, band.od) for band in lines][1:] == [("T3", 0.0), ("T2", 0.2), ("T1", 0.1)]


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"tilt_deg": 80}, "The tilt is 80, not 0 to 35 degrees"),
        ({"devices": -1}, "The number of devices is -1"),
        ({"px_per_mm": 200}, "The scale is 200, not 3 to 60 px/mm"),
        ({"jpeg": 0}, "The JPEG quality is 0, not 1 to 100"),
        ({"levels": {"T": -0.1}}, "The level of line T is -0.1"),
        ({"levels": {"T": float("nan")}}, "The level of line T is nan"),
        ({"size_px": (10, 100)}, "A side of the picture is 10"),
        ({"white_balance": (1.0, 9.0)}, "white balance is 9"),
        ({"kind": "box"}, "no kind 'box'; known are cassette, strip, window"),
        ({"background": "moon"}, "no background 'moon'; known are paper"),
        ({"subsampling": "4:2:2"}, "no subsampling '4:2:2'"),
        ({"kind": "window", "devices": 3}, "shows one device"),
    ],
)
def test_a_choice_that_the_generator_is_not_made_for_is_refused_in_words(chosen, words):
    with pytest.raises(OptionError, match=words):
        Choices(**chosen)


@pytest.mark.parametrize(
    ("assay", "levels", "words"),
    [
        ("malaria-pf-pan", {"T": 0.1}, "malaria-pf-pan has no line T"),
        ("generic", {"X": 0.1}, "generic has no line X; its lines are C, T"),
        ("generic", {"C2": 0.1}, "generic has no line C2"),
    ],
)
def test_a_line_that_the_kit_does_not_have_is_refused_by_name(assay, levels, words):
    with pytest.raises(OptionError, match=words):
        simulate(assay, choices=Choices(levels=levels))


def test_a_picture_of_too_many_megapixels_is_refused_before_it_is_made():
    with pytest.raises(OptionError, match="megapixels"):
        simulate(choices=Choices(kind="cassette", px_per_mm=60, resize=0.2))


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"number": -1}])
def test_a_negative_seed_or_number_is_refused(wrong):
    with pytest.raises(OptionError, match="not negative"):
        simulate(**wrong)


def _document(picture: Picture) -> dict[str, Any]:
    document = truth_document(picture, picture.encode(), "a.jpg")
    return json.loads(json.dumps(document, allow_nan=False))


def test_the_document_says_all_that_made_the_picture():
    picture = _made(2, kind="cassette", devices=1)
    document = _document(picture)
    assert document["schema"] == "lfa-truth/1"
    assert (document["seed"], document["number"], document["assay"]) == (7, 2, "covid-19-ag")
    assert document["sha256"] == hashlib.sha256(picture.encode()).hexdigest()
    with Image.open(io.BytesIO(picture.encode())) as image:
        assert list(image.size) == [document["width"], document["height"]]
    camera = document["settings"]["camera"]
    assert {"blur_px", "white_balance", "s_curve", "jpeg_quality", "subsampling", "resize"} <= set(camera)
    assert document["psf_px"] == pytest.approx(camera["blur_px"] * camera["resize"], abs=1e-3)
    (line, *_) = document["strips"][0]["lines"]
    assert {"od", "fwhm_mm", "area", "center", "label", "absorbance", "missing_mm"} <= set(line)


@pytest.mark.parametrize("resize", [0.7, 1.0])
def test_the_homography_of_the_document_leads_to_lines_and_corners(resize):
    picture = _made(kind="cassette", devices=1, distortion=0.0, tilt_deg=15.0, resize=resize)
    (strip,) = _document(picture)["strips"]
    length, width = strip["size_mm"]
    places = [(0.0, line["position"] * length) for line in strip["lines"]]
    places += [(-width / 2, 0.0), (width / 2, 0.0), (width / 2, length), (-width / 2, length)]
    mapped = np.asarray(strip["homography"]) @ np.array([(*place, 1.0) for place in places]).T
    expected = [line["center"] for line in strip["lines"]] + strip["window"]
    np.testing.assert_allclose((mapped[:2] / mapped[2]).T, expected, atol=0.011)


@pytest.mark.parametrize(
    ("devices", "levels", "outcome"),
    [
        (2, {"C": 0.4, "T": 0.2}, Outcome.POSITIVE),
        (2, {"C": 0.4, "T": 0.0}, Outcome.NEGATIVE),
        (1, {"C": 0.0, "T": 0.2}, Outcome.INVALID),
        (0, {}, Outcome.NOT_READ),
    ],
)
def test_the_document_says_what_a_perfect_reader_would(devices, levels, outcome):
    picture = _made(kind="cassette", devices=devices, levels=levels)
    assert _document(picture)["outcome"] == outcome.value


def test_strips_that_differ_make_a_picture_of_multiple_outcomes():
    numbers = (n for n in range(50) if len(_outcomes(n)) > 1)
    assert _document(_made(next(numbers), kind="cassette", devices=3))["outcome"] == "multiple"


def _outcomes(number: int) -> set[Outcome]:
    return {p.device.outcome for p in _drawn(number, kind="cassette", devices=3, **SMALL).placed}


def test_pictures_are_read_as_what_they_show_when_they_are_clear():
    import reader

    right = 0
    for number in range(4):
        chosen = Choices(
            kind="cassette",
            devices=1,
            levels={"C": 0.5, "T": 0.3},
            px_per_mm=12,
            clean=True,
            background="laminate",
            exposure=0.75,
            jpeg=92,
            noise=0.008,
            blur_mm=0.04,
            resize=1,
        )
        picture = simulate("covid-19-ag", seed=11, number=number, choices=chosen)
        right += reader.read_bytes(picture.encode(), assay="covid-19-ag").outcome is Outcome.POSITIVE
    assert right >= 3
