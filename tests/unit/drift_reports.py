"""A made-up drift report of features that moved and features that did not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from components.drift.types import (
    Bin,
    ChangeKind,
    Distances,
    DriftReport,
    Evidence,
    Family,
    Finding,
    Headline,
    HeatMap,
    Impact,
    ProgrammeChange,
    SegmentShift,
    Since,
    TestFamily,
    Verdict,
    WeekPoint,
    Window,
)

AS_OF = datetime(2026, 11, 1, tzinfo=UTC)
CHANGED = date(2026, 10, 5)
MONDAYS = tuple(date(2026, 8, 3) + timedelta(weeks=week) for week in range(12))
EVIDENCE = Evidence(p=0.0004, p_adjusted=0.004, null_95=0.05, permutations=499)


def bins(missing: int = 10, moved: int = 0) -> tuple[Bin, ...]:
    """Three ordinary bins; ``moved`` rows go from the first of them to the last."""
    return (
        Bin("missing", 10, missing, None, 0.1, True),
        Bin("unusable", 0, 0, None, None, True),
        Bin("below 0", 0, 0, None, None, True),
        Bin("0 to 10", 400, 200 - moved, None, -0.2, False),
        Bin("10 to 20", 400, 200, None, 0.0, False),
        Bin("20 to 30", 200, 100 + moved, None, 0.6, False),
        Bin("above 30", 0, 0, None, None, True),
    )


def shift(segment: str, distance: float, verdict: Verdict = Verdict.STEADY) -> SegmentShift:
    """One region's distance."""
    return SegmentShift("region", segment, 500, 250, distance, EVIDENCE, verdict, 0.8)


def finding(
    name: str,
    verdict: Verdict = Verdict.STEADY,
    points: float | None = 0.0,
    bins_: tuple[Bin, ...] | None = None,
) -> Finding:
    """One feature."""
    moved = verdict is Verdict.MOVED
    weeks = tuple(
        WeekPoint(
            week=monday,
            rows=700,
            jensen_shannon=0.2 if moved and monday >= CHANGED else 0.02,
            psi=0.3 if moved and monday >= CHANGED else 0.01,
            missing=0.01,
            in_alarm=moved and monday >= CHANGED,
        )
        for monday in MONDAYS
    )
    shifts = (shift("Harbor", 0.3, verdict), shift("North", 0.02))
    return Finding(
        variable=f"feature:{name}",
        label=name,
        family=Family.FEATURE,
        is_number=True,
        verdict=verdict,
        n_reference=1010,
        n_current=510,
        distances=Distances(0.2, 0.3, 50.0, 1e-6, 0.18, 0.6, None, ("js/base2/v1", "psi/half/v1")),
        evidence=EVIDENCE,
        twin_distance=None,
        twin_p=None,
        impact=None if points is None else Impact(points, points / 20, 0.2, 0.9),
        mean_shift=-0.31,
        since=Since(CHANGED, CHANGED, CHANGED + timedelta(days=2), 0.001) if moved else None,
        carrier=shifts[0] if moved else None,
        segments=shifts,
        splits=(),
        bins=bins() if bins_ is None else bins_,
        weeks=weeks,
        incident=None,
        sentence=f"{name} in a sentence.",
    )


def report(findings: tuple[Finding, ...]) -> DriftReport:
    """A report of these features and of nothing else."""
    change = ProgrammeChange(
        datetime(2026, 10, 5, 10, tzinfo=UTC), ChangeKind.DEPLOYMENT, "x-2", ""
    )
    return DriftReport(
        as_of=AS_OF,
        edges_id="0123456789abcdef",
        reference=Window(date(2026, 6, 1), date(2026, 9, 1), 92, 1010),
        current=Window(date(2026, 10, 4), date(2026, 11, 1), 28, 510),
        twin=None,
        twin_note="No twin: there is no year of history before the current window.",
        headline=Headline("A sentence.", (), None, None, None, ()),
        findings=findings,
        incidents=(),
        sanity=(),
        layers=(),
        attribution=None,
        concept=None,
        heat_map=HeatMap(
            variables=tuple(one.variable for one in findings),
            weeks=MONDAYS,
            distances=tuple(tuple(point.jensen_shannon for point in one.weeks) for one in findings),
            null_95=(0.05,) * len(findings),
        ),
        family=TestFamily(40, 2, 0.05, 499, 20, 2, "day_block_permutation/v1"),
        changes=(change,),
        from_rollups=True,
        caveats=(),
    )
