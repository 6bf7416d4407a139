"""What the owner configured: the models' folder, the keys that count, the revocations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from components.artifacts.types import PRODUCTION
from dashboard import engines
from dashboard.artifacts.keys import key_ring, revocations
from dashboard.artifacts.verify import Trust
from dashboard.settings import default_as_of, settings
from queries import artifacts
from queries.artifact_rows import ArtifactRow
from queries.database import read
from queries.errors import InvalidInputError
from queries.scope import Scope


def configured() -> bool:
    """Whether a folder of model files is named."""
    return settings().models_dir is not None


def trust(rows: Sequence[ArtifactRow], *, remembered: bool = False) -> Trust:
    """Everything a verification rests on, read anew.

    Models in use must have been made for the feature schema that the registered production
    model names.

    Raises:
        InvalidInputError: no folder of model files is configured.
    """
    options = settings()
    if options.models_dir is None:
        raise InvalidInputError(
            "No folder of model files is configured. Set PLUMBLINE_MODELS_DIR and "
            "PLUMBLINE_KEYS_DIR."
        )
    secrets = {name: key.get_secret_value() for name, key in options.model_hmac_keys.items()}
    return Trust(
        folder=options.models_dir,
        keys=key_ring(options.keys_dir, secrets),
        revoked=revocations(options.revocations_path),
        model_id=options.model_id,
        features=_features(rows),
        remembered=remembered,
    )


def trust_in(folder: Path, keys: Path, rows: Sequence[ArtifactRow]) -> Trust:
    """The same for a folder that no option names: the sample's own, before the app starts."""
    return Trust(
        folder=folder,
        keys=key_ring(keys, {}),
        revoked=revocations(None),
        model_id=settings().model_id,
        features=_features(rows),
    )


def registered() -> tuple[ArtifactRow, ...]:
    """The model files on record in the configured source.

    Raises:
        DatabaseError: the source cannot be read.
        InvalidInputError: no source is configured.
    """
    return read(engines.source(), lambda connection: artifacts.files(connection, _now())).rows


def _now() -> Scope:
    as_of = default_as_of(datetime.now(UTC))
    return Scope(start=as_of - timedelta(days=1), end=as_of, as_of=as_of)


def problems() -> tuple[str, ...]:
    """What is configured and weakens or prevents every verification, in words."""
    options = settings()
    found = []
    if options.models_dir is not None and not options.models_dir.is_dir():
        found.append("The configured folder of model files does not exist or cannot be read.")
    if options.keys_dir is None and not options.model_hmac_keys:
        found.append("No key may sign: set PLUMBLINE_KEYS_DIR.")
    if options.keys_dir is not None and not options.keys_dir.is_dir():
        found.append("The configured folder of keys does not exist or cannot be read.")
    return tuple(found)


def keys_beside_models() -> bool:
    """Whether whoever can replace a model can also add a key."""
    options = settings()
    if options.models_dir is None or options.keys_dir is None:
        return False
    models: Path = options.models_dir.resolve()
    return models in (options.keys_dir.resolve(), *options.keys_dir.resolve().parents)


def _features(rows: Sequence[ArtifactRow]) -> frozenset[str]:
    named = (
        row.manifest.get("feature_schema_sha256")
        for row in rows
        if row.role == PRODUCTION and isinstance(row.manifest, dict)
    )
    return frozenset(digest for digest in named if isinstance(digest, str))
