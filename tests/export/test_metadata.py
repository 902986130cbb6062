"""Metadata: joined by the path of a picture, and whatever cannot be joined is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.errors import LabelsError, SourceUnreadable
from reader.export.metadata import join_metadata

PATHS = ("a.jpg", "x/b.jpg", "y/b.jpg", "y/c.jpg")


def joined(tmp_path, text, paths=PATHS):
    (tmp_path / "metadata.csv").write_text(text, encoding="utf-8")
    return join_metadata(tmp_path / "metadata.csv", paths)


def whys(metadata):
    return [(unused.line, unused.name, unused.why.split(";")[0]) for unused in metadata.unused]


def test_a_picture_is_named_by_its_path_or_by_its_bare_name(tmp_path):
    metadata = joined(tmp_path, "path,Site ID,age\nx/b.jpg,north,7\nc.jpg,south,\n")
    assert metadata.columns == ("meta_site_id", "meta_age")
    assert metadata.of("x/b.jpg") == ("north", "7")
    assert metadata.of("y/c.jpg") == ("south", "")
    assert metadata.of("a.jpg") == (None, None)
    assert metadata.unused == ()


@pytest.mark.parametrize("heading", ["file,site", "source,site", "site,path", "photo,site"])
def test_the_key_is_the_column_of_that_name_or_the_first(tmp_path, heading):
    row = "north,a.jpg" if heading.startswith("site") else "a.jpg,north"
    assert joined(tmp_path, f"{heading}\n{row}\n").of("a.jpg") == ("north",)


def test_a_row_without_a_picture_is_told(tmp_path):
    metadata = joined(tmp_path, "path,site\nz.jpg,north\n")
    assert whys(metadata) == [(2, "z.jpg", "There is no such picture in this run.")]


def test_a_bare_name_of_several_pictures_is_joined_to_none(tmp_path):
    metadata = joined(tmp_path, "path,site\nb.jpg,north\n")
    assert whys(metadata) == [(2, "b.jpg", "Several pictures bear this name")]
    assert metadata.told == {}


def test_of_rows_for_one_picture_none_is_used(tmp_path):
    metadata = joined(tmp_path, "path,site\ny/c.jpg,north\nc.jpg,south\n")
    assert [line for line, *_ in whys(metadata)] == [2, 3]
    assert metadata.of("y/c.jpg") == (None,)


def test_columns_of_like_names_stay_apart(tmp_path):
    assert joined(tmp_path, "path,Site ID,site-id,\n").columns == (
        "meta_site_id",
        "meta_site_id_2",
        "meta_column",
    )


def test_semicolons_tabs_a_byte_order_mark_and_backslashes_are_understood(tmp_path):
    assert joined(tmp_path, "\ufeffpath;site\n.\\x\\b.jpg;north\n").of("x/b.jpg") == ("north",)
    assert joined(tmp_path, "path\tsite\na.jpg\tnorth, east\n").of("a.jpg") == ("north, east",)


@pytest.mark.parametrize(
    ("text", "what"), [("", "is empty"), ("path,site\na.jpg,1,2\n", "line 2: there are more cells")]
)
def test_a_file_that_is_no_such_table_is_refused(tmp_path, text, what):
    with pytest.raises(LabelsError, match=what):
        joined(tmp_path, text)


def test_a_file_in_another_encoding_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_bytes("path,site\na.jpg,Zürich\n".encode("latin-1"))
    with pytest.raises(LabelsError, match="UTF-8"):
        join_metadata(tmp_path / "metadata.csv", PATHS)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SourceUnreadable):
        join_metadata(tmp_path / "none.csv", PATHS)


@given(names=st.lists(st.sampled_from([*PATHS, "b.jpg", "c.jpg", "z.jpg"]), max_size=8))
def test_every_row_is_joined_to_one_picture_or_told(tmp_path_factory, names):
    rows = "".join(f"{name},{k}\n" for k, name in enumerate(names))
    metadata = joined(tmp_path_factory.mktemp("m"), f"path,site\n{rows}")
    assert len(metadata.told) + len(metadata.unused) == len(names)
