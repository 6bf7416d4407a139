"""Verification of one model file (METHODS §6): read once, and judge exactly those bytes."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from components.artifacts.types import RETIRED, Check, Fault, Signature
from dashboard.artifacts import files
from dashboard.artifacts import manifest as manifests
from dashboard.artifacts.files import RefusedError
from dashboard.artifacts.keys import KeyRing, Revocations
from dashboard.artifacts.manifest import Manifest, Signed
from queries.artifact_rows import ArtifactRow
from queries.names import PRODUCTION as ENVIRONMENT

CLOCK_SKEW = timedelta(minutes=5)
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True)
class Trust:
    """Where model files lie, whose signatures count, and what is expected of a manifest.

    ``features`` are the digests of the feature schemas that a model in use may have been made
    for; empty accepts any.
    """

    folder: Path
    keys: KeyRing
    revoked: Revocations
    model_id: str
    features: frozenset[str] = frozenset()
    remembered: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found, and the very bytes it was found on; none where the file was refused."""

    check: Check
    manifest: Manifest | None = None
    content: bytes | None = field(default=None, repr=False)


@dataclass(slots=True)
class _Progress:
    """How far a verification came before something refused it."""

    signature: Signature = Signature.UNCHECKED
    manifest: Manifest | None = None
    found_sha256: str | None = None


def verify(row: ArtifactRow, trust: Trust, at: datetime) -> Verified:
    """Verify one registered file at a moment; never raises for what it finds.

    The content is only handed out where every check held. With ``trust.remembered`` the digest
    of an unchanged file is taken from memory and there is no content: enough for a display.
    """
    progress = _Progress()
    content: bytes | None = None
    fault, reason = None, "signature, role, validity, size and digest hold"
    try:
        signed = _signed(row, trust, progress)
        _fits(signed.manifest, row, trust)
        _is_valid(signed.manifest, at)
        _as_registered(signed, row)
        content = _content(signed.manifest, trust, progress)
    except RefusedError as error:
        content = None
        fault, reason = error.fault, str(error)
    found = progress.manifest
    check = Check(
        model_version=row.model_version,
        role=row.role,
        path=row.path,
        checked_at=at,
        fault=fault,
        reason=reason,
        signature=progress.signature,
        key_id=found.key_id if found else row.key_id,
        algorithm=found.algorithm if found else None,
        expected_sha256=row.sha256,
        found_sha256=progress.found_sha256,
    )
    return Verified(check, found if fault is None else None, content)


def verify_all(rows: Sequence[ArtifactRow], trust: Trust, at: datetime) -> tuple[Verified, ...]:
    """Every registered file, in the order given."""
    return tuple(verify(row, trust, at) for row in rows)


def _signed(row: ArtifactRow, trust: Trust, progress: _Progress) -> Signed:
    """The manifest beside the file, once its signature is known to be good."""
    name = f"{row.path}{manifests.SUFFIX}"
    try:
        text = files.read(trust.folder, name, most=manifests.MOST_BYTES)
    except RefusedError as error:
        raise RefusedError(Fault.NO_MANIFEST, f"its manifest cannot be read: {error}") from None
    signed = manifests.parse(text, name)
    progress.manifest = signed.manifest
    key = trust.keys.of(signed.manifest.key_id)
    progress.signature = Signature.INVALID
    if key.algorithm != signed.manifest.algorithm:
        raise RefusedError(
            Fault.SIGNATURE_WRONG,
            f"the manifest names {signed.manifest.algorithm}, its key is of {key.algorithm}",
        )
    if not _HEX.fullmatch(signed.signature) or not key.verifies(
        bytes.fromhex(signed.signature), signed.covered
    ):
        raise RefusedError(
            Fault.SIGNATURE_WRONG,
            f"the signature in {name} is not that of key {signed.manifest.key_id} on this manifest",
        )
    progress.signature = Signature.VALID
    trust.revoked.refuse(
        key_id=signed.manifest.key_id,
        sha256=signed.manifest.sha256,
        version=signed.manifest.model_version,
    )
    return signed


def _fits(manifest: Manifest, row: ArtifactRow, trust: Trust) -> None:
    """Whether a good signature speaks of this model, in this place."""
    for fault, what, signed, expected in (
        (Fault.WRONG_MODEL, "model", manifest.model_id, trust.model_id),
        (Fault.WRONG_VERSION, "version", manifest.model_version, row.model_version),
        (Fault.WRONG_ROLE, "role", manifest.role, row.role),
        (Fault.WRONG_ENVIRONMENT, "environment", manifest.environment, ENVIRONMENT),
        (Fault.WRONG_FILE, "file", manifest.file, row.path),
    ):
        if signed != expected:
            raise RefusedError(
                fault, f"the manifest's {what} is “{signed[:80]}”, it should be “{expected[:80]}”"
            )
    in_use = row.role != RETIRED
    if in_use and trust.features and manifest.feature_schema_sha256 not in trust.features:
        raise RefusedError(
            Fault.WRONG_FEATURES,
            f"it was made for feature schema {manifest.feature_schema_sha256[:12]}…, "
            "which is not the one in production",
        )


def _is_valid(manifest: Manifest, at: datetime) -> None:
    if not at <= manifest.not_after:
        raise RefusedError(Fault.EXPIRED, f"its validity ended on {manifest.not_after:%d %b %Y}")
    if not manifest.created <= at + CLOCK_SKEW:
        raise RefusedError(
            Fault.NOT_YET_VALID, f"it says that it was made on {manifest.created:%d %b %Y}, later"
        )


def _as_registered(signed: Signed, row: ArtifactRow) -> None:
    """Whether the programme registered this very manifest: an older one, truly signed, is not."""
    for what, beside, registered in (
        ("digest", signed.manifest.sha256, row.sha256),
        ("size", signed.manifest.size, row.size_bytes),
        ("key", signed.manifest.key_id, row.key_id),
        ("end of validity", signed.manifest.not_after, row.not_after),
        ("signature", signed.signature, row.signature),
        ("manifest", dict(signed.raw), row.manifest),
    ):
        if beside != registered:
            raise RefusedError(
                Fault.NOT_AS_REGISTERED,
                f"the {what} beside the file is not the registered one: it was signed, but it is "
                "not the file that the programme put on record",
            )


def _content(manifest: Manifest, trust: Trust, progress: _Progress) -> bytes | None:
    """The file's bytes, read once; None where a remembered digest is enough."""
    if trust.remembered:
        content = None
        found = files.digest_for_display(trust.folder, manifest.file, size=manifest.size)
    else:
        content = files.read(trust.folder, manifest.file, size=manifest.size)
        found = hashlib.sha256(content).hexdigest()
    progress.found_sha256 = found
    if not hmac.compare_digest(found, manifest.sha256):
        raise RefusedError(
            Fault.WRONG_DIGEST,
            f"the digest of the file, {found[:12]}…, is not the signed one, "
            f"{manifest.sha256[:12]}…: the file was changed after it was signed",
        )
    return content
