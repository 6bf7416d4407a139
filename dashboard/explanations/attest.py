"""One batch of stored explanations against the verified model that they name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from components.explanations import assess
from components.explanations.assess import Compared, Stored
from components.explanations.types import Mismatch, Unverified
from dashboard.artifacts.models import LIGHTGBM, VerifiedModel
from dashboard.explanations.recompute import METHODS, OUTPUT_SPACES, codes, recompute, usable_rows
from queries.errors import IntegrityFailureError, InvalidInputError
from queries.explanation_rows import ExplanationRow

Load = Callable[[str], VerifiedModel]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A version's model, or why there is none."""

    model: VerifiedModel | None
    refused: Unverified | None = None
    detail: str = ""

    @property
    def digest(self) -> str | None:
        """What the results rest on; None where nothing can be recomputed."""
        return self.model.digest if self.model is not None else None


def loaded(version: str, load: Load) -> Loaded:
    """The model of a version, verified, with the features that it was signed for."""
    try:
        model = load(version)
    except IntegrityFailureError as error:
        return Loaded(None, Unverified.MODEL_REFUSED, str(error))
    except InvalidInputError as error:
        return Loaded(None, Unverified.MODEL_GONE, str(error))
    if model.schema is None:
        return Loaded(None, Unverified.SCHEMA_GONE, Unverified.SCHEMA_GONE.words)
    return Loaded(model)


@dataclass(slots=True)
class Tally:
    """What was found so far, for one model, environment and day."""

    explained: int = 0
    verified: int = 0
    mismatched: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    largest_gap: float | None = None
    attribution: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    alike: int = 0
    newest_at: datetime | None = None

    def add(self, rows: Sequence[ExplanationRow], found: Batch) -> None:
        """Add a batch of the same model, environment and day."""
        self.explained += len(rows)
        self.verified += found.compared.verified
        self.mismatched += len(found.compared.mismatches)
        self.reasons.update(found.reasons)
        self.attribution.update(found.attribution)
        self.pairs += found.pairs[0]
        self.alike += found.pairs[1]
        gaps = [gap for gap in (self.largest_gap, found.compared.largest_gap) if gap is not None]
        self.largest_gap = max(gaps, default=None)
        newest = max(row.scored_at for row in rows)
        self.newest_at = newest if self.newest_at is None else max(self.newest_at, newest)


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of one batch; ``pairs``: near-identical tickets, and those with like reasons."""

    compared: Compared
    reasons: Counter[str]
    attribution: dict[str, int]
    pairs: tuple[int, int]

    @property
    def mismatches(self) -> tuple[Mismatch, ...]:
        return self.compared.mismatches


_NOTHING = Compared(0, (), None)


def attest(rows: Sequence[ExplanationRow], model: Loaded) -> Batch:
    """Recompute a batch of explanations that name the same version.

    Whatever cannot be recomputed is counted under its reason and is neither right nor wrong.
    """
    reasons: Counter[str] = Counter()
    kept = []
    for row in rows:
        reason = _unverified(row, model)
        if reason is None:
            kept.append(row)
        else:
            reasons[reason] += 1
    attribution = _attribution(rows)
    schema = model.model.schema if model.model is not None else None
    if not kept or model.model is None or schema is None:
        return Batch(_NOTHING, reasons, attribution, (0, 0))
    places, matrix = usable_rows(schema, [row.features for row in kept])
    if len(places) < len(kept):
        reasons[Unverified.FEATURES] += len(kept) - len(places)
    stored = [_stored(kept[place]) for place in places]
    if not stored:
        return Batch(_NOTHING, reasons, attribution, (0, 0))
    try:
        compared = _compared(model.model, stored, matrix)
    except InvalidInputError:
        reasons[Unverified.OUTPUT_SPACE] += len(stored)
        return Batch(_NOTHING, reasons, attribution, (0, 0))
    values = assess.vectors(schema.names, stored)
    return Batch(compared, reasons, attribution, assess.alike(matrix, codes(schema), values))


def _unverified(row: ExplanationRow, model: Loaded) -> Unverified | None:
    if row.method not in METHODS:
        return Unverified.METHOD
    if row.output_space not in OUTPUT_SPACES:
        return Unverified.OUTPUT_SPACE
    if row.environment is None:
        return Unverified.PREDICTION_GONE
    return model.refused


def _compared(model: VerifiedModel, stored: Sequence[Stored], matrix: assess.Floats) -> Compared:
    """Compare; what differs from LightGBM on doubles is compared with it on singles too."""
    names = model.feature_names
    whole = recompute(model, matrix)
    found = assess.compare(names, stored, whole.values, whole.output)
    if not found.mismatches or model.family != LIGHTGBM:
        return found
    missed = {one.prediction_id for one in found.mismatches}
    places = [place for place, one in enumerate(stored) if one.prediction_id in missed]
    again = recompute(model, matrix[places], single=True)
    second = assess.compare(names, [stored[p] for p in places], again.values, again.output)
    gaps = [gap for gap in (found.largest_gap, second.largest_gap) if gap is not None]
    wrong = {one.prediction_id for one in second.mismatches}
    return Compared(
        found.verified + second.verified,
        tuple(one for one in found.mismatches if one.prediction_id in wrong),
        max(gaps, default=None),
    )


def _stored(row: ExplanationRow) -> Stored:
    return Stored(row.prediction_id, row.scored_at, row.base_value, row.shap_values)


def _attribution(rows: Sequence[ExplanationRow]) -> dict[str, int]:
    """What stored values of the usual kind attribute to each feature, verified or not."""
    usual = [
        row
        for row in rows
        if row.method in METHODS
        and row.output_space in OUTPUT_SPACES
        and isinstance(row.shap_values, dict)
    ]
    names = sorted({str(name) for row in usual for name in row.shap_values})
    if not usual:
        return {}
    return assess.magnitudes(names, assess.vectors(names, [_stored(row) for row in usual]))


def elements(found: Mismatch) -> list[list[Any]]:
    """A mismatch's elements as they are kept: name, stored, recomputed."""
    return [[one.feature, one.stored, one.recomputed] for one in found.elements]
