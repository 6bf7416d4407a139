"""A made-up comparison of two models: a candidate that is a little better, and hurts one region."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from math import exp

import numpy as np

from components.gates.status import Status
from components.shadow.types import (
    Agreement,
    Checklist,
    CheckRow,
    Cost,
    Coverage,
    DayDifference,
    DayEvidence,
    DayShare,
    DifferenceBin,
    Fairness,
    Induced,
    Latency,
    LoadChange,
    MissingnessTest,
    NamedSlice,
    Pairing,
    Quality,
    Queued,
    Readiness,
    Recall,
    Scores,
    SegmentChurn,
    SegmentCoverage,
    Sequential,
    ShadowReport,
)
from components.statistics.bootstrap import Bootstrapped
from components.statistics.brier import PairedBrier
from components.statistics.calibration import Calibration, ReliabilityBin
from components.statistics.cost import Load, UnitCosts, cost_difference, cost_map, paired_errors
from components.statistics.delong import Auroc, PairedAuroc
from components.statistics.estimate import Estimate
from components.statistics.fairness import Rate, error_rates, gap
from components.statistics.forecast import Forecast, Remaining
from components.statistics.intervals import wilson
from components.statistics.off_policy import OffPolicy
from components.statistics.sequential import SequenceLook
from components.statistics.slice_watch import WatchedSlice
from components.statistics.slices import SliceState

START = date(2026, 9, 25)
AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
DAYS = 37
REGIONS = ("Harbor", "Mercer", "North Hill", "Old Town", "Riverside")


def estimate(value: float, error: float) -> Estimate:
    """A value with the interval of its error."""
    return Estimate.of(value, error * error)


def off_policy(value: float, naive: float, *, differs: bool = False) -> OffPolicy:
    """Three estimates of one mean."""
    return OffPolicy(
        naive=estimate(naive, 0.002),
        hajek=estimate(value, 0.006),
        aipw=estimate(value + 0.001, 0.005),
        differs=differs,
        reviewed=4_210,
        unknown=12,
        effective_n=1_630.4,
        capped=3,
        usable=True,
    )


def reliability(shift: float) -> tuple[ReliabilityBin, ...]:
    """Ten bins, off by ``shift`` in the middle."""
    bins = []
    for place in range(10):
        score = (place + 0.5) / 10
        observed = min(1.0, max(0.0, score + shift * 4 * score * (1 - score)))
        n = 400 - 20 * place
        bins.append(ReliabilityBin(score, observed, wilson(round(observed * n), n), n, n / 2.5))
    return tuple(bins)


def recalibration(slope: float) -> Calibration:
    """A fit with that slope."""
    return Calibration(
        slope=estimate(slope, 0.04),
        intercept=estimate(0.02, 0.03),
        in_the_large=estimate(0.01, 0.03),
        observed_over_expected=estimate(1.03, 0.02),
        n=4_198,
        clipped=0,
    )


def quality(*, differs: bool = True) -> Quality:
    """What labels say: better as reviewed, the same when corrected."""
    return Quality(
        reviewed=4_210,
        disagreements=431,
        unknown_propensity=12,
        accuracy=off_policy(0.0012, 0.0184, differs=differs),
        candidate_accuracy=off_policy(0.842, 0.731),
        production_accuracy=off_policy(0.841, 0.713),
        bootstrap=Bootstrapped(0.0012, 0.006, -0.0105, 0.0131, 2000, 0, 0),
        auroc=PairedAuroc(
            Auroc(0.861, 0.006, 0.849, 0.873),
            Auroc(0.858, 0.006, 0.846, 0.870),
            0.003,
            0.002,
            -0.0009,
            0.0069,
            1.5,
            0.13,
            1_320,
            2_890,
        ),
        brier=PairedBrier(
            estimate(0.142, 0.003), estimate(0.144, 0.003), estimate(-0.002, 0.001), 4_198
        ),
        candidate_calibration=recalibration(0.94),
        production_calibration=recalibration(1.02),
        candidate_reliability=reliability(-0.08),
        production_reliability=reliability(0.02),
        critical_recall=Recall(
            estimate(0.931, 0.02), estimate(0.935, 0.02), estimate(-0.004, 0.012), 188
        ),
        banner="As reviewed the candidate looks better by +1.84 pp; corrected for review it is "
        "+0.12 pp. Reviewers look at hard tickets, and there the candidate is better.",
    )


def sequential(last_harm: float = 0.4) -> Sequential:
    """Evidence of 37 days: the sequence narrows, harm stays low, the last days wait for labels."""
    days = []
    for place in range(DAYS):
        n, half = 160 * (place + 1), 0.35 / (place + 1) ** 0.62
        mean = 0.001 + 0.03 / (place + 2)
        wins, losses = 6 * (place + 1), 5 * (place + 1) + place % 3
        known = place > 0
        days.append(
            DayEvidence(
                day=START + timedelta(days=place),
                predictions=n,
                labels=wins + losses,
                wins=wins,
                losses=losses,
                mean=mean if known else None,
                low=mean - half if known else None,
                high=mean + half if known else None,
                e_harm=last_harm * exp(-(DAYS - 1 - place) / 30) if known else None,
                e_benefit=exp(place / 16) if known else None,
                e_plain=exp(place / 25 - 1.2),
                immature=place >= DAYS - 6,
            )
        )
    return Sequential(
        days=tuple(days),
        margin=-0.01,
        e_limit=20.0,
        aim=20_000,
        random_only=False,
        status=Status.NO_DATA,
        sentence="The difference is +0.18 pp (−3.6 to +4.0 pp at any look): still open.",
        left_out=12,
    )


def forecast() -> Forecast:
    """A decision in some weeks."""
    return Forecast(
        Remaining(46, 17, None), Remaining(512, 190, None), 0.62, 0.03, 0.35, 365, 2000, 0
    )


def look(mean: float, half: float) -> SequenceLook:
    """One look with its ends."""
    return SequenceLook(2_000, mean, half / 3, 1.1, mean - half, mean + half)


def slices() -> tuple[NamedSlice, ...]:
    """One region worse, one open, two that hold, and one too small."""
    rows = (
        ("Harbor", SliceState.WORSE, 150, look(-0.09, 0.04)),
        ("Mercer", SliceState.OPEN, 120, look(-0.004, 0.05)),
        ("North Hill", SliceState.HOLDS, 118, look(0.012, 0.025)),
        ("Old Town", SliceState.HOLDS, 140, look(0.02, 0.02)),
        ("Riverside", SliceState.NO_DATA, 31, look(0.04, 0.2)),
    )
    return tuple(
        NamedSlice(
            "region", WatchedSlice(f"region={name}", state, labels, one), 8 * labels, 9 * 160
        )
        for name, state, labels, one in rows
    )


def churn(dimension: str, name: str, n: int, raised: int, lowered: int) -> SegmentChurn:
    """A segment's differing decisions."""
    return SegmentChurn(dimension, name, n, raised, lowered, wilson(raised + lowered, n), 0.81)


