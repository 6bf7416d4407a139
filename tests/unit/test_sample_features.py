"""Features: what is stored is what the model saw."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dashboard.sample.features import Feature, Features, Kind, Schema

SCHEMA = Schema(
    (
        Feature("age", Kind.NUMBER, decimals=1),
        Feature("count", Kind.NUMBER),
        Feature("flag", Kind.FLAG),
        Feature("channel", Kind.CATEGORY, categories=('say "hello"', "tab\there")),
    )
)

_missing = st.just(float("nan"))
_rows = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6) | _missing,
        st.integers(0, 10**9).map(float) | _missing,
        st.sampled_from([0.0, 1.0]) | _missing,
        st.sampled_from([0.0, 1.0]) | _missing,
    ),
    min_size=1,
    max_size=20,
)


@given(_rows)
def test_scores_can_be_recomputed_from_the_stored_document(rows):
    features = Features.rounded(
        SCHEMA, dict(zip(SCHEMA.names, zip(*rows, strict=True), strict=True))
    )
    documents = [json.loads(text) for text in features.json().to_pylist()]
    for document, seen in zip(documents, features.matrix(), strict=True):
        again = [
            np.nan
            if document[feature.name] is None
            else feature.code(document[feature.name])
            if feature.kind is Kind.CATEGORY
            else float(document[feature.name])
            for feature in SCHEMA.features
        ]
        np.testing.assert_array_equal(np.array(again, dtype=np.float32), seen)


def test_documents_hold_the_kinds_of_json():
    features = Features.rounded(
        SCHEMA, {"age": [1.25], "count": [3.0], "flag": [1.0], "channel": [0.0]}
    )
    assert json.loads(features.json()[0].as_py()) == {
        "age": 1.2,
        "count": 3,
        "flag": True,
        "channel": 'say "hello"',
    }


def test_the_digest_of_a_schema_depends_on_order_and_categories():
    turned = Schema(SCHEMA.features[::-1])
    renamed = Schema((*SCHEMA.features[:3], Feature("channel", Kind.CATEGORY, 0, ("a", "b"))))
    assert len({SCHEMA.sha256, turned.sha256, renamed.sha256}) == 3
