"""What the pipeline hands to judgement: one measured metric each, with its n and its time."""

from __future__ import annotations

from collections.abc import Sequence

from components.gates.evidence import Evidence
from components.pipeline.assess_correctness import Correctness
from components.pipeline.assess_days import Days
from components.pipeline.assess_environments import Environments
from components.pipeline.assess_firing import Firing
from components.pipeline.assess_latency import BINS, Latency
from components.pipeline.assess_versions import Snapshots
from components.pipeline.shares import Share
from components.statistics.weight_total import adds_up, contradiction
from queries.audit_rows import Path
from queries.audit_tickets import TicketRow

COUNTED = "full count"
WILSON = "share, Wilson interval"
HAJEK = "Hájek mean over 1/review_propensity, weights capped at 100, linearised interval"
HISTOGRAM = f"log-spaced histogram, error at most {BINS.relative_error:.1%}"

SNAPSHOT_METRICS = (
    "audit.snapshot_completeness",
    "audit.known_versions",
    "audit.configuration_in_force",
)
FIRING_METRICS = ("llm.fired_without_cause", "llm.missed", "layers.agreement", "errors.rate")
DAY_METRICS = ("audit.missing_days",)
TICKET_METRICS = ("audit.repeated_tickets",)
CORRECTNESS_METRICS = ("llm.correctness",)
LATENCY_METRICS = ("latency.fast_path_p95", "latency.llm_path_p95")
ENVIRONMENT_METRICS = ("environments.decision_agreement",)


def snapshot_evidence(found: Snapshots) -> tuple[Evidence, ...]:
    """Three full counts: they have no interval."""
    complete, known, in_force = SNAPSHOT_METRICS
    return (
        _count_of(
            complete, found.complete, found, "lack a version snapshot", found.where_incomplete
        ),
        _count_of(known, found.known, found, "name an unknown version", found.where_unknown),
        _count_of(
            in_force,
            found.in_force,
            found,
            "name a version that was not in force",
            found.where_not_in_force,
            unscored=found.unjudged,
        ),
    )


def _count_of(
    metric: str, share: Share, found: Snapshots, fault: str, where: str, unscored: int = 0
) -> Evidence:
    bad = share.whole - share.part
    among = "predictions" if share.whole == found.complete.whole else "predictions with snapshots"
    words = f"{bad:,} of {share.whole:,} {among} {fault}"
    return Evidence(
        metric=metric,
        value=share.value,
        n=share.whole,
        n_unscored=unscored,
        method=COUNTED,
        measured_at=found.newest,
        sentence=f"{words}{f': {where}' if where else ''}.",
    )


def firing_evidence(firing: Firing) -> tuple[Evidence, ...]:
    """Calls without cause, missed calls, agreement of rules and ML, and errors."""
    without_cause, missed, agreement, errors = FIRING_METRICS
    judged = firing.n - firing.unjudged
    agreed = Share.of(
        sum(row.agreed for row in firing.days), sum(row.comparable for row in firing.days)
    )
    return (
        Evidence(
            metric=without_cause,
            value=firing.without_cause if judged else None,
            n=judged,
            n_unscored=firing.unjudged,
            method=COUNTED,
            measured_at=firing.newest,
            sentence=f"{firing.without_cause:,} of {firing.asked.part:,} LLM calls have no cause.",
        ),
        Evidence(
            metric=missed,
            value=firing.missed if judged else None,
            n=judged,
            n_unscored=firing.unjudged,
            method=COUNTED,
            measured_at=firing.newest,
            sentence=f"{firing.missed:,} of {judged:,} predictions should have had the LLM.",
        ),
        Evidence(
            metric=agreement,
            value=agreed.value,
            n=agreed.whole,
            n_unscored=firing.n - agreed.whole,
            low=agreed.low,
            high=agreed.high,
            method=WILSON,
            measured_at=firing.newest,
            sentence=f"Rules and model agree on {agreed.part:,} of {agreed.whole:,} predictions.",
        ),
        Evidence(
            metric=errors,
            value=firing.errors.value,
            n=firing.n,
            low=firing.errors.low,
            high=firing.errors.high,
            method=WILSON,
            measured_at=firing.newest,
            sentence=f"{firing.errors.part:,} of {firing.n:,} predictions ended in an error.",
        ),
    )


