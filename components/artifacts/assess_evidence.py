"""Evidence for the gates on model files, ways back and drills."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from components.artifacts.assess_history import (
    DEMOTE,
    ROLLBACK,
    WORDS,
    Practice,
    Release,
    practice,
)
from components.artifacts.types import CANDIDATE, PRODUCTION, Check, Inspection, Readiness
from components.artifacts.types import ROLLBACK as ROLLBACK_ROLE
from components.gates.evidence import Evidence

PRODUCTION_INVALID = "artifacts.production_invalid"
CANDIDATE_INVALID = "artifacts.candidate_invalid"
ROLLBACK_TARGETS = "artifacts.rollback_targets"
ROLLBACK_UNLOADABLE = "artifacts.rollback_unloadable"
ROLLBACK_DRILL_AGE = "artifacts.rollback_drill_age"
DEMOTE_DRILL_AGE = "artifacts.demote_drill_age"

FILE_METRICS = (PRODUCTION_INVALID, CANDIDATE_INVALID, ROLLBACK_TARGETS, ROLLBACK_UNLOADABLE)
DRILL_METRICS = (ROLLBACK_DRILL_AGE, DEMOTE_DRILL_AGE)

_VERIFICATION = "model file verification"
_EVENTS = "system_audit"


def file_evidence(found: Inspection, measured_at: datetime) -> tuple[Evidence, ...]:
    """What the verification says of production, candidate and ways back."""
    candidate = only({check.model_version for check in found.of(CANDIDATE)})
    return (
        _invalid(PRODUCTION_INVALID, found.of(PRODUCTION), measured_at),
        _invalid(CANDIDATE_INVALID, found.of(CANDIDATE), measured_at, candidate),
        _targets(found, measured_at),
        replace(_unloadable(found, measured_at), candidate=candidate),
    )


def only(versions: Collection[str]) -> str | None:
    """The candidate that a promotion would be about; None where there is not exactly one."""
    return next(iter(versions)) if len(versions) == 1 else None


def _invalid(
    metric: str, checks: Sequence[Check], measured_at: datetime, candidate: str | None = None
) -> Evidence:
    failed = [check for check in checks if not check.sound]
    words = "; ".join(f"{check.path}: {check.reason}" for check in failed)
    return Evidence(
        metric=metric,
        value=len(failed) if checks else None,
        n=len(checks),
        method=_VERIFICATION,
        measured_at=measured_at,
        candidate=candidate,
        sentence=f"INTEGRITY FAILURE: {words}." if failed else "",
    )


def _targets(found: Inspection, measured_at: datetime) -> Evidence:
    """Rollback models that are verified, load and score.

    Only a pickle registered: it is verified, but nobody can say here whether it would load.
    """
    targets = [item for item in found.readiness if item.role == ROLLBACK_ROLE]
    tried = [item for item in targets if item.loadable is not None]
    ready = sum(item.ready for item in tried)
    untried = len(targets) - len(tried)
    return Evidence(
        metric=ROLLBACK_TARGETS,
        value=None if targets and not tried else ready,
        n=max(1, len(tried)) if not targets or tried else 0,
        n_unscored=untried if tried else 0,
        method=_VERIFICATION,
        measured_at=measured_at,
        sentence=_sentence(targets) if targets else "No rollback model is registered.",
    )


def _unloadable(found: Inspection, measured_at: datetime) -> Evidence:
    """Models in production that could not be the way back after a promotion."""
    present = [item for item in found.readiness if item.role == PRODUCTION]
    tried = [item for item in present if item.loadable is not None]
    return Evidence(
        metric=ROLLBACK_UNLOADABLE,
        value=sum(not item.ready for item in tried) if tried else None,
        n=len(tried),
        n_unscored=len(present) - len(tried) if tried else 0,
        method=_VERIFICATION,
        measured_at=measured_at,
        sentence=_sentence(present),
    )


def _sentence(items: Sequence[Readiness]) -> str:
    return " ".join(f"{item.model_version}: {item.sentence.rstrip('.')}." for item in items)


def drill_evidence(
    found: Sequence[Release],
    as_of: datetime,
    newest_event: datetime | None,
    candidate: str | None,
) -> tuple[Evidence, ...]:
    """How long ago ways out were used, as a condition for promoting the candidate.

    The log's newest event says how far its silence counts.
    """
    ages = (
        _age(ROLLBACK_DRILL_AGE, practice(ROLLBACK, found, as_of), newest_event),
        _age(DEMOTE_DRILL_AGE, practice(DEMOTE, found, as_of), newest_event),
    )
    return tuple(replace(age, candidate=candidate) for age in ages)


def _age(metric: str, found: Practice, newest_event: datetime | None) -> Evidence:
    name = WORDS[found.action].lower()
    words = f"No {name} is on record, neither a drill nor a real one."
    if found.last is not None and found.age_days is not None:
        kind = "drill" if found.last.drill else "in earnest"
        words = f"The last {name} ({kind}) was {int(found.age_days)} days ago."
    return Evidence(
        metric=metric,
        value=None if found.age_days is None else round(found.age_days, 3),
        n=found.times,
        method=_EVENTS,
        measured_at=newest_event,
        sentence=words,
    )
