"""Judgement on model files: sound or not, ready or not, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from components.artifacts.types import (
    CANDIDATE,
    PRODUCTION,
    ROLES,
    ROLLBACK,
    Check,
    Fault,
    Inspection,
    ProbeState,
    Readiness,
    Signature,
)
from components.gates.status import Status
from queries.artifact_rows import ArtifactRow, CheckRow, ServedRow, TrainingRow


@dataclass(frozen=True, slots=True)
class VersionFile:
    """One file with what is registered of it, what was found, and where it comes from.

    ``check`` is None where nobody has verified the file.
    """

    row: ArtifactRow
    check: Check | None
    training: TrainingRow | None
    last_sound: datetime | None

    @property
    def status(self) -> Status:
        """Sound, refused, or never looked at."""
        if self.check is None:
            return Status.NO_DATA
        return Status.PASS if self.check.sound else Status.FAIL


@dataclass(frozen=True, slots=True)
class Affected:
    """What a version scored although its file fails now.

    ``last_sound`` is the last time its failing file is known to have been sound; None if never.
    """

    version: str
    role: str
    n: int
    first: date | None
    last: date | None
    months: tuple[tuple[date, int], ...]
    last_sound: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence that answers the page, and its status."""

    status: Status
    sentence: str


def answer(found: Inspection | None, ready: Readiness | None) -> Answer:
    """Are the files what was signed, and is there a way back?"""
    if found is None or not found.checks:
        return Answer(Status.NO_DATA, "No model file has been verified: nothing is known of them.")
    failed = found.failed
    way_back = _way_back(ready)
    if not failed:
        count = len(found.checks)
        return Answer(
            Status.PASS if ready is not None and ready.ready else Status.FAIL,
            f"All {count} model files are what was signed. {way_back}",
        )
    worst = min(failed, key=lambda check: _rank(check.role))
    others = f", and {len(failed) - 1} more" if len(failed) > 1 else ""
    return Answer(
        Status.FAIL,
        f"INTEGRITY FAILURE in {len(failed)} of {len(found.checks)} model files: "
        f"{worst.path} ({worst.role}){others}. A file that fails is never loaded. {way_back}",
    )


def _way_back(ready: Readiness | None) -> str:
    if ready is None:
        return "No rollback model is registered."
    if ready.ready:
        return f"The way back, {ready.model_version}, is verified, loads and scores."
    return f"The way back, {ready.model_version}, is not ready."


def _rank(role: str) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def by_role(files: Sequence[VersionFile]) -> tuple[VersionFile, ...]:
    """Files in the order in which they matter: production first, retired last."""
    return tuple(sorted(files, key=lambda item: _rank(item.row.role)))


def version_files(
    rows: Sequence[ArtifactRow],
    found: Inspection | None,
    runs: Sequence[TrainingRow],
    sound: Mapping[tuple[str, str], datetime],
) -> tuple[VersionFile, ...]:
    """Every registered file with what is known of it."""
    checks = {(c.path, c.model_version, c.role): c for c in (found.checks if found else ())}
    trained = {run.model_version: run for run in runs}
    return by_role(
        [
            VersionFile(
                row,
                checks.get((row.path, row.model_version, row.role)),
                trained.get(row.model_version),
                sound.get((row.path, row.model_version)),
            )
            for row in rows
        ]
    )


def rollback_target(found: Inspection | None) -> Readiness | None:
    """The best rollback target there is: one that is ready, where there are several."""
    targets = [item for item in (found.readiness if found else ()) if item.role == ROLLBACK]
    return max(targets, key=lambda item: item.ready, default=None)


def affected(
    files: Sequence[VersionFile], served: Sequence[ServedRow]
) -> tuple[Affected, ...]:  # fmt: skip
    """Versions with a failing file, and the predictions that they made."""
    found: list[Affected] = []
    for version, role in dict.fromkeys((f.row.model_version, f.row.role) for f in files):
        failing = [
            item
            for item in files
            if item.row.model_version == version and item.check and not item.check.sound
        ]
        if not failing:
            continue
        made = [row for row in served if row.model_version == version]
        known = [item.last_sound for item in failing]
        dates = [moment for moment in known if moment is not None]
        found.append(
            Affected(
                version=version,
                role=role,
                n=sum(row.n for row in made),
                first=min((row.first for row in made), default=None),
                last=max((row.last for row in made), default=None),
                months=tuple((row.month, row.n) for row in made),
                last_sound=min(dates) if len(dates) == len(known) else None,
            )
        )
    return tuple(found)


def failing_versions(found: Inspection | None) -> tuple[str, ...]:
    """Versions with at least one refused file."""
    return tuple(dict.fromkeys(check.model_version for check in (found.failed if found else ())))


def trained_by_signer(files: Sequence[VersionFile], custodians: Mapping[str, str]) -> list[str]:
    """Versions whose signing key was put in service by whoever trained them."""
    return sorted(
        {
            item.row.model_version
            for item in files
            if item.training is not None
            and item.row.key_id is not None
            and custodians.get(item.row.key_id) == item.training.trained_by
        }
    )


def recorded(rows: Sequence[CheckRow], registered: Sequence[ArtifactRow]) -> Inspection | None:
    """The last recorded verification of each file that is still registered as it was then."""
    known = {(row.path, row.model_version, row.role, row.sha256) for row in registered}
    kept = [
        row for row in rows if (row.path, row.model_version, row.role, row.expected_sha256) in known
    ]
    if not kept:
        return None
    return Inspection(
        at=min(row.checked_at for row in kept),
        checks=tuple(_check(row) for row in kept),
        readiness=_readiness(kept),
        live=False,
    )


def _check(row: CheckRow) -> Check:
    return Check(
        model_version=row.model_version,
        role=row.role,
        path=row.path,
        checked_at=row.checked_at,
        fault=Fault(row.fault) if row.fault is not None else None,
        reason=row.reason,
        signature=Signature(row.signature),
        key_id=row.key_id,
        algorithm=row.algorithm,
        expected_sha256=row.expected_sha256,
        found_sha256=row.found_sha256,
    )


def _readiness(rows: Sequence[CheckRow]) -> tuple[Readiness, ...]:
    found: list[Readiness] = []
    for version, role in dict.fromkeys((row.model_version, row.role) for row in rows):
        if role not in (PRODUCTION, ROLLBACK, CANDIDATE):
            continue
        own = [row for row in rows if (row.model_version, row.role) == (version, role)]
        tried = next((row for row in own if row.probe), own[0])
        probe = ProbeState(tried.probe) if tried.probe else ProbeState.NOT_TRIED
        found.append(
            Readiness(
                version,
                role,
                len(own),
                sum(row.fault is None for row in own),
                tried.loadable,
                probe,
                f"as recorded: {probe.value}",
            )
        )
    return tuple(found)
