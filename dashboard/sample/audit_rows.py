"""Predictions as rows of ``prediction_audit``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dashboard.sample.features import Floats, Integers
from dashboard.sample.llm import LlmAnswers
from dashboard.sample.scoring import Predictions, Words
from dashboard.sample.tickets import Tickets

_UTC = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds by layer; ``llm`` is NaN where it was not asked."""

    rules: Floats
    ml: Floats
    llm: Floats
    total: Floats


def latencies(
    rng: np.random.Generator, predictions: Predictions, answers: LlmAnswers, llm_factor: Floats
) -> Latencies:
    """Draw the time of each layer and of the whole request, which adds some of its own."""
    n = len(predictions.asked)
    rules = rng.lognormal(np.log(4.0), 0.30, n)
    ml = rng.lognormal(np.log(28.0), 0.35, n)
    own = rng.lognormal(np.log(45.0), 0.40, n)
    llm = np.where(predictions.asked, answers.latency_ms * llm_factor, np.nan)
    rules, ml, llm = (np.round(part, 1) for part in (rules, ml, llm))
    return Latencies(rules, ml, llm, np.round(rules + ml + np.nan_to_num(llm) + own, 1))


def times(micros: Integers) -> pa.Array:
    """Microseconds as times in UTC."""
    return pa.array(micros).cast(pa.timestamp("us")).cast(_UTC)


def words(values: Words) -> pa.Array:
    """Words, ``None`` as null."""
    return pa.array(values, type=pa.string())


def numbers(values: Floats) -> pa.Array:
    """Numbers, NaN as null."""
    return pa.array(values, mask=np.isnan(values))


def named(codes: Integers, names: tuple[str, ...]) -> pa.Array:
    """Codes as names; a negative code as null."""
    return pa.array(names, type=pa.string()).take(pa.array(codes, mask=codes < 0))


def constant(word: str, n: int) -> pa.Array:
    """The same word in every row."""
    return pa.repeat(pa.scalar(word), n)


@dataclass(frozen=True, slots=True)
class Segments:
    """Names of work types and regions, by code."""

    work_types: tuple[str, ...]
    regions: tuple[str, ...]


def audit_table(
    environment: str,
    prediction_id: Integers,
    tickets: Tickets,
    segments: Segments,
    predictions: Predictions,
    taken: Latencies,
    propensity: Floats,
) -> pa.Table:
    """One row a prediction, under the names of the contract."""
    p, v = predictions, predictions.versions
    return pa.table(
        {
            "prediction_id": prediction_id,
            "ticket_id": tickets.ids,
            "scored_at": times(tickets.scored_at),
            "environment": constant(environment, len(tickets)),
            "work_type": named(tickets.work_type, segments.work_types),
            "region": named(tickets.region, segments.regions),
            "rules_version": words(v.rules),
            "ml_version": words(v.ml),
            "llm_version": words(v.llm),
            "workflow_config": words(v.workflow),
            "rules_score": numbers(p.rules_score),
            "rules_decision": words(p.decided(p.rules_score)),
            "ml_score": numbers(p.ml_score),
            "ml_decision": words(p.decided(p.ml_score)),
            "llm_score": numbers(p.llm_score),
            "llm_decision": words(p.decided(p.llm_score)),
            "llm_trigger": words(p.trigger),
            "escalated": tickets.escalated,
            "final_score": numbers(np.round(p.final_score, 7)),
            "final_decision": words(p.decided(p.final_score)),
            "rules_latency_ms": numbers(taken.rules),
            "ml_latency_ms": numbers(taken.ml),
            "llm_latency_ms": numbers(taken.llm),
            "total_latency_ms": numbers(taken.total),
            "error": words(p.error),
            "features": tickets.features.json(),
            "review_propensity": numbers(np.round(propensity, 8)),
        }
    )
