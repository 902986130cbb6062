"""Any number of threads may open pictures at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from reader.photo import open_bytes
from tests.fuzz.seeds import whole_pictures


def test_pictures_opened_at_once_are_the_same_as_one_by_one() -> None:
    pictures = list(whole_pictures().values())
    alone = [open_bytes(data) for data in pictures]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(open_bytes, pictures * 8))
    for k, photo in enumerate(together):
        truth = alone[k % len(pictures)]
        assert photo.sha256 == truth.sha256
        assert np.array_equal(photo.pixels, truth.pixels)


def test_the_same_bytes_give_the_same_pixels_every_time() -> None:
    for name, data in whole_pictures().items():
        assert np.array_equal(open_bytes(data).pixels, open_bytes(data).pixels), name
