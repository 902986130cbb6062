"""Which pictures lie below a folder, in which order, and under which names."""

from __future__ import annotations

import os
import sys
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.batch.listing import address, path_below, pictures_below

needs_unix = pytest.mark.skipif(sys.platform == "win32", reason="names that only Unix allows")
NAMES = st.binary(min_size=1, max_size=12).filter(lambda b: b"/" not in b and b not in {b".", b".."})


def made(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return list(pictures_below(folder))


def test_pictures_of_all_folders_are_found_in_the_order_of_their_paths(tmp_path):
    names = ["b.jpg", "a/z.png", "a.jpg", "a-b/x.jpg", "a/b/c.HEIC", "B.tiff"]
    assert made(tmp_path, *names) == ["B.tiff", "a-b/x.jpg", "a.jpg", "a/b/c.HEIC", "a/z.png", "b.jpg"]


def test_what_lfa_read_passes_over_is_passed_over_here_too(tmp_path):
    (tmp_path / "link.jpg").symlink_to("a.jpg")
    (tmp_path / "linked").symlink_to(tmp_path)
    names = ["a.jpg", ".hidden.jpg", ".hidden/b.jpg", "notes.txt", "a.overlay.png", "jpg"]
    assert made(tmp_path, *names) == ["a.jpg"]


def test_a_folder_named_like_a_picture_is_a_folder(tmp_path):
    assert made(tmp_path, "scans.jpg/1.jpg") == ["scans.jpg/1.jpg"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may look into every folder")
def test_a_folder_that_may_not_be_looked_into_is_named(tmp_path):
    made(tmp_path, "a.jpg", "closed/b.jpg")
    (tmp_path / "closed").chmod(0)
    assert list(pictures_below(tmp_path)) == ["a.jpg", "closed/"]
    (tmp_path / "closed").chmod(0o700)


def test_a_folder_that_cannot_be_read_is_named_where_it_stands(tmp_path, monkeypatch):
    made(tmp_path, "a.jpg", "broken/b.jpg", "c.jpg")
    scandir = os.scandir

    def failing(folder):
        if folder.endswith(b"broken"):
            raise OSError(5, "Input/output error")
        return scandir(folder)

    monkeypatch.setattr("reader.batch.listing.os.scandir", failing)
    assert list(pictures_below(tmp_path)) == ["a.jpg", "broken/", "c.jpg"]


def test_a_folder_that_is_none_cannot_be_listed(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        list(pictures_below(tmp_path / "none"))


@needs_unix
@given(st.lists(NAMES, min_size=1, max_size=3).map(b"/".join))
def test_every_name_is_one_line_of_utf_8_and_found_again(relative):
    line = address(relative)
    assert len(f"{line}x".splitlines()) == 1
    line.encode()
    assert os.fsencode(path_below("root", line)) == b"root/" + relative


@needs_unix
@given(st.lists(st.lists(NAMES, min_size=1, max_size=3).map(b"/".join), max_size=20))
def test_no_two_names_share_an_address(paths):
    assert len(set(map(address, paths))) == len(set(paths))


@needs_unix
def test_names_with_ends_of_lines_are_found_again(tmp_path):
    (listed,) = made(tmp_path, "two\nlines\\.jpg")
    assert listed == "two%0Alines%5C.jpg"
    assert os.path.exists(path_below(str(tmp_path), listed))  # noqa: PTH110


def test_no_more_than_one_folder_of_names_is_held(tmp_path):
    for k in range(40):
        made(tmp_path / f"{k:02}", *(f"{j:03}.jpg" for j in range(100)))
    tracemalloc.start()
    start = time.perf_counter()
    count = sum(1 for _ in pictures_below(tmp_path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 4000
    assert most < 200_000
    assert time.perf_counter() - start < 10
