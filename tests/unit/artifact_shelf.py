"""A folder of small signed models, and every way to spoil it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from dashboard.artifacts.keys import Revocations, key_ring
from dashboard.artifacts.manifest import Manifest
from dashboard.artifacts.verify import Trust, Verified, verify
from dashboard.sample.features import Feature, Kind, Schema
from dashboard.sample.signing import Origin, SignedFile, Signer, signed_bytes
from queries.artifact_rows import ArtifactRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MADE = NOW - timedelta(days=100)
LAST = NOW + timedelta(days=365)
SCHEMA = Schema(
    (
        Feature("depth", Kind.NUMBER, decimals=1),
        Feature("urgent", Kind.FLAG),
        Feature("kind", Kind.CATEGORY, categories=("leak", "light")),
    )
)
NAMES = list(SCHEMA.names)
SECRET = "5e" * 32


@cache
def training_data() -> tuple[Any, Any]:
    random = np.random.default_rng(5)
    matrix = random.normal(size=(400, 3)).astype(np.float32)
    return matrix, (matrix[:, 0] + matrix[:, 1] > 0).astype(np.int32)


@cache
def xgboost_bytes(form: str = "ubj", seed: int = 1, early: bool = False) -> bytes:
    """A small model; ``early`` stops before its last tree."""
    import xgboost as xgb

    matrix, label = training_data()
    table = xgb.DMatrix(matrix[:300], label[:300], feature_names=NAMES)
    held_out = xgb.DMatrix(matrix[300:], 1 - label[300:], feature_names=NAMES)
    options = {"objective": "binary:logistic", "max_depth": 2, "eta": seed / 10, "nthread": 1}
    more: dict[str, Any] = {"evals": [(held_out, "heldout")], "early_stopping_rounds": 2}
    booster = xgb.train(options, table, 8, verbose_eval=False, **(more if early else {}))
    return bytes(booster.save_raw(form))


@cache
def lightgbm_bytes() -> bytes:
    import lightgbm as lgb

    matrix, label = training_data()
    options = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1}
    booster = lgb.train(options, lgb.Dataset(matrix, label, feature_name=NAMES), 8)
    return booster.model_to_string().encode()


@dataclass(frozen=True)
class Shelf:
    """A models' folder with one key, and what the programme registered of it."""

    folder: Path
    signer: Signer

    @classmethod
    def new(cls, folder: Path) -> Shelf:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"feature_schema_{SCHEMA.sha256[:16]}.json"
        (folder / name).write_bytes(SCHEMA.document)
        return cls(folder, Signer(folder))

    def put(
        self, name: str, content: bytes, *, version: str = "xgb-2", role: str = "production",
        **other: Any,
    ) -> ArtifactRow:  # fmt: skip
        """Write, sign and register a file."""
        origin = Origin(version, role, f"run-{version}", SCHEMA.sha256, MADE, LAST)
        return registered(self.signer.write(name, content, replace(origin, **other)))

    def production(self) -> ArtifactRow:
        return self.put("model.ubj", xgboost_bytes())

    def resign(self, row: ArtifactRow, **changed: Any) -> ArtifactRow:
        """Sign another manifest for the same file, and register it."""
        manifest = {**row.manifest, **changed}
        signature = self.signer._key.sign(signed_bytes(manifest)).hex()
        self.beside(row.path, manifest, signature)
        return registered_manifest(manifest, signature, row)

    def beside(self, name: str, manifest: Mapping[str, Any], signature: str) -> None:
        text = json.dumps({"manifest": manifest, "signature": signature})
        (self.folder / f"{name}.manifest.json").write_text(text)

    def trust(self, **other: Any) -> Trust:
        given: dict[str, Any] = {
            "folder": self.folder,
            "keys": key_ring(self.folder / "keys", {}),
            "revoked": Revocations({}),
            "model_id": "risk_model",
            "features": frozenset({SCHEMA.sha256}),
        }
        return Trust(**{**given, **other})

    def verify(self, row: ArtifactRow, at: datetime = NOW, **trust: Any) -> Verified:
        return verify(row, self.trust(**trust), at)


def registered(signed: SignedFile) -> ArtifactRow:
    manifest = dict(signed.manifest)
    return ArtifactRow(
        model_version=str(manifest["model_version"]),
        role=str(manifest["role"]),
        path=str(manifest["file"]),
        sha256=str(manifest["sha256"]),
        size_bytes=int(manifest["size"]),
        manifest=manifest,
        signature=signed.signature,
        key_id=str(manifest["key_id"]),
        signed_at=signed.signed_at,
        not_after=signed.not_after,
    )


def registered_manifest(
    manifest: Mapping[str, Any], signature: str, row: ArtifactRow
) -> ArtifactRow:
    read = Manifest.model_validate(manifest)
    return replace(
        row,
        manifest=dict(manifest),
        signature=signature,
        sha256=read.sha256,
        size_bytes=read.size,
        key_id=read.key_id,
        not_after=read.not_after,
    )


def hmac_signed(shelf: Shelf, row: ArtifactRow, key_id: str, secret: bytes) -> ArtifactRow:
    manifest = {**row.manifest, "algorithm": "hmac-sha256", "key_id": key_id}
    signature = hmac.digest(secret, signed_bytes(manifest), "sha256").hex()
    shelf.beside(row.path, manifest, signature)
    return registered_manifest(manifest, signature, row)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
