"""One picture of a batch: whatever is in the file, one line comes out."""

from __future__ import annotations

import json

import numpy as np
import pytest

import reader
from reader.batch.reading import PictureReader
from reader.interpret import load_assay
from reader.simulate import cassette, render, scene
from tests.batch.made import folder_of
from tests.batch.planted import QUICK

KIT = load_assay("generic")


@pytest.fixture(scope="module")
def photo():
    made = scene([cassette({"C": 0.5, "T": 0.3})], size_px=(600, 800))
    return render(made, np.random.default_rng(3)).encode("JPEG")


def test_a_copy_of_a_picture_has_the_document_that_reading_it_would_give(tmp_path, photo):
    folder_of(tmp_path, a=photo, b=photo)
    together = PictureReader(str(tmp_path), KIT)
    first, copy = (together.line(name) for name in ("a.jpg", "b.jpg"))
    assert copy == PictureReader(str(tmp_path), KIT).line("b.jpg")
    assert json.loads(first.text)["reading"] == reader.read_bytes(photo, source="a.jpg").to_dict()


def test_the_oldest_pictures_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setattr("reader.batch.reading._REMEMBERED", 2)
    folder_of(tmp_path, 4)
    pictures = PictureReader(str(tmp_path), KIT, QUICK)
    for k in (0, 1, 0, 2, 3):
        pictures.line(f"{k:04}.jpg")
    assert len(pictures._known) == 2


def test_messages_do_not_hold_the_place_of_the_folder(tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "wrong.jpg").write_bytes(b"nothing")
    pictures = PictureReader(str(tmp_path), KIT)
    for name in ("folder.jpg", "wrong.jpg", "gone.jpg", "long/" * 2000):
        line = pictures.line(name)
        assert line.failed
        assert str(tmp_path) not in line.text.decode()


def test_too_little_memory_to_decode_is_left_to_the_engine_too(tmp_path, photo, monkeypatch):
    def decode(*_):
        raise MemoryError

    folder_of(tmp_path, a=photo)
    monkeypatch.setattr("reader.photo.jpeg.cv2.imdecode", decode)
    with pytest.raises(MemoryError):
        PictureReader(str(tmp_path), KIT).line("a.jpg")


def test_too_little_memory_is_left_to_the_engine_to_judge(tmp_path, monkeypatch):
    folder_of(tmp_path, 1)
    pictures = PictureReader(str(tmp_path), KIT, QUICK)
    monkeypatch.setattr(pictures, "_document", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        pictures.line("0000.jpg")
