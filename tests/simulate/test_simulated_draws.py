"""Random pictures, kits from profiles, and the sample pictures."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reader.errors import OptionError, OutputError
from reader.interpret import list_assays, load_assay
from reader.reading import Outcome
from reader.simulate import for_assay, random_device, random_scene
from reader.simulate.recipes import RECIPES
from reader.simulate.samples import make_sample, write_samples

SAMPLES = Path(__file__).parents[2] / "samples"
BY_NAME = {recipe.file: recipe for recipe in RECIPES}


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("kind", ["cassette", "strip", "crop"])
def test_a_random_picture_is_reproduced_by_its_seed(kind):
    first, again = (random_scene(_rng(11), kind=kind) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.to_dict() == again.to_dict()


@pytest.mark.parametrize("seed", range(3))
def test_a_random_picture_shows_its_window_whole(seed):
    picture = random_scene(_rng(seed))
    height, width = picture.pixels.shape[:2]
    for x, y in picture.truth[0].window:
        assert -1 <= x <= width
        assert -1 <= y <= height


def test_a_random_picture_can_be_written_as_json_with_all_its_draws():
    document = json.loads(json.dumps(random_scene(_rng(3), kind="crop").to_dict(), allow_nan=False))
    assert {"view", "light", "camera", "placed", "background"} <= set(document["settings"])


def test_a_random_picture_of_an_assay_has_its_lines_and_outcome():
    profile = load_assay("malaria-pf-pan")
    truth = random_scene(_rng(5), profile, kind="crop").truth[0]
    assert truth.assay == "malaria-pf-pan"
    assert [line.name for line in truth.lines] == [line.name for line in profile.lines]


def test_random_devices_cover_every_outcome():
    outcomes = {random_device(_rng(seed)).outcome for seed in range(60)}
    assert outcomes == {Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INVALID}


def test_random_faint_lines_occur_and_strong_ones_too():
    levels = [
        b.od for seed in range(80) for b in random_device(_rng(seed)).lines if b.role == "test" and b.od
    ]
    assert min(levels) < 0.02
    assert max(levels) > 0.3


@pytest.mark.parametrize("assay", [a.id for a in list_assays()])
def test_every_kit_of_the_catalogue_can_be_made(assay):
    profile = load_assay(assay)
    device = for_assay(profile, {line.name: 0.3 for line in profile.lines})
    assert [band.name for band in device.lines] == [line.name for line in profile.lines]
    assert [band.position for band in device.lines] == [line.position for line in profile.lines]
    assert for_assay(profile, {}).outcome is Outcome.INVALID


def test_a_competitive_kit_is_positive_when_its_test_line_is_missing():
    assert for_assay("doa-thc", {"C": 0.4}).outcome is Outcome.POSITIVE
    assert for_assay("doa-thc", {"C": 0.4, "T": 0.2}).outcome is Outcome.NEGATIVE


def test_a_line_that_the_kit_does_not_have_is_refused_by_name():
    with pytest.raises(OptionError, match="covid-19-ag has no line Pf"):
        for_assay("covid-19-ag", {"C": 0.4, "Pf": 0.1})


def test_a_label_that_gives_light_is_refused():
    glowing = replace(load_assay("covid-19-ag"), label="europium")
    with pytest.raises(OptionError, match="'europium' give light"):
        for_assay(glowing, {"C": 0.4})


def test_sample_names_are_unique_and_their_assays_known():
    assert len(BY_NAME) == len(RECIPES)
    known = {assay.id for assay in list_assays()}
    assert {recipe.assay for recipe in RECIPES} <= known


def test_samples_expect_what_their_lines_say_unless_the_picture_is_bad():
    for recipe in RECIPES:
        outcomes = {placed.device.outcome for placed in recipe.build().placed}
        if not outcomes:
            assert recipe.outcome is Outcome.NOT_READ
        elif len(outcomes) > 1:
            assert recipe.outcome is Outcome.MULTIPLE
        elif recipe.outcome not in {Outcome.NOT_READ, Outcome.INDETERMINATE}:
            assert {recipe.outcome} == outcomes


def test_samples_cover_every_outcome():
    assert {recipe.outcome for recipe in RECIPES} == set(Outcome)


def test_samples_are_read_with_the_assay_of_their_devices():
    for recipe in RECIPES:
        assert {placed.device.assay for placed in recipe.build().placed} <= {recipe.assay}


@pytest.mark.parametrize("name", ["bad-tiny.jpg", "crop-negative.webp", "crop-positive.png"])
def test_making_a_sample_twice_gives_the_same_bytes(name, tmp_path):
    for folder in ("a", "b"):
        write_samples(tmp_path / folder, [name])
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert (tmp_path / "a/truth.json").read_bytes() == (tmp_path / "b/truth.json").read_bytes()


def test_the_truth_file_describes_each_written_picture(tmp_path):
    files = write_samples(tmp_path, ["bad-tiny.jpg", "none-noise.jpg"])
    assert [file.name for file in files] == ["bad-tiny.jpg", "none-noise.jpg", "truth.json"]
    entries = json.loads((tmp_path / "truth.json").read_text())["pictures"]
    assert entries["bad-tiny.jpg"]["accept"] == ["not_read", "indeterminate"]
    assert entries["bad-tiny.jpg"]["strips"][0]["lines"][1]["od"] == 0.15
    assert entries["none-noise.jpg"]["strips"] == []
    with Image.open(tmp_path / "bad-tiny.jpg") as image:
        assert list(image.size) == [entries["bad-tiny.jpg"]["width"], entries["bad-tiny.jpg"]["height"]]


def test_a_folder_that_cannot_be_written_is_an_output_error(tmp_path):
    taken = tmp_path / "file"
    taken.write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_samples(taken, ["none-noise.jpg"])


def test_an_unknown_sample_is_a_key_error():
    with pytest.raises(KeyError, match=r"nothing.jpg"):
        make_sample("nothing.jpg")


def test_the_kept_samples_are_all_there_and_described():
    entries = json.loads((SAMPLES / "truth.json").read_text())["pictures"]
    assert list(entries) == [recipe.file for recipe in RECIPES]
    for name, entry in entries.items():
        assert (SAMPLES / name).is_file()
        assert entry["outcome"] == BY_NAME[name].outcome.value


@pytest.mark.parametrize("name", ["bad-tiny.jpg", "crop-positive.png", "crop-negative.webp"])
def test_the_kept_samples_are_what_the_recipes_make(name):
    kept = np.asarray(Image.open(SAMPLES / name).convert("RGB"), np.int16)
    data = make_sample(name).encode({"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[name.rsplit(".", 1)[1]])
    made = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), np.int16)
    assert made.shape == kept.shape
    # Equal where the libraries are those that wrote them; others round interpolation differently.
    difference = np.abs(made - kept)
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.99) <= 4
