"""Stored features are read together as each would be read alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.artifacts.features import FeatureSchema, ModelFeature
from dashboard.explanations.recompute import usable_rows

_SCHEMA = FeatureSchema(
    (
        ModelFeature("depth", "number", ()),
        ModelFeature("urgent", "flag", ()),
        ModelFeature("kind", "category", ("leak", "light", "leak")),
    ),
    "0" * 64,
)
_VALUES = st.one_of(
    st.sampled_from([None, True, "leak", "light", "other", 10**400, [], "1"]),
    st.integers(-5, 5),
    st.floats(width=32),
)
_FIT = st.fixed_dictionaries(
    {
        "depth": st.none() | st.floats(width=32) | st.integers(-5, 5),
        "urgent": st.none() | st.booleans(),
        "kind": st.sampled_from([None, "leak", "light"]),
    }
)
_ANY = st.dictionaries(st.sampled_from(["depth", "urgent", "kind"]), _VALUES) | st.sampled_from(
    [None, "depth", ["depth", "urgent", "kind"]]
)


@given(st.lists(_FIT) | st.lists(_FIT | _ANY))
def test_documents_read_together_are_those_that_can_be_read_alone(documents):
    kept, alone = [], []
    for place, document in enumerate(documents):
        try:
            alone.append(_SCHEMA.matrix([document])[0])
        except (ValueError, TypeError, OverflowError):
            continue
        kept.append(place)

    places, matrix = usable_rows(_SCHEMA, documents)

    assert places == kept
    assert matrix.shape == (len(kept), 3)
    np.testing.assert_array_equal(matrix.astype(np.float32), np.array(alone).reshape(-1, 3))
