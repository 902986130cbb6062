"""What is to be read is written down once: the list, the options, the parts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import chain

import pytest

from reader.batch.plan import Limits, Wishes, load_plan, make_plan
from reader.errors import LabelsError, OutputError, RunError, SourceUnreadable
from reader.interpret import load_assay

WISHES = Wishes(load_assay("generic"))


@pytest.fixture
def folder(tmp_path):
    pictures = tmp_path / "pictures"
    (pictures / "b").mkdir(parents=True)
    for name in ("c.jpg", "a.jpg", "b/x.jpg", "b/y.jpg", "d.jpg"):
        (pictures / name).touch()
    return pictures


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def names(plan):
    return [part.names for part in plan.chunks()]


def test_the_list_is_frozen_sorted_and_cut_into_chunks(folder, run):
    plan = make_plan(str(folder), run, replace(WISHES, chunk=2))
    assert (plan.count, plan.parts) == (5, 3)
    assert names(plan) == [("a.jpg", "b/x.jpg"), ("b/y.jpg", "c.jpg"), ("d.jpg",)]
    assert (run / "inputs.txt").read_text().splitlines() == list(chain(*names(plan)))


def test_a_picture_that_is_added_later_does_not_change_the_run(folder, run):
    plan = make_plan(str(folder), run, WISHES)
    (folder / "aa.jpg").touch()
    (folder / "d.jpg").unlink()
    assert make_plan(str(folder), run, WISHES) == plan
    assert names(load_plan(run)) == names(plan)


def test_the_plan_says_what_it_is_of(folder, run):
    make_plan(str(folder), run, WISHES)
    document = json.loads((run / "run.json").read_text())
    listed = (run / "inputs.txt").read_bytes()
    assert document["schema"] == "lfa-run/1"
    assert document["options"]["assay"] == "generic"
    assert document["inputs"] == {
        "root": str(folder),
        "count": 5,
        "sha256": hashlib.sha256(listed).hexdigest(),
    }


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({"chunk": 3}, "chunk is 2, not 3"),
        ({"assay": load_assay("hcg")}, "assay is generic, not hcg"),
        ({"limits": Limits(cpu_s=5)}, "cpu_s is 20, not 5"),
    ],
)
def test_to_go_on_with_other_options_is_refused_and_the_difference_named(folder, run, other, difference):
    make_plan(str(folder), run, replace(WISHES, chunk=2))
    with pytest.raises(RunError, match=difference):
        make_plan(
            str(folder),
            run,
            replace(WISHES, chunk=2, **other) if "chunk" not in other else replace(WISHES, **other),
        )


def test_to_go_on_with_another_folder_is_refused(folder, run, tmp_path):
    make_plan(str(folder), run, WISHES)
    with pytest.raises(RunError, match="root is"):
        make_plan(str(tmp_path), run, WISHES)


def test_to_go_on_with_another_version_is_refused(folder, run, monkeypatch):
    make_plan(str(folder), run, WISHES)
    monkeypatch.setattr("reader.batch.plan.__version__", "9.9.9")
    with pytest.raises(RunError, match=r"software_version is .*, not 9\.9\.9"):
        make_plan(str(folder), run, WISHES)


def test_to_go_on_without_naming_the_chunk_takes_that_of_the_plan(folder, run):
    plan = make_plan(str(folder), run, replace(WISHES, chunk=2))
    assert make_plan(str(folder), run, WISHES) == plan


def test_few_pictures_make_small_chunks_so_that_all_processes_have_work(folder, run):
    assert make_plan(str(folder), run, WISHES).chunk == 1


def test_a_list_that_was_changed_is_refused(folder, run):
    make_plan(str(folder), run, WISHES)
    (run / "inputs.txt").write_text("a.jpg\n")
    with pytest.raises(RunError, match="was changed"):
        make_plan(str(folder), run, WISHES)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"schema": "lfa-run/1"}', '{"schema": "lfa-run/9"}']
)
def test_a_damaged_plan_is_refused(folder, run, content):
    make_plan(str(folder), run, WISHES)
    (run / "run.json").write_text(content)
    with pytest.raises(RunError):
        load_plan(run)


def test_a_folder_with_other_things_is_not_taken_for_a_run(folder, run):
    run.mkdir()
    (run / "thesis.doc").touch()
    with pytest.raises(RunError, match="such as thesis"):
        make_plan(str(folder), run, WISHES)


def test_planning_that_was_cut_short_begins_anew(folder, run):
    run.mkdir()
    (run / "inputs.txt").write_text("half a li")
    (run / ".run.json.12.tmp").touch()
    assert make_plan(str(folder), run, WISHES).count == 5


def test_a_folder_without_pictures_or_that_is_none_is_refused(tmp_path, run):
    with pytest.raises(SourceUnreadable, match="holds no pictures"):
        make_plan(str(tmp_path), run, WISHES)
    with pytest.raises(SourceUnreadable, match="No such file"):
        make_plan(str(tmp_path / "none"), run, WISHES)


def test_a_run_folder_that_is_a_file_is_an_output_error(folder, run):
    run.touch()
    with pytest.raises(OutputError):
        make_plan(str(folder), run, WISHES)


def test_metadata_go_along_as_they_are(folder, run, tmp_path):
    table = tmp_path / "clinic.csv"
    table.write_text("path,site\na.jpg,Nord\n")
    wishes = replace(WISHES, metadata=table)
    plan = make_plan(str(folder), run, wishes)
    assert (run / "metadata.csv").read_bytes() == table.read_bytes()
    assert make_plan(str(folder), run, wishes) == plan
    table.write_text("path,site\na.jpg,Süd\n")
    with pytest.raises(RunError, match="metadata_sha256"):
        make_plan(str(folder), run, wishes)


@pytest.mark.parametrize("content", [None, b"path\n\xff.jpg\n"])
def test_metadata_that_cannot_be_read_are_refused_before_anything_is_written(folder, run, tmp_path, content):
    table = tmp_path / "clinic.csv"
    if content is not None:
        table.write_bytes(content)
    with pytest.raises(LabelsError):
        make_plan(str(folder), run, replace(WISHES, metadata=table))
    assert not run.exists()