def day_evidence(found: Days, firing: Firing) -> tuple[Evidence, ...]:
    """Days without records; ``n`` counts from the first one, so that a late start is no data."""
    return (
        Evidence(
            metric=DAY_METRICS[0],
            value=len(found.missing) if found.n else None,
            n=found.n,
            method=COUNTED,
            measured_at=firing.newest,
            sentence=f"{found.sentence}.",
        ),
    )


def ticket_evidence(row: TicketRow) -> tuple[Evidence, ...]:
    """The share of predictions that score a ticket once more: they show nothing new."""
    again = row.predictions - row.tickets
    return (
        Evidence(
            metric=TICKET_METRICS[0],
            value=again / row.predictions if row.predictions else None,
            n=row.predictions,
            method=COUNTED,
            measured_at=row.newest_at,
            sentence=f"{again:,} of {row.predictions:,} predictions score a ticket once more.",
        ),
    )


def correctness_evidence(found: Correctness, calls: int) -> tuple[Evidence, ...]:
    """The LLM where it ran; ``n`` is the effective number of reviews, rounded down.

    There is no number where the weights do not add up to its ``calls``.
    """
    llm = found.llm
    mean = llm.weighted if llm else None
    words = _correct_words(found)
    if llm is not None and mean is not None and not adds_up(llm.weight, calls):
        mean, words = None, contradiction(llm.weight, calls)
    return (
        Evidence(
            metric=CORRECTNESS_METRICS[0],
            value=mean.value if mean else None,
            n=int(mean.effective_n) if mean else 0,
            n_unscored=llm.unknown_propensity if llm else 0,
            low=mean.low if mean else None,
            high=mean.high if mean else None,
            method=HAJEK,
            measured_at=found.newest_review,
            sentence=words,
        ),
    )


def _correct_words(found: Correctness) -> str:
    llm = found.llm
    if llm is None or llm.weighted is None:
        return "No reviewed ticket on which the LLM ran has a known review propensity."
    return (
        f"The LLM was right on {llm.naive.part:,} of {llm.naive.whole:,} reviewed tickets; "
        f"weighted for how they were chosen, {llm.weighted.value:.1%} "
        f"(worth {llm.weighted.effective_n:,.0f} independent reviews)."
    )


def latency_evidence(found: Latency, firing: Firing) -> tuple[Evidence, ...]:
    """p95 of whole requests; the interval is the histogram bin that holds it."""
    evidence = []
    for metric, path in zip(LATENCY_METRICS, (Path.FAST_PATH, Path.LLM_PATH), strict=True):
        measured = found.of(path)
        requests = firing.asked.part if path is Path.LLM_PATH else firing.n - firing.asked.part
        n = measured.n if measured else 0
        evidence.append(
            Evidence(
                metric=metric,
                value=measured.p95.value if measured else None,
                n=n,
                n_unscored=max(0, requests - n),
                low=measured.p95.lower if measured else None,
                high=measured.p95.upper if measured else None,
                method=HISTOGRAM,
                measured_at=firing.newest,
                sentence=f"Measured on {n:,} of {requests:,} requests.",
            )
        )
    return tuple(evidence)


def environment_evidence(
    found: Environments, strays: Sequence[tuple[str, int]] = ()
) -> tuple[Evidence, ...]:
    """Agreement of the pairs that were scored under the same versions.

    Predictions under a name that only looks like production's (``strays``) are an error: no gate
    that judges production sees them.
    """
    same, other = found.same_versions, found.other_versions
    named = ", ".join(f"{n:,} under “{name}”" for name, n in strays)
    error = f"predictions are recorded under names like production's: {named}" if named else None
    return (
        Evidence(
            metric=ENVIRONMENT_METRICS[0],
            value=same.value,
            n=same.whole,
            low=same.low,
            high=same.high,
            method=WILSON,
            measured_at=found.newest,
            sentence=(
                f"{same.whole - same.part:,} of {same.whole:,} tickets scored under the same "
                f"versions were decided differently; {other.whole:,} more were scored under "
                "other versions."
            ),
            error=error,
        ),
    )
