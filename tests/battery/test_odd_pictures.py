"""No array crashes the reader: it is read, or refused with an error that says why."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reader
from reader.errors import InputError, LfaError
from reader.reading import Outcome


def outcome_of(pixels: np.ndarray) -> Outcome | str:
    """Read an array; return the outcome, or the code of the refusal."""
    try:
        reading = reader.read_image(pixels)
    except InputError as refused:
        return refused.code
    json.dumps(reading.to_dict(timings=True), allow_nan=False)
    return reading.outcome


ODD = {
    "black": np.zeros((300, 400, 3), np.uint8),
    "white": np.full((300, 400, 3), 255, np.uint8),
    "16 by 16": np.full((16, 16, 3), 120, np.uint8),
    "22 by 60": np.random.default_rng(0).integers(90, 200, (22, 60, 3)).astype(np.uint8),
    "60 by 22, grey": np.random.default_rng(0).integers(90, 200, (60, 22)).astype(np.uint8),
    "one code of contrast": (np.indices((200, 300)).sum(axis=0) % 2 + 128).astype(np.uint8),
    "a single bright pixel": np.pad(np.full((1, 1, 3), 255, np.uint8), ((99, 100), (149, 150), (0, 0))),
    "half black and half white": np.repeat(np.uint8([[0, 255]]), 150, axis=1).repeat(200, axis=0),
    "very long": np.random.default_rng(0).integers(0, 256, (20, 3000, 3)).astype(np.uint8),
    "very tall": np.random.default_rng(0).integers(0, 256, (3000, 20, 3)).astype(np.uint8),
    "16 bit": np.full((100, 120, 3), 40000, np.uint16),
    "a float ramp": np.linspace(0, 1, 90 * 130).reshape(90, 130),
    "with alpha": np.full((80, 120, 4), 128, np.uint8),
}


@pytest.mark.parametrize("name", ODD)
def test_a_picture_that_shows_nothing_is_refused_or_not_called(name):
    assert outcome_of(ODD[name]) not in {Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.MULTIPLE}


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 0, 3), np.uint8),
        np.zeros((4, 4, 3), np.uint8),
        np.zeros((60, 60, 2), np.uint8),
        np.zeros((60,), np.uint8),
        np.zeros((60, 60, 3), np.int64),
        np.full((60, 60, 3), np.nan),
        np.full((60, 60, 3), 7.0),
        np.full((60, 60), "x"),
    ],
    ids=["empty", "tiny", "two channels", "one dimension", "integers", "not a number", "too bright", "text"],
)
def test_what_is_no_picture_is_refused_with_an_error_that_says_why(array):
    with pytest.raises(LfaError) as refused:
        reader.read_image(array)
    assert refused.value.message
    assert refused.value.advice


@settings(max_examples=40)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    channels=st.sampled_from([None, 3, 4]),
    kind=st.sampled_from(["noise", "flat", "columns", "rows", "blocks"]),
    depth=st.sampled_from([np.uint8, np.uint16, np.float64]),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_small_array_is_read_or_refused_with_an_input_error(height, width, channels, kind, depth, seed):
    rng = np.random.default_rng(seed)
    shape = (height, width) if channels is None else (height, width, channels)
    value = rng.random(shape)
    if kind == "flat":
        value[:] = rng.random()
    elif kind == "columns":
        value[:] = value[:1]
    elif kind == "rows":
        value[:] = value[:, :1]
    elif kind == "blocks":
        value[:] = np.repeat(np.repeat(value[::7, ::7], 7, axis=0), 7, axis=1)[:height, :width]
    top = 1.0 if depth is np.float64 else np.iinfo(depth).max
    assert outcome_of((value * top).astype(depth))
