"""All registered files verified together: now where we can, else as it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from components.artifacts import assess
from components.artifacts.types import RETIRED, Inspection
from dashboard.artifacts import models, trusted
from dashboard.artifacts.readiness import readiness
from dashboard.artifacts.verify import Verified, verify
from dashboard.settings import default_as_of
from queries.artifact_rows import ArtifactRow, CheckRow, ProbeRow

# The shell's present advances in steps of five minutes.
PRESENT = timedelta(minutes=10)


def is_present(as_of: datetime) -> bool:
    """Whether files as they are now can speak of this moment."""
    return default_as_of(datetime.now(UTC)) - as_of <= PRESENT


def recorded_until(as_of: datetime) -> datetime:
    """Up to when the record is read: in the present up to this minute, else to the as-of."""
    if not is_present(as_of):
        return as_of
    return max(as_of, datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1))


def inspect(
    rows: Sequence[ArtifactRow], probes: Sequence[ProbeRow], at: datetime, *, fresh: bool
) -> Inspection:
    """Verify every file and try out the versions that play a part.

    Validity is judged at ``at``. Unless ``fresh``, files that nobody would load are hashed
    again only when they changed.

    Raises:
        InvalidInputError: no folder of model files is configured.
    """
    trust = trusted.trust(rows)
    remembering = replace(trust, remembered=True)
    verified: list[Verified] = []
    for row in rows:
        matters = fresh or (row.role != RETIRED and models.family_of(row.path) is not None)
        verified.append(verify(row, trust if matters else remembering, at))
    by_version = {probe.model_version: probe for probe in probes}
    return Inspection(
        at=at,
        checks=tuple(item.check for item in verified),
        readiness=readiness(rows, verified, by_version, trust),
        live=True,
        trusted_keys=tuple(sorted(trust.keys.keys)),
        problems=(
            *trusted.problems(),
            *(f"Key {name}: {why}." for name, why in trust.keys.unsound.items()),
            *((f"{trust.revoked.problem}.",) if trust.revoked.problem else ()),
        ),
    )


def best(
    rows: Sequence[ArtifactRow],
    probes: Sequence[ProbeRow],
    recorded: Sequence[CheckRow],
    as_of: datetime,
    *,
    fresh: bool,
) -> Inspection | None:
    """What is known at a moment: the files themselves in the present, else what was recorded."""
    if is_present(as_of) and trusted.configured():
        return inspect(rows, probes, as_of, fresh=fresh)
    return assess.recorded(recorded, rows)