def coverage() -> Coverage:
    """Nearly everything scored; one region too small."""
    segments = [
        SegmentCoverage("region", "Harbor", 1_200, 1_170, wilson(1_170, 1_200), True),
        SegmentCoverage("region", "Mercer", 1_500, 1_492, wilson(1_492, 1_500), True),
        SegmentCoverage("work_type", "Sewer", 3_000, 2_996, wilson(2_996, 3_000), True),
        SegmentCoverage("region", "Riverside", 40, 40, wilson(40, 40), False),
    ]
    return Coverage(
        total=SegmentCoverage("all", "all", 5_920, 5_880, wilson(5_880, 5_920), True),
        segments=tuple(segments),
        tests=(
            MissingnessTest("region", 31.0, 40, 5_920, "Harbor", 0.025),
            MissingnessTest("work_type", 0.4, 40, 5_920, "Sewer", 0.009),
            MissingnessTest("outcome", None, 0, 4_210, None, None),
        ),
        errors=(("timeout", 28), ("bad_feature", 12)),
        unusable=40,
        by_day=tuple(
            DayShare(START + timedelta(days=place), 158 + place % 3, 160) for place in range(DAYS)
        ),
    )


def cost(costs: UnitCosts | None = None) -> Cost:
    """Cost from some made-up labels."""
    rng = np.random.default_rng(4)
    labels = rng.random(2_000) < 0.3
    mine, theirs = (labels ^ (rng.random(2_000) < rate) for rate in (0.16, 0.17))
    errors = paired_errors(labels, mine, theirs)
    assert errors is not None
    costs = costs or UnitCosts(Decimal(250), Decimal(18), Decimal("0.012"), Decimal("4.50"))
    ratios = tuple(map(Decimal, ("0.5", "1", "2", "5", "10", "20")))
    calls = tuple(map(Decimal, ("0.001", "0.005", "0.012", "0.05", "0.2")))
    before, after = Load(0.11, 0.06), Load(0.13, 0.06)
    return Cost(
        costs=costs,
        difference=cost_difference(errors, costs, after, before),
        map=cost_map(errors, costs, after, before, miss_ratios=ratios, llm_calls=calls),
        miss_ratios=ratios,
        llm_calls=calls,
        n=2_000,
    )


def scores() -> Scores:
    """Differences around nothing."""
    rng = np.random.default_rng(1)
    values = rng.normal(0.005, 0.05, 5_880).clip(-0.999, 0.999)
    counts, edges = np.histogram(values, bins=100, range=(-1, 1))
    bins = tuple(
        DifferenceBin(float(low), float(high), int(n))
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    )
    by_day = tuple(
        DayDifference(START + timedelta(days=place), 160, 0.005, -0.05, 0.001 * (place % 5), 0.06)
        for place in range(DAYS)
    )
    return Scores(
        bins, by_day, 0.005, 0.034, tuple(range(900, 400, -50)), tuple(range(880, 380, -50))
    )


