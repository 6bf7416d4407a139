"""The one door through which a model comes into this process: verified, or not at all."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.artifacts import features, record, trusted
from dashboard.artifacts.features import FeatureSchema, Row
from dashboard.artifacts.manifest import Manifest
from dashboard.artifacts.verify import Trust, Verified, verify
from queries.artifact_rows import ArtifactRow
from queries.errors import IntegrityFailureError, InvalidInputError

XGBOOST, LIGHTGBM = "xgboost", "lightgbm"
_FAMILY = {".ubj": XGBOOST, ".json": XGBOOST, ".txt": LIGHTGBM}
_MOST_KEPT = 8


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """A model loaded from bytes that were verified; ``digest`` is the SHA-256 of those bytes.

    ``booster`` is an ``xgboost.Booster`` or a ``lightgbm.Booster``, shared by every caller in
    the process: predict with it, never change it. ``best_iteration`` counts from 0 and is None
    where every tree is used. ``schema`` is None where its file is not in the models' folder.
    """

    model_version: str
    role: str
    family: str
    feature_names: tuple[str, ...]
    best_iteration: int | None
    trees: int
    digest: str
    manifest: Manifest
    schema: FeatureSchema | None
    booster: Any = field(repr=False)

    @property
    def iteration_range(self) -> tuple[int, int]:
        """The trees that count, as XGBoost writes it; (0, 0) is all of them."""
        return (0, 0) if self.best_iteration is None else (0, self.best_iteration + 1)

    def score(self, matrix: Row) -> npt.NDArray[np.float64]:
        """Scores as the model gives them, one a row; features in the model's order."""
        if self.family == XGBOOST:
            import xgboost as xgb

            table = xgb.DMatrix(matrix, feature_names=list(self.feature_names))
            found = self.booster.predict(table, iteration_range=self.iteration_range)
        else:
            limit = self.iteration_range[1] or None
            found = self.booster.predict(matrix, num_iteration=limit)
        return np.asarray(found, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What the libraries made of some bytes."""

    family: str
    booster: Any
    feature_names: tuple[str, ...]
    best_iteration: int | None
    trees: int


_kept: OrderedDict[tuple[str, str], _Loaded] = OrderedDict()
_lock = Lock()


def load_verified(
    model_version: str,
    rows: Sequence[ArtifactRow] | None = None,
    *,
    trust: Trust | None = None,
    at: datetime | None = None,
) -> VerifiedModel:
    """The model of a version, from the bytes that were verified now.

    ``rows`` are the registered files (``queries.artifacts.files``); without them they are asked
    from the configured source. The file is read and
    verified at every call; only the parsed model is kept, under the digest of those bytes.

    Raises:
        IntegrityFailureError: the file is not what was signed; the refusal is recorded in the
            product's own schema.
        InvalidInputError: no folder of models is configured, or the version has no file that
            can be loaded without running a pickle.
    """
    rows = trusted.registered() if rows is None else rows
    row = native_row(model_version, rows)
    trust = trust or trusted.trust(rows)
    return from_verified(row, verify(row, trust, at or datetime.now(UTC)), trust)


def native_row(model_version: str, rows: Sequence[ArtifactRow]) -> ArtifactRow:
    """The file of a version in a format that needs no pickle.

    Raises:
        InvalidInputError: there is none.
    """
    for row in rows:
        if row.model_version == model_version and family_of(row.path) is not None:
            return row
    raise InvalidInputError(
        f"Version {model_version} has no file in a native format (UBJ, JSON or LightGBM text). "
        "A pickle is never loaded here: register the native file beside it."
    )


def family_of(path: str) -> str | None:
    """The library that reads a file of this name; None for pickles and everything else."""
    return _FAMILY.get(PurePath(path).suffix)


def from_verified(row: ArtifactRow, verified: Verified, trust: Trust) -> VerifiedModel:
    """The model in bytes that were just verified.

    Raises:
        IntegrityFailureError: the file was refused, its library cannot read it, or its
            features are not those of the signed schema; the refusal is recorded.
    """
    family = family_of(row.path)
    if verified.content is None or verified.manifest is None or family is None:
        record.refusal(verified.check)
        raise IntegrityFailureError(
            f"INTEGRITY FAILURE in {row.path} ({row.model_version}, {row.role}): "
            f"{verified.check.reason}. The model was not loaded.",
            log=f"integrity failure: {verified.check.fault}",
        )
    loaded = _parsed(family, verified.manifest.sha256, verified.content)
    schema = features.load(trust.folder, verified.manifest.feature_schema_sha256)
    if schema is not None and schema.names != loaded.feature_names:
        raise IntegrityFailureError(
            f"INTEGRITY FAILURE in {row.path}: the model's features are not those, in that order, "
            "of the signed feature schema. The model was not loaded."
        )
    return VerifiedModel(
        model_version=row.model_version,
        role=row.role,
        family=family,
        feature_names=loaded.feature_names,
        best_iteration=loaded.best_iteration,
        trees=loaded.trees,
        digest=verified.manifest.sha256,
        manifest=verified.manifest,
        schema=schema,
        booster=loaded.booster,
    )


def _parsed(family: str, digest: str, content: bytes) -> _Loaded:
    """The parsed model, from memory where the same bytes were parsed before."""
    key = (family, digest)
    with _lock:
        if key in _kept:
            _kept.move_to_end(key)
            return _kept[key]
    try:
        loaded = _xgboost(content) if family == XGBOOST else _lightgbm(content)
    except Exception as error:  # noqa: BLE001 - the libraries raise their own kinds, all of them
        raise IntegrityFailureError(
            f"INTEGRITY FAILURE: the file is signed, but {family} cannot read it "
            f"({type(error).__name__}). The model was not loaded.",
            log=f"{family} refused verified bytes: {type(error).__name__}",
        ) from None
    with _lock:
        _kept[key] = loaded
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return loaded


def _xgboost(content: bytes) -> _Loaded:
    import xgboost as xgb

    booster = xgb.Booster()
    booster.load_model(bytearray(content))
    best = booster.attr("best_iteration")
    return _Loaded(
        family=XGBOOST,
        booster=booster,
        feature_names=tuple(booster.feature_names or ()),
        best_iteration=int(best) if best is not None else None,
        trees=booster.num_boosted_rounds(),
    )


def _lightgbm(content: bytes) -> _Loaded:
    import lightgbm as lgb

    text = content.decode("utf-8")
    booster = lgb.Booster(model_str=text)
    best = booster.best_iteration
    return _Loaded(
        family=LIGHTGBM,
        booster=booster,
        feature_names=tuple(booster.feature_name()),
        best_iteration=best - 1 if best > 0 else None,
        trees=booster.current_iteration(),
    )
