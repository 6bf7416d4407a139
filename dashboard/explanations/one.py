"""One explanation in view: recomputed now, with what the verified model says beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.explanations import assess, assess_one, words
from components.explanations.assess import Flags, Floats
from components.explanations.assess_one import Hint, Neighbour
from components.explanations.types import Mismatch, Unverified
from dashboard.artifacts import models, trusted
from dashboard.artifacts.features import CATEGORY, FLAG, ModelFeature
from dashboard.explanations.attest import Loaded, attest, loaded
from dashboard.explanations.recompute import codes, outputs, usable_rows
from queries.artifact_rows import ArtifactRow
from queries.explanation_rows import ExplanationRow, NearRow


@dataclass(frozen=True, slots=True)
class Seen:
    """What recomputing one explanation found; ``reason`` says why it could not be."""

    reason: str
    detail: str
    mismatch: Mismatch | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class Around:
    """What the model says of tickets like the one in view; ``why_not`` where it cannot be asked."""

    hints: tuple[Hint, ...]
    why_not: str
    neighbours: tuple[Neighbour, ...]


def model_of(version: str, rows: Sequence[ArtifactRow]) -> Loaded:
    """The model, verified now; without a folder of models, why there is none."""
    if not trusted.configured():
        return Loaded(None, Unverified.MODEL_GONE, "No folder of model files is configured.")
    trust = trusted.trust(rows)
    return loaded(version, lambda name: models.load_verified(name, rows, trust=trust))


def recomputed(row: ExplanationRow, model: Loaded) -> Seen:
    """Attest the one explanation."""
    found = attest([row], model)
    reason = next(iter(found.reasons), None)
    if reason is not None:
        told = reason == model.refused and model.detail != Unverified(reason).words
        return Seen(Unverified(reason).words, model.detail if told else "", None, model.digest)
    return Seen("", "", next(iter(found.mismatches), None), model.digest)


def around(
    row: ExplanationRow, near: Sequence[NearRow], model: Loaded, threshold: float | None
) -> Around:
    """The smallest changes that turn the decision, and the nearest tickets."""
    if model.model is None or model.model.schema is None:
        return Around((), "It cannot be computed: the model could not be verified.", ())
    schema = model.model.schema
    places, own = usable_rows(schema, [row.features])
    if not places:
        return Around((), "It cannot be computed: the stored features cannot be used.", ())
    kept, matrix = usable_rows(schema, [one.features for one in near])
    others = [near[place] for place in kept]
    kinds = codes(schema)
    likes = assess_one.neighbours(own[0], matrix, others, schema.names, kinds)
    if threshold is None:
        return Around((), "It cannot be computed: the decision threshold is not on record.", likes)
    if not len(matrix):
        return Around((), "It cannot be computed: no usual range is known.", likes)
    return Around(_hints(own[0], matrix, kinds, model, threshold), "", likes)


def _hints(
    own: Floats, matrix: Floats, kinds: Flags, model: Loaded, threshold: float
) -> tuple[Hint, ...]:
    assert model.model is not None
    assert model.model.schema is not None
    found = assess_one.trials(own, matrix, kinds)
    tried = np.vstack([own[None, :], assess_one.tried(own, found)])
    present, *scores = (assess_one.risk(float(one)) for one in outputs(model.model, tried))
    turned = assess_one.flips(own, found, scores, present, threshold, assess.spread(matrix), kinds)
    features = model.model.schema.features
    return tuple(
        Hint(
            features[trial.place].name,
            _word(features[trial.place], float(own[trial.place])),
            _word(features[trial.place], trial.value),
            score,
            size,
        )
        for trial, score, size in turned
    )


def _word(feature: ModelFeature, number: float) -> str:
    """A number that the model sees, as the ticket says it."""
    value: Any = None if np.isnan(number) else number
    if value is not None and feature.kind == FLAG:
        value = bool(number)
    elif value is not None and feature.kind == CATEGORY:
        value = feature.categories[int(number)]
    return words.value(value)
