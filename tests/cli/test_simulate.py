"""``lfa simulate pictures``: files, options, words and exit codes."""

from __future__ import annotations

import hashlib
import json

import pytest

SMALL = ("--size", "120x160", "--resize", "1", "--kind", "cassette")


def test_each_picture_has_its_truth_beside_it(lfa, tmp_path):
    ran = lfa("simulate", "pictures", tmp_path / "new" / "out", "--count", 2, "--seed", 7, *SMALL)
    assert (ran.code, ran.out) == (0, "")
    assert "2 pictures with their truth" in ran.err
    names = sorted(path.name for path in (tmp_path / "new" / "out").iterdir())
    assert names == ["generic-00000.jpg", "generic-00000.json", "generic-00001.jpg", "generic-00001.json"]
    document = json.loads((tmp_path / "new" / "out" / names[1]).read_text(encoding="utf-8"))
    assert document["file"] == names[0]
    data = (tmp_path / "new" / "out" / names[0]).read_bytes()
    assert document["sha256"] == hashlib.sha256(data).hexdigest()


def test_a_longer_series_begins_with_the_shorter_and_one_picture_can_be_made_again(lfa, tmp_path):
    lfa("simulate", "pictures", tmp_path / "a", "--count", 1, *SMALL)
    lfa("simulate", "pictures", tmp_path / "b", "--count", 3, *SMALL)
    lfa("simulate", "pictures", tmp_path / "c", "--count", 1, "--first", 2, *SMALL)
    made = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.glob("*/*")}
    assert made["a/generic-00000.jpg"] == made["b/generic-00000.jpg"]
    assert made["c/generic-00002.jpg"] == made["b/generic-00002.jpg"]
    assert made["c/generic-00002.json"] == made["b/generic-00002.json"]


def test_the_truth_goes_to_standard_output_when_asked_for(lfa, tmp_path):
    ran = lfa(
        "simulate",
        "pictures",
        tmp_path,
        "--json",
        "-q",
        "-n",
        2,
        "-a",
        "malaria-pf-pan",
        "--level",
        "Pf=0.01",
        *SMALL,
    )
    documents = [json.loads(line) for line in ran.out.splitlines()]
    assert [document["file"] for document in documents] == [
        "malaria-pf-pan-00000.jpg",
        "malaria-pf-pan-00001.jpg",
    ]
    for document in documents:
        assert [line["od"] for line in document["strips"][0]["lines"] if line["name"] == "Pf"] == [0.01]
    assert ran.err == ""


def test_what_is_chosen_on_the_command_line_is_in_the_settings(lfa, tmp_path):
    options = {
        "--tilt": 10, "--angle": 90, "--distortion": 0.02, "--background": "wood", "--noise": 0.01,
        "--exposure": 0.7, "--contrast": 0.2, "--jpeg": 55, "--subsampling": "4:4:4", "--haze": 0.02,
        "--stain": 0.05, "--texture": 0.004, "--devices": 2, "--blur": 0.1, "--motion": 0.1,
    }  # fmt: skip
    given = [value for pair in options.items() for value in pair]
    ran = lfa(
        "simulate", "pictures", tmp_path, "--json", "-n", 1, *SMALL, *given, "--glare", "--no-shadow",
        "--white-balance", 1.1, 0.9,
    )  # fmt: skip
    made = json.loads(ran.out)["settings"]
    view, camera, look = made["view"], made["camera"], made["placed"][0]["device"]["membrane"]
    assert (view["tilt_deg"], view["distortion"], view["size_px"]) == (10, 0.02, [120, 160])
    assert made["background"]["material"] == "wood"
    assert (camera["shot_noise"], camera["exposure"], camera["s_curve"]) == (0.01, 0.7, 0.2)
    assert (camera["jpeg_quality"], camera["subsampling"]) == (55, "4:4:4")
    assert camera["white_balance"] == [1.1, 1.0, 0.9]
    assert camera["blur_px"] == pytest.approx(0.1 * view["px_per_mm"], rel=1e-4)
    assert camera["motion_px"][0] == pytest.approx(0.1 * view["px_per_mm"], rel=1e-4)
    assert (look["haze"], look["stain"], look["texture"]) == (0.02, 0.05, 0.004)
    assert len(made["placed"]) == 2
    assert (len(made["light"]["glares"]), len(made["light"]["shadows"])) == (1, 0)


@pytest.mark.parametrize(
    ("name", "suffix", "start"), [("png", ".png", b"\x89PNG"), ("webp", ".webp", b"RIFF")]
)
def test_other_formats_can_be_written(lfa, tmp_path, name, suffix, start):
    assert lfa("simulate", "pictures", tmp_path, "-n", 1, "--format", name, *SMALL).code == 0
    assert (tmp_path / f"generic-00000{suffix}").read_bytes().startswith(start)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--level", "T"), 2, "A level is given as LINE=OD"),
        (("--level", "=0.1"), 2, "A level is given as LINE=OD"),
        (("--level", "T=dark"), 2, "not as 'T=dark'"),
        (("--level", "X=0.1"), 2, "has no line X"),
        (("--size", "big"), 2, "A size is given as WxH"),
        (("--size", "120x-3"), 2, "A size is given as WxH"),
        (("--tilt", "80"), 2, "The tilt is 80"),
        (("--background", "moon"), 2, "moon"),
        (("--count", "0"), 2, "count"),
        (("--assay", "nothing-known"), 6, "nothing-known"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_picture_is_made(lfa, tmp_path, options, code, words):
    ran = lfa("simulate", "pictures", tmp_path / "out", *options)
    assert ran.code == code
    assert words in ran.err
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_gives_exit_code_five(lfa, tmp_path):
    (tmp_path / "file").touch()
    ran = lfa("simulate", "pictures", tmp_path / "file" / "below", "-n", 1, *SMALL)
    assert ran.code == 5
    assert "cannot be written" in ran.err


def test_a_picture_can_be_computed_finer(lfa, tmp_path):
    for folder, more in (("quick", ()), ("fine", ("--fine",))):
        assert lfa("simulate", "pictures", tmp_path / folder, "-n", 1, *SMALL, *more).code == 0
    quick, fine = (tmp_path / folder / "generic-00000.jpg" for folder in ("quick", "fine"))
    assert quick.read_bytes() != fine.read_bytes()
