"""Predictions sent as the places that they count in, many to a word, and counted here.

Counting in the server costs a row for each variable of each prediction, all of which pass through
one process. Placing them is what its parallel workers do; adding up is a matter of milliseconds
once the places are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.dialects.postgresql import array

from queries.contract import prediction_audit, prediction_explanations
from queries.drift_rows import FIRST, MISSING, OUTSIDE, UNUSABLE, Counts, Layout, Variable
from queries.rollup_layout import JOINTS
from queries.rollup_parts import Document, audit, feature_place, place_of
from queries.rollup_vectors import from_matrices

_BITS = 62
"""Bits of a word in use; its sign is left alone."""
_MOST_SHAP = 1_000_000
"""A SHAP value beyond it is no SHAP value: it is left out rather than overflow the sum."""
_NO_SHAP = -(2**62)

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Field:
    """Where a variable's place stands: the word, and its lowest bit there."""

    variable: Variable
    word: int
    shift: int

    def of(self, words: Places) -> Places:
        """The places, from words by row: (words, rows)."""
        mask = (1 << _bits(self.variable)) - 1
        places: Places = (words[self.word] >> self.shift) & mask
        return places


def counting(
    layout: Layout,
    conditions: Sequence[sa.ColumnElement[bool]],
    keys: Sequence[sa.Label[Any]],
) -> sa.Select[Any]:
    """Predictions as words, those of one combination of the keys together in one row."""
    features = Document(prediction_audit.c.features, _names(layout), "f")
    fields = _fields(_placed(layout))
    words = _words(fields, [place_of(layout, each.variable, features) for each in fields])
    rows = sa.join(prediction_audit, features.record, sa.true())
    return _together(keys, words, rows, conditions)


def explaining(
    layout: Layout,
    conditions: Sequence[sa.ColumnElement[bool]],
    keys: Sequence[sa.Label[Any]],
) -> sa.Select[Any]:
    """The same of explained predictions: places of features, then SHAP values in millionths."""
    stored = prediction_explanations
    features = Document(prediction_audit.c.features, _names(layout), "f")
    values = Document(stored.c.shap_values, _names(layout), "s")
    fields = _fields(layout.features)
    at = [feature_place(each.variable, features[each.variable.short_name]) for each in fields]
    micro = [_micro(values[each.short_name]) for each in layout.features]
    same = sa.and_(
        stored.c.prediction_id == audit.prediction_id, stored.c.scored_at == audit.scored_at
    )
    rows = (
        sa.join(prediction_audit, stored, same)
        .join(features.record, sa.true())
        .join(values.record, sa.true())
    )
    # An array needs an element, even where the reference had no feature.
    numbers = [*_words(fields, at), *micro] or [sa.literal_column("0")]
    return _together(keys, numbers, rows, conditions)


def counted(layout: Layout, sent: Sequence[bytes]) -> Counts:
    """Predictions per place for each row of ``counting``: (rows, width of the layout)."""
    fields = _fields(_placed(layout))
    group, words = from_matrices(sent, _width(fields))
    counts = np.zeros((len(sent), layout.width), dtype=np.int64)
    places = {field.variable.name: field.of(words) for field in fields}
    for layer in JOINTS:
        if f"joint:{layer}" in layout:
            places[f"joint:{layer}"] = _joint(layout, layer, places)
    for name, place in places.items():
        variable = layout[name]
        at = group * variable.width + place
        tally = np.bincount(at, minlength=len(sent) * variable.width)
        counts[:, variable.slice] = tally.reshape(-1, variable.width)
    return counts


def explained(layout: Layout, sent: Sequence[bytes]) -> tuple[Counts, Counts]:
    """Explained predictions and summed SHAP values per place, for each row of ``explaining``."""
    fields = _fields(layout.features)
    first = _width(fields)
    group, columns = from_matrices(sent, max(1, first + len(fields)))
    explained, total = np.zeros((2, len(sent), layout.feature_width), dtype=np.int64)
    for field, micro in zip(fields, columns[first:], strict=True):
        held = micro != _NO_SHAP
        at = group[held], field.variable.offset + field.of(columns)[held]
        np.add.at(explained, at, 1)
        np.add.at(total, at, micro[held])
    return explained, total


def _together(
    keys: Sequence[sa.Label[Any]],
    numbers: Sequence[sa.ColumnElement[Any]],
    rows: sa.FromClause,
    conditions: Sequence[sa.ColumnElement[bool]],
) -> sa.Select[Any]:
    """One array a prediction, and the arrays of one key as the rows of one matrix."""
    one: sa.ColumnElement[Any] = array(list(numbers), type_=sa.BigInteger())
    # The fence keeps the expressions below it, where parallel workers evaluate them.
    each = (
        sa.select(*keys, one.label("numbers"))
        .select_from(rows)
        .where(*conditions)
        .offset(sa.literal_column("0"))
        .subquery("each_prediction")
    )
    by = [each.c[key.name] for key in keys]
    matrix = sa.func.array_send(sa.func.array_agg(each.c.numbers)).label("numbers")
    return sa.select(*by, matrix).group_by(*by)


def _placed(layout: Layout) -> list[Variable]:
    """The variables whose places are read; a joint one's follows from two others."""
    return [each for each in layout.variables if not each.name.startswith("joint:")]


def _joint(layout: Layout, layer: str, places: dict[str, Places]) -> Places:
    """Score bin × decision, from the places of both."""
    score, decision = places[f"score:{layer}"], places[f"decision:{layer}"]
    choices = len(layout[f"decision:{layer}"].categories)
    pair = FIRST + (score - OUTSIDE) * choices + (decision - FIRST)
    missing = (score == MISSING) | (decision == MISSING)
    return np.select(
        [missing, score == UNUSABLE, decision == OUTSIDE], [MISSING, UNUSABLE, OUTSIDE], pair
    )


def _fields(variables: Sequence[Variable]) -> list[_Field]:
    return list(_packed(variables))


def _packed(variables: Sequence[Variable]) -> Iterator[_Field]:
    word, shift = 0, 0
    for variable in variables:
        bits = _bits(variable)
        if shift + bits > _BITS:
            word, shift = word + 1, 0
        yield _Field(variable, word, shift)
        shift += bits


def _bits(variable: Variable) -> int:
    return (variable.width - 1).bit_length()


def _width(fields: Sequence[_Field]) -> int:
    return fields[-1].word + 1 if fields else 0


def _words(
    fields: Sequence[_Field], places: Sequence[sa.ColumnElement[Any]]
) -> list[sa.ColumnElement[Any]]:
    words: dict[int, sa.ColumnElement[Any]] = {}
    for field, place in zip(fields, places, strict=True):
        wide: sa.ColumnElement[Any] = sa.cast(place, sa.BigInteger())
        if field.shift:
            wide = words[field.word] + wide * sa.literal_column(str(1 << field.shift))
        words[field.word] = wide
    return list(words.values())


def _micro(value: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    as_number = sa.cast(value, sa.Numeric())
    usable = sa.case(
        (sa.func.jsonb_typeof(value) == "number", sa.func.abs(as_number) < _MOST_SHAP),
        else_=sa.false(),
    )
    micro = sa.cast(sa.func.round(as_number * 1_000_000), sa.BigInteger())
    return sa.case((usable, micro), else_=sa.literal_column(str(_NO_SHAP)))


def _names(layout: Layout) -> list[str]:
    return [each.short_name for each in layout.features]
