"""The quick median agrees with NumPy's slow one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from reader.medians import median, running_median

VALUES = st.one_of(st.just(np.nan), st.floats(-9, 9, width=32))


@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=7), elements=VALUES))
def test_the_median_is_that_of_what_is_known(values):
    known = (row[~np.isnan(row)] for row in values.reshape(-1, values.shape[-1]))
    expected = np.array([np.median(row) if row.size else np.nan for row in known])
    seen = median(values)
    assert seen.dtype == values.dtype
    assert seen.shape == values.shape[:-1]
    assert np.array_equal(seen.ravel(), expected.astype(np.float32), equal_nan=True)


def test_where_nothing_is_known_the_median_is_unknown():
    assert np.isnan(median(np.full((2, 3), np.nan))).all()


@given(
    arrays.arrays(
        np.float32, st.tuples(st.integers(1, 3), st.integers(1, 24)), elements=st.floats(-9, 9, width=32)
    ),
    st.integers(1, 9),
)
def test_a_running_median_is_that_of_every_window(values, reach):
    count = values.shape[1]
    windows = (values[:, max(k - reach, 0) : k + reach + 1] for k in range(count))
    assert np.array_equal(running_median(values, reach), np.stack([median(w) for w in windows], axis=1))
