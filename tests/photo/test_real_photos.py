"""Every real photo opens as another decoder sees it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from reader.photo import open_file

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"
KINDS = {".jpg", ".jpeg", ".png"}


def sample() -> list[Path]:
    """Return every 20th photo, which takes some of every collection."""
    return sorted(p for p in PHOTOS.rglob("*") if p.suffix.lower() in KINDS)[::20]


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the folder of real photos, ../shared/photos, is not here")
def test_real_photos_open_upright_and_with_their_colours() -> None:
    paths = sample()
    assert paths
    for path in paths:
        photo = open_file(path)
        with Image.open(path) as picture:
            flat = picture.mode in ("RGB", "L") and not picture.info.get("icc_profile")
            truth = np.asarray(ImageOps.exif_transpose(picture).convert("RGB")).astype(int)
        assert photo.pixels.shape == truth.shape
        if flat:
            assert np.max(np.abs(photo.pixels - truth)) <= 3
