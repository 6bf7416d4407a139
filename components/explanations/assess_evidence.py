"""Evidence from kept attestations: are explanations there, exact, and stable? (B5, C8)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from components.explanations import assess
from components.explanations.types import Unverified
from components.gates.evidence import Evidence
from components.statistics.intervals import wilson
from queries.explanation_candidates import CandidateRow
from queries.explanation_rows import CoverRow, ResultRow

VERIFIED = "explanations.verified"
COVERAGE = "explanations.coverage"
STABILITY = "explanations.top_features_stability"
CANDIDATE = "explanations.candidate_verified"
METRICS = (VERIFIED, COVERAGE, STABILITY, CANDIDATE)
METHOD_COVERAGE = "explanation-coverage/1"
METHOD_STABILITY = "near-identical-pairs/1"
METHOD_CANDIDATE = "recomputed-scores/1"
NO_SCORES = "No score of the candidate in the shadow was recomputed. Run “plumbline refresh”."


def evidence(results: Sequence[ResultRow], cover: Sequence[CoverRow]) -> tuple[Evidence, ...]:
    """What the attested days of the window say; nothing where no day was attested."""
    found = [_exact(results)] if results else []
    return (*found, *_coverage(cover), *_stability(results))


def candidate_evidence(version: str, rows: Sequence[CandidateRow]) -> Evidence:
    """Are the candidate's scores in the shadow those of its verified file?

    The contract keeps one explanation for each prediction, production's: what a candidate's
    reasons rest on is its score, which every row of the shadow holds.
    """
    verified = sum(row.verified for row in rows)
    checked = verified + sum(row.mismatched for row in rows)
    unverified = sum(row.unverified for row in rows)
    explained = sum(row.explained for row in rows)
    why = next((f": {row.detail}" for row in rows if row.detail), "")
    said = (
        f"{verified:,} of {checked:,} scores that {version} gave in the shadow are those of its "
        f"verified file; {explained:,} of their explanations were recomputed and add up to them"
    )
    if not checked:
        said = f"No score that {version} gave in the shadow could be recomputed{why}"
    elif unverified:
        said += f"; {unverified:,} could not be recomputed{why}"
    return Evidence(
        metric=CANDIDATE,
        value=verified / checked if checked else None,
        n=checked,
        n_unscored=unverified,
        method=METHOD_CANDIDATE,
        measured_at=_newest([row.newest_at for row in rows]),
        candidate=version,
        sentence=f"{said.rstrip('.')}." if rows else NO_SCORES,
    )


def _exact(rows: Sequence[ResultRow]) -> Evidence:
    verified = sum(row.verified for row in rows)
    wrong = sum(row.mismatched for row in rows)
    reasons: Counter[str] = Counter()
    for row in rows:
        reasons.update(row.reasons)
    checked = verified + wrong
    return Evidence(
        metric=VERIFIED,
        value=verified / checked if checked else None,
        n=checked,
        n_unscored=sum(reasons.values()),
        method=assess.METHOD,
        measured_at=_newest([row.newest_at for row in rows]),
        sentence=_sentence(verified, checked, wrong, reasons),
    )


def _sentence(verified: int, checked: int, wrong: int, reasons: Counter[str]) -> str:
    said = f"{verified:,} of {checked:,} stored explanations are what the verified model says"
    if wrong:
        said += f"; {wrong:,} are not"
    for reason, n in reasons.most_common():
        said += f"; {n:,} could not be recomputed: {words(reason)}"
    return f"{said}."


def words(reason: str) -> str:
    """A kept reason in words; one that another release wrote stands as it is."""
    try:
        return Unverified(reason).words
    except ValueError:
        return reason


def _coverage(rows: Sequence[CoverRow]) -> list[Evidence]:
    whole = sum(row.predictions for row in rows)
    if not whole:
        return []
    there = sum(min(row.explained, row.predictions) for row in rows)
    return [
        Evidence(
            metric=COVERAGE,
            value=there / whole,
            n=whole,
            method=METHOD_COVERAGE,
            measured_at=_newest([row.newest_at for row in rows]),
            sentence=f"{there:,} of {whole:,} predictions with a model score are explained.",
        )
    ]


def _stability(rows: Sequence[ResultRow]) -> list[Evidence]:
    pairs, alike = sum(row.pairs for row in rows), sum(row.alike for row in rows)
    if not pairs:
        return []
    bounds = wilson(alike, pairs)
    return [
        Evidence(
            metric=STABILITY,
            value=alike / pairs,
            low=bounds.low,
            high=bounds.high,
            n=pairs,
            method=METHOD_STABILITY,
            measured_at=_newest([row.newest_at for row in rows if row.pairs]),
            sentence=(
                f"In {alike:,} of {pairs:,} pairs of near-identical tickets two of the three "
                "leading features are the same. Whether reviewers agree with the reasons is not "
                "part of it."
            ),
        )
    ]


def _newest(moments: Sequence[datetime | None]) -> datetime | None:
    return max((moment for moment in moments if moment is not None), default=None)
