"""Loading profiles by id and by file, and writing new ones."""

import os
import pickle
import re
from pathlib import Path

import pytest

from reader.errors import AssayError
from reader.interpret import describe, expand, list_assays, load_assay, new, parse_assay


def test_a_profile_is_loaded_by_id_by_path_and_by_itself(tmp_path):
    path = tmp_path / "kit.toml"
    path.write_text(new("my-kit"), encoding="utf-8")
    assay = load_assay(str(path))
    assert assay.id == "my-kit"
    assert load_assay(path) == assay
    assert load_assay(assay) is assay
    assert load_assay("hcg").id == "hcg"


def test_a_profile_in_the_current_folder_is_loaded_by_its_file_name(tmp_path, monkeypatch):
    (tmp_path / "kit.toml").write_text(new("my-kit"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_assay("kit.toml").id == "my-kit"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "kit.toml"
    path.write_text(new("my-kit"), encoding="utf-8-sig")
    assert load_assay(path).id == "my-kit"


@pytest.mark.parametrize(
    ("name", "hint"), [("malaria-pf-pam", " Did you mean 'malaria-pf-pan'?"), ("xyzzy", ""), ("", "")]
)
def test_an_unknown_id_is_refused_with_a_guess(name, hint):
    with pytest.raises(AssayError) as caught:
        load_assay(name)
    assert caught.value.message == f"There is no assay {name!r}.{hint}"


@pytest.mark.parametrize(
    "name", ["../catalogue/hcg", "catalogue/../hcg", "hcg/", "missing.toml", "a\0b.toml"]
)
def test_an_id_never_turns_into_a_path_of_the_catalogue(name):
    with pytest.raises(AssayError, match="cannot be opened"):
        load_assay(name)


def test_a_folder_is_not_a_profile(tmp_path):
    with pytest.raises(AssayError, match="cannot be opened"):
        load_assay(tmp_path)


def test_a_file_that_is_not_text_is_refused_with_its_line(tmp_path):
    path = tmp_path / "kit.toml"
    path.write_bytes(b'a = "b"\nc = "\xff\xd8"\n')
    with pytest.raises(AssayError, match=r"kit\.toml:2: the file is not UTF-8 text"):
        load_assay(path)


def test_a_file_that_is_far_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "kit.toml"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 10_000_000_000)
    with pytest.raises(AssayError, match="larger than 64 kB"):
        load_assay(path)


def test_a_new_profile_is_valid_as_it_is_and_keeps_its_id():
    assay = parse_assay(new("my-new-kit"))
    assert assay.id == "my-new-kit"
    assert [line.name for line in assay.lines] == ["C", "T"]
    assert not assay.open_ended
    assert "my-new-kit" in describe(assay)


def test_every_commented_key_of_a_new_profile_is_valid_once_uncommented():
    text = re.sub(r"^# (?=\[\[|[a-z_]+ = )", "", new("my-kit"), flags=re.MULTILINE)
    assay = parse_assay(text)
    assert assay.calibrations[0].model == "4pl"
    assert assay.lines[0].label == "blue-latex"
    test = assay.lines[1]
    assert (test.cutoff, test.limit_of_blank, test.threshold_ratio) == (0.01, 0.004, 1.0)
    assert assay.analytes[0].codes == {"loinc": "94558-4"}


@pytest.mark.parametrize("name", ["My Kit", "", "-a", "a--b", 'x"\nid = "y', "ä"])
def test_a_new_profile_needs_a_proper_id(name):
    with pytest.raises(AssayError, match="cannot be an id"):
        new(name)


def test_a_new_profile_does_not_take_an_id_of_the_catalogue():
    with pytest.raises(AssayError, match="already an assay 'hcg'"):
        new("hcg")


def test_profiles_go_to_other_processes_and_come_back_equal():
    for assay in list_assays():
        assert pickle.loads(pickle.dumps(assay)) == assay


def test_an_open_ended_assay_takes_the_lines_that_were_found():
    assay = expand(load_assay("generic"), ["T1", "T2", "T3"])
    assert [line.name for line in assay.lines] == ["C", "T1", "T2", "T3"]
    assert [analyte.id for analyte in assay.analytes] == ["T1", "T2", "T3"]
    assert [analyte.result_key for analyte in assay.analytes] == ["result_t1", "result_t2", "result_t3"]
    assert len(assay.rules) == 6
    assert assay.rules[2].text == "Test line T2 is there: positive."


def test_the_description_of_a_calibrated_profile_names_lot_range_and_unit():
    curve = (
        '[[calibrations]]\nanalyte = "analyte"\nlot = "L7"\nsignal = "height"\nmodel = "loglinear"\n'
        'parameters = { a = 0.1, b = 0.2 }\nlimits = [1, 50]\nunit = "ng/mL"\n'
    )
    document = new("my-kit").replace(
        "tolerance = 0.16", "tolerance = 0.16\nposition_mm = 10\nlimit_of_blank = 0.002"
    )
    document = document.replace('kind = "cassette"', 'kind = "cassette"\ncodes = { snomed = "10828004" }')
    text = describe(parse_assay(document + curve))
    assert "calibrated for lot L7 from 1 to 50 ng/mL (loglinear of height)" in text
    assert "10 mm from its end, limit of blank 0.002" in text
    assert "codes: SNOMED CT 10828004" in text


def test_a_profile_that_assumes_nothing_says_nothing_of_it():
    text = describe(parse_assay(re.sub(r"assumed = .*", "", new("my-kit"))))
    assert "Assumed" not in text
    assert text.endswith("key result_analyte")


def test_the_catalogue_names_each_file_after_its_profile():
    folder = Path(list_assays.__code__.co_filename).parent / "catalogue"
    for path in folder.glob("*.toml"):
        assert load_assay(path).id == path.stem
