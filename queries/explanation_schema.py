"""Where attestations of explanations are kept: days, results by model, and every mismatch."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from queries.chains import SCHEMA
from queries.own_migrations import adopt
from queries.own_tables import Part

metadata = sa.MetaData(schema=SCHEMA)
_time = sa.DateTime(timezone=True)

explanation_days = sa.Table(
    "explanation_days",
    metadata,
    sa.Column("day", sa.Date(), primary_key=True, comment="UTC"),
    sa.Column("mark", sa.Text(), nullable=False, comment="What the source held when attested"),
    sa.Column("models", JSONB(), nullable=False, comment="Version to digest; null: not loaded"),
    sa.Column("attested_at", _time, nullable=False),
    comment="Which days were attested, and from what",
)

explanation_cover = sa.Table(
    "explanation_cover",
    metadata,
    sa.Column("environment", sa.Text(), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("predictions", sa.BigInteger(), nullable=False, comment="With a model score"),
    sa.Column("explained", sa.BigInteger(), nullable=False),
    sa.Column("newest_at", _time),
    sa.Column("attested_at", _time, nullable=False),
    comment="Predictions with and without an explanation",
)

explanation_results = sa.Table(
    "explanation_results",
    metadata,
    sa.Column("environment", sa.Text(), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("model_version", sa.Text(), primary_key=True),
    sa.Column("explained", sa.BigInteger(), nullable=False),
    sa.Column("verified", sa.BigInteger(), nullable=False),
    sa.Column("mismatched", sa.BigInteger(), nullable=False),
    sa.Column("reasons", JSONB(), nullable=False, comment="Why not recomputed, with its count"),
    sa.Column("detail", sa.Text(), nullable=False, comment="Why the model was not loaded"),
    sa.Column("digest", sa.Text(), comment="SHA-256 of the model's bytes"),
    sa.Column("largest_gap", sa.Double(), comment="Among the verified, in log-odds"),
    sa.Column("attribution_micro", JSONB(), nullable=False, comment="Sum of |value| × 1e6"),
    sa.Column("pairs", sa.BigInteger(), nullable=False, comment="Near-identical tickets"),
    sa.Column("alike", sa.BigInteger(), nullable=False, comment="With the same leading features"),
    sa.Column("newest_at", _time, nullable=False),
    sa.Column("attested_at", _time, nullable=False),
    comment="What recomputing a day's explanations found",
)

explanation_mismatches = sa.Table(
    "explanation_mismatches",
    metadata,
    sa.Column("prediction_id", sa.Text(), primary_key=True),
    sa.Column("scored_at", _time, primary_key=True),
    sa.Column("environment", sa.Text(), nullable=False),
    sa.Column("day", sa.Date(), nullable=False, index=True),
    sa.Column("model_version", sa.Text(), nullable=False),
    sa.Column("elements", JSONB(), nullable=False, comment="Name, stored, recomputed"),
    sa.Column("sum_gap", sa.Double()),
    sa.Index("explanation_mismatches_order", "environment", "scored_at", "prediction_id"),
    comment="Explanations that are not what the model says",
)

explanation_candidates = sa.Table(
    "explanation_candidates",
    metadata,
    sa.Column("candidate_version", sa.Text(), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True, comment="UTC"),
    sa.Column("mark", sa.Text(), nullable=False, comment="What the source held when attested"),
    sa.Column("verified", sa.BigInteger(), nullable=False, comment="Scores that the file gives"),
    sa.Column("mismatched", sa.BigInteger(), nullable=False),
    sa.Column("unverified", sa.BigInteger(), nullable=False, comment="Not recomputed"),
    sa.Column("explained", sa.BigInteger(), nullable=False, comment="Explanations that add up"),
    sa.Column("detail", sa.Text(), nullable=False, comment="Why the model was not loaded"),
    sa.Column("digest", sa.Text(), comment="SHA-256 of the model's bytes; null: not loaded"),
    sa.Column("newest_at", _time, nullable=False),
    sa.Column("attested_at", _time, nullable=False),
    comment="Are a candidate's scores in the shadow those of its verified file?",
)

TABLES = (explanation_days, explanation_cover, explanation_results, explanation_mismatches)

EXPLANATIONS = Part("explanations", metadata, migrations=(adopt,))
