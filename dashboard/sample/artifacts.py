"""Model files of the programme: which version plays which role, written, signed, registered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dashboard.sample.defects import planted
from dashboard.sample.features import Schema
from dashboard.sample.models import Model
from dashboard.sample.recipe import Recipe
from dashboard.sample.shadow import CANDIDATE
from dashboard.sample.signing import Origin, SignedFile, Signer
from dashboard.sample.training import TRAINER, TrainingRun

VALIDITY = timedelta(days=730)
_FIXED_NAMES = {"production": "latest", "candidate": "candidate"}

Row = dict[str, Any]


def roles(production_versions: Sequence[str]) -> dict[str, str]:
    """Version to role: the newest serves, the one before it is the way back."""
    *retired, rollback, serving = production_versions
    return {
        **dict.fromkeys(retired, "retired"),
        rollback: "rollback",
        serving: "production",
        CANDIDATE: "candidate",
    }


def write_artifacts(
    recipe: Recipe,
    folder: Path,
    trained: dict[str, Model],
    runs: Sequence[TrainingRun],
    schema: Schema,
    as_of: datetime,
) -> tuple[list[Row], list[Row]]:
    """Write and sign all files; rows of ``model_artifacts`` and of ``ml_training_runs``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"feature_schema_{schema.sha256[:16]}.json").write_bytes(schema.document)
    signer = Signer(folder)
    by_version = {run.model_version: run for run in runs}
    serving = [version for version in trained if version != CANDIDATE]
    artifacts: list[Row] = []
    for version, role in roles(serving).items():
        run = by_version[version]
        origin = Origin(
            model_version=version,
            role=_signed_role(recipe, role),
            training_run=run.run_id,
            feature_schema_sha256=schema.sha256,
            created=run.finished_at,
            not_after=max(run.finished_at, as_of) + VALIDITY,
        )
        model = trained[version]
        name = f"risk_model_{_FIXED_NAMES.get(role, version)}.joblib"
        native = f"risk_model_{version}{model.native_suffix}"
        files = {name: model.joblib(), native: model.native()}
        for file, content in files.items():
            artifacts.append(_artifact(version, role, signer.write(file, content, origin)))
    if planted(recipe, "tampered_artifact") is not None:
        _tamper(folder, next(row for row in artifacts if row["role"] == "retired"))
    return artifacts, [_training_row(run, artifacts) for run in runs]


def _signed_role(recipe: Recipe, role: str) -> str:
    """The role in the manifest; a planted defect signs the candidate for another one."""
    wrong = planted(recipe, "artifact_for_another_role")
    return "retired" if wrong is not None and role == "candidate" else role


def _artifact(version: str, role: str, signed: SignedFile) -> Row:
    manifest = signed.manifest
    return {
        "model_version": version,
        "role": role,
        "path": manifest["file"],
        "sha256": manifest["sha256"],
        "size_bytes": manifest["size"],
        "manifest": dict(manifest),
        "signature": signed.signature,
        "key_id": manifest["key_id"],
        "signed_at": signed.signed_at,
        "not_after": signed.not_after,
    }


def _tamper(folder: Path, artifact: Row) -> None:
    """Change one byte of a file after it was signed."""
    path = folder / str(artifact["path"])
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.write_bytes(content)


def _training_row(run: TrainingRun, artifacts: Sequence[Row]) -> Row:
    """A row of ``ml_training_runs``; challengers keep no file."""
    file = next((row for row in artifacts if row["model_version"] == run.model_version), None)
    return {
        **asdict(run),
        "run_id": run.run_id,
        "status": "succeeded",
        "trained_by": TRAINER,
        "artifact_path": file["path"] if file else None,
        "sha256": file["sha256"] if file else None,
    }