def latency() -> Latency:
    """Two humps."""
    edges = tuple(float(edge) for edge in np.geomspace(0.55, 5_000, 40))
    mine = tuple(int(900 * exp(-(((place - 18) / 3) ** 2))) for place in range(40))
    theirs = tuple(int(900 * exp(-(((place - 16) / 3) ** 2))) for place in range(40))
    ratio = Bootstrapped(1.24, 0.04, 1.16, 1.32, 2000, 0, 0)
    return Latency(41.0, 33.0, ratio, 5_880, edges, mine, theirs)


def fairness() -> Fairness:
    """Both models' rates in each region; one region is too small."""
    rng = np.random.default_rng(2)
    groups = np.r_[np.arange(4_000) % 4, np.full(20, REGIONS.index("Riverside"))]
    labels = rng.random(groups.size) < 0.4
    rates = [
        error_rates(labels, labels ^ (rng.random(groups.size) < wrong), groups, REGIONS)
        for wrong in (0.15, 0.17)
    ]
    gaps = [
        tuple(gap(one, rate) for rate in (Rate.TRUE_POSITIVE, Rate.FALSE_POSITIVE)) for one in rates
    ]
    return Fairness("region", rates[0], rates[1], gaps[0], gaps[1], (), ("Riverside",))


def report() -> ShadowReport:
    """Everything together."""
    regions = tuple(
        churn("region", name, 1_176, 60 - 10 * place, 40 - 5 * place)
        for place, name in enumerate(REGIONS)
    )
    return ShadowReport(
        as_of=datetime(2026, 11, 8, tzinfo=UTC),
        pairing=Pairing(
            candidate="lgb-1",
            production="xgb-4",
            start=START,
            end=START + timedelta(days=DAYS),
            days=DAYS,
            rows=5_920,
            scored=5_880,
            first=datetime(2026, 9, 25, 0, 2, tzinfo=UTC),
            last=datetime(2026, 10, 31, 23, 50, tzinfo=UTC),
            reviewed_until=datetime(2026, 10, 31, 20, 18, tzinfo=UTC),
            digest="3f9a41c07b1d",
        ),
        coverage=coverage(),
        agreement=Agreement(
            churn("all", "all", 5_880, 210, 150),
            regions,
            tuple(
                DayShare(START + timedelta(days=place), 8 + place % 5, 159) for place in range(DAYS)
            ),
        ),
        scores=scores(),
        latency=latency(),
        induced=Induced(
            escalations=LoadChange("Escalations", 412, 431, "a day", 5_880),
            llm_calls=LoadChange("LLM calls", 611, 702, "a day", 5_880),
            review_queue=LoadChange("Review queue, p95", 34, 33.5, "tickets", 37),
            counterfactual_known=5_610,
            counterfactual_n=5_880,
            newly_called=270,
            spared=179,
            final_changed=141,
            reviews_per_prediction=(0.071, 0.072),
        ),
        quality=quality(),
        cost=cost(),
        sequential=sequential(),
        forecast=forecast(),
        slices=slices(),
        fairness=(fairness(),),
        changes=(),
        training=1,
        overlap_days=0,
        doubt="",
        answer="The candidate may not be promoted yet: 431 of 600 labelled disagreements.",
        status=Status.NO_DATA,
        caveats=("One review in four is by chance; the others were chosen.",),
    )


def check(status: Status, identifier: str = "churn") -> CheckRow:
    """One gate of a checklist."""
    return CheckRow(
        gate_id=identifier,
        title="Few decisions change",
        status=status,
        measured="6.12%",
        limit="at most 15% (warns over 5%)",
        sentence="360 of 5,880 decisions would differ (6.1%).",
        next_step="Look at which tickets change.",
        severity="major",
        waivable=True,
        anchor="agreement",
    )


def checklist() -> Checklist:
    """Gates of every kind."""
    rows = [check(status, f"gate_{place}") for place, status in enumerate([*Status] * 3)]
    return Checklist("Promote", Status.FAIL, "3 gates fail, 12 hold, 9 pass.", tuple(rows))


def readiness(ready: bool | None = True) -> Readiness:
    """A way back with its checks."""
    return Readiness(
        "xgb-3",
        ready,
        "xgb-3 verifies, loads and scores as it did.",
        (("Signature", Status.PASS, "valid until 2027"), ("Drill", Status.WARN, "80 days ago")),
    )


def queued(count: int = 3) -> tuple[Queued, ...]:
    """Some that wait."""
    return tuple(
        Queued(90_000 + place, f"T-{place}", AS_OF - timedelta(hours=place + 1))
        for place in range(count)
    )
