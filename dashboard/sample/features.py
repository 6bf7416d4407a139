"""Features: what the rules and the models see of a ticket, and how the audit stores it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Kind(StrEnum):
    """What a feature holds."""

    NUMBER = "number"
    FLAG = "flag"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature; ``decimals`` belongs to numbers, ``categories`` to categories."""

    name: str
    kind: Kind
    decimals: int = 0
    categories: tuple[str, ...] = ()

    def code(self, category: str) -> int:
        """The number that a model sees for a category.

        Raises:
            ValueError: the feature does not know the category.
        """
        return self.categories.index(category)


@dataclass(frozen=True, slots=True)
class Schema:
    """The features in the order in which a model reads them."""

    features: tuple[Feature, ...]

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    def __getitem__(self, name: str) -> Feature:
        return next(feature for feature in self.features if feature.name == name)

    @property
    def sha256(self) -> str:
        """Digest of the document."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def document(self) -> bytes:
        """Names, kinds, decimals and categories, in order, as they lie beside the models."""
        parts = [[f.name, f.kind, f.decimals, list(f.categories)] for f in self.features]
        return json.dumps(parts).encode()

    @classmethod
    def of(cls, document: bytes) -> Schema:
        """The schema that a :attr:`document` describes."""
        parts = json.loads(document)
        return cls(
            tuple(
                Feature(name, Kind(kind), decimals, tuple(words))
                for name, kind, decimals, words in parts
            )
        )


@dataclass(frozen=True, slots=True)
class Features:
    """The features of many tickets, by column; missing is NaN, a category is its code."""

    schema: Schema
    columns: Mapping[str, Floats]

    @classmethod
    def rounded(cls, schema: Schema, columns: Mapping[str, npt.ArrayLike]) -> Features:
        """Numbers as the audit stores them, so that a score can be recomputed from it."""
        numbers: dict[str, Floats] = {
            f.name: np.asarray(columns[f.name], dtype=np.float64) for f in schema.features
        }
        return cls(schema, {f.name: numbers[f.name].round(f.decimals) for f in schema.features})

    @classmethod
    def stored(cls, schema: Schema, documents: Sequence[Mapping[str, object]]) -> Features:
        """The features of the audit's documents, one a ticket."""
        return cls(
            schema,
            {f.name: _numbers(f, [row[f.name] for row in documents]) for f in schema.features},
        )

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns[self.schema.features[0].name])

    def replaced(self, **columns: Floats) -> Features:
        """The same with some columns exchanged."""
        return Features.rounded(self.schema, {**self.columns, **columns})

    def take(self, rows: Flags | Integers) -> Features:
        """Some of the tickets."""
        return Features(self.schema, {name: column[rows] for name, column in self.columns.items()})

    def matrix(self) -> npt.NDArray[np.float32]:
        """One row a ticket, in the order of the schema."""
        return np.column_stack([self.columns[n] for n in self.schema.names]).astype(np.float32)

    def json(self) -> pa.Array:
        """One JSON document a ticket."""
        names = self.schema.names
        return json_documents(names, [_json_values(f, self[f.name]) for f in self.schema.features])


def _numbers(feature: Feature, values: Sequence[object]) -> Floats:
    """Stored values as a model sees them."""
    if feature.kind is not Kind.CATEGORY:
        return np.array(values, dtype=np.float64)
    place = {word: float(code) for code, word in enumerate(feature.categories)}
    return np.array([place.get(str(value), np.nan) for value in values], dtype=np.float64)


def json_documents(names: Sequence[str], values: Sequence[pa.Array]) -> pa.Array:
    """JSON objects from columns of ready JSON values; a null becomes ``null``."""
    pieces: list[pa.Array | pa.Scalar] = []
    for place, (name, column) in enumerate(zip(names, values, strict=True)):
        opening = "{" if place == 0 else ", "
        pieces += [pa.scalar(f"{opening}{json.dumps(name)}: "), column]
    pieces += [pa.scalar("}"), pa.scalar("")]
    return pc.binary_join_element_wise(*pieces, null_handling="replace", null_replacement="null")


def _json_values(feature: Feature, column: Floats) -> pa.Array:
    missing = np.isnan(column)
    if feature.kind is Kind.NUMBER and feature.decimals:
        return pa.array(column, mask=missing).cast(pa.string())
    whole = np.where(missing, 0, column).astype(np.int64)
    if feature.kind is Kind.NUMBER:
        return pa.array(whole, mask=missing).cast(pa.string())
    words: tuple[str, ...] = ("false", "true")
    if feature.kind is Kind.CATEGORY:
        words = tuple(json.dumps(category) for category in feature.categories)
    return pa.array(words).take(pa.array(whole, mask=missing))
