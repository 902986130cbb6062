"""Which pictures are read, in which order, and under which names their overlays go."""

from __future__ import annotations

import os
from pathlib import PurePath

from hypothesis import example, given
from hypothesis import strategies as st

from reader.cli.inputs import Input, list_inputs, overlay_names


def relative(listing):
    return [entry.relative.as_posix() for entry in listing.inputs]


def test_a_folder_gives_its_pictures_sorted_without_hidden_files_links_and_notes(photos):
    listing = list_inputs([str(photos)], recursive=False)
    assert relative(listing) == ["A.JPG", "b.jpg"]
    assert listing.problems == ()


def test_recursion_goes_into_folders_but_not_into_hidden_or_linked_ones(photos, positive):
    (photos / ".git").mkdir()
    (photos / ".git" / "x.jpg").write_bytes(positive)
    (photos / "again").symlink_to(photos, target_is_directory=True)
    assert relative(list_inputs([str(photos)], recursive=True)) == ["A.JPG", "b.jpg", "clinic b/b.jpg"]


def test_sources_are_written_as_the_user_wrote_them(photos, monkeypatch):
    monkeypatch.chdir(photos.parent)
    sources = [entry.source for entry in list_inputs(["photos", "./photos/notes.txt"], recursive=True).inputs]
    assert sources == ["photos/A.JPG", "photos/b.jpg", "photos/clinic b/b.jpg", "./photos/notes.txt"]


def test_a_file_that_is_named_is_taken_whatever_its_name_even_through_a_link(photos):
    named = [str(photos / "link.jpg"), str(photos / ".hidden.jpg"), str(photos / "notes.txt")]
    assert [entry.source for entry in list_inputs(named, recursive=False).inputs] == named


def test_a_picture_that_is_named_twice_is_read_once(photos):
    named = [str(photos / "b.jpg"), str(photos), str(photos / "b.jpg")]
    assert relative(list_inputs(named, recursive=False)) == ["b.jpg", "photos/A.JPG"]


def test_a_missing_file_stays_an_input_so_that_it_is_reported(tmp_path):
    missing = str(tmp_path / "missing.jpg")
    assert [entry.source for entry in list_inputs([missing], recursive=False).inputs] == [missing]


def test_a_name_longer_than_any_system_allows_does_not_crash():
    assert len(list_inputs(["x" * 5000 + ".jpg"], recursive=False).inputs) == 1


def test_an_empty_folder_is_a_problem_with_a_hint(tmp_path):
    ((path, sentence),) = list_inputs([str(tmp_path)], recursive=False).problems
    assert path == str(tmp_path)
    assert "--recursive" in sentence
    ((_, sentence),) = list_inputs([str(tmp_path)], recursive=True).problems
    assert "--recursive" not in sentence


def test_a_folder_that_may_not_be_read_is_a_problem(photos, monkeypatch):
    real = os.scandir

    def scandir(path):
        if str(path).endswith("clinic b"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    listing = list_inputs([str(photos)], recursive=True)
    assert relative(listing) == ["A.JPG", "b.jpg"]
    assert listing.problems == ((str(photos / "clinic b"), "The folder cannot be read: Permission denied."),)


def test_the_readers_own_overlays_are_not_read_again(photos, positive):
    (photos / "b.overlay.png").write_bytes(positive)
    assert relative(list_inputs([str(photos)], recursive=False)) == ["A.JPG", "b.jpg"]


def test_a_pipe_or_device_in_a_folder_is_passed_over(photos):
    os.mkfifo(photos / "pipe.jpg")
    assert relative(list_inputs([str(photos)], recursive=False)) == ["A.JPG", "b.jpg"]


def test_overlays_mirror_the_folders(photos):
    names = overlay_names(list_inputs([str(photos)], recursive=True).inputs)
    assert [n.as_posix() for n in names] == ["A.overlay.png", "b.overlay.png", "clinic b/b.overlay.png"]


def test_overlays_of_equal_names_in_several_folders_stay_apart(photos, tmp_path):
    other = tmp_path / "others"
    other.mkdir()
    (other / "b.jpg").write_bytes(b"x")
    names = overlay_names(list_inputs([str(photos), str(other)], recursive=False).inputs)
    assert [n.as_posix() for n in names] == [
        "photos/A.overlay.png",
        "photos/b.overlay.png",
        "others/b.overlay.png",
    ]


parts = st.text("ab.é-2", min_size=1, max_size=6).filter(lambda s: s.strip("."))


@given(st.lists(st.lists(parts, min_size=1, max_size=3), max_size=12))
@example([["..2"]])
def test_no_two_overlays_ever_have_the_same_name(paths):
    inputs = [Input("/".join(p), PurePath(*p)) for p in paths]
    names = [str(n).casefold() for n in overlay_names(inputs)]
    assert len(set(names)) == len(paths)
