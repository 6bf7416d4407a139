"""Where verifications of model files are kept: append-only and chained."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from queries.chains import TIME, chained

artifact_checks = chained(
    "artifact_checks",
    "Every recorded verification of a model file, and every refusal to load one",
    sa.Column("run_id", sa.Text(), nullable=False, index=True),
    sa.Column("checked_at", TIME, nullable=False, index=True),
    sa.Column("occasion", sa.Text(), nullable=False),
    sa.Column("model_version", sa.Text(), nullable=False),
    sa.Column("role", sa.Text(), nullable=False),
    sa.Column("path", sa.Text(), nullable=False),
    sa.Column("fault", sa.Text()),
    sa.Column("reason", sa.Text(), nullable=False),
    sa.Column("signature", sa.Text(), nullable=False),
    sa.Column("key_id", sa.Text()),
    sa.Column("algorithm", sa.Text()),
    sa.Column("expected_sha256", sa.Text(), nullable=False),
    sa.Column("found_sha256", sa.Text()),
    sa.Column("loadable", sa.Boolean()),
    sa.Column("probe", sa.Text(), nullable=False),
)

CHAINED = (artifact_checks,)


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One verification of one model file; ``fault`` is empty where everything held.

    ``loadable`` and ``probe`` speak of the version, and are empty where nobody tried.
    """

    run_id: str
    checked_at: datetime
    occasion: str
    model_version: str
    role: str
    path: str
    fault: str | None
    reason: str
    signature: str
    key_id: str | None
    algorithm: str | None
    expected_sha256: str
    found_sha256: str | None
    loadable: bool | None
    probe: str
