"""Test suites for the eye: versions side by side, their gates, segments and named cases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from components.evaluations import figures
from components.evaluations.assess_runs import SuiteFound, answer, suites
from components.gates.assess import evaluate
from components.gates.evidence import Evidence
from components.gates.policy import load_policy
from components.gates.status import Status
from queries.evaluation_history import PointRow
from queries.evaluations import SuiteRow

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ROLES = {"cand-2": "candidate", "prod-1": "production"}


def row(version: str, metric: str | None, value: float | None, **more: object) -> SuiteRow:
    made: dict[str, object] = {
        "suite": "golden",
        "suite_version": "golden-3",
        "model_version": version,
        "status": "succeeded",
        "attempt": 1,
        "started_at": NOW - timedelta(days=1),
        "finished_at": NOW - timedelta(hours=23),
        "runs": 1,
        "metric": metric,
        "segment": "all",
        "value": value,
        "n": 200,
        "n_unscored": 0,
        "interval_low": None,
        "interval_high": None,
        "evidence": {},
    }
    return SuiteRow(**{**made, **more})  # type: ignore[arg-type]


def golden(*rows: SuiteRow, evidence: tuple[Evidence, ...] = ()) -> SuiteFound:
    gates = evaluate(load_policy(), evidence, now=NOW).gates
    return next(one for one in suites(rows, gates, ROLES) if one.name == "golden")


def test_the_candidate_stands_before_production() -> None:
    found = golden(row("old-0", "pass_rate", 0.9), row("prod-1", "pass_rate", 0.98),
                   row("cand-2", "pass_rate", 0.995))  # fmt: skip

    assert [figures.label(head) for head in found.heads] == [
        "cand-2 (candidate)", "prod-1 (production)", "old-0",
    ]  # fmt: skip
    measure = next(one for one in found.measures if one.metric == "pass_rate")
    assert [cell.text for cell in measure.cells if cell] == [
        "199 of 200 (99.5%)", "196 of 200 (98.0%)", "180 of 200 (90%)",
    ]  # fmt: skip


def test_a_run_that_failed_shows_no_number() -> None:
    found = golden(row("cand-2", "pass_rate", 1.0, status="failed"))

    assert found.heads[0].status == "failed"
    assert all(cell is None for one in found.measures for cell in one.cells)


def test_a_number_that_is_none_is_never_drawn() -> None:
    found = golden(row("cand-2", "pass_rate", float("nan")))

    measure = next(one for one in found.measures if one.metric == "pass_rate")
    assert measure.cells[0] is not None
    assert measure.cells[0].value is None


def test_a_latency_is_told_in_its_unit() -> None:
    found = golden(row("prod-1", "llm_path_p95_ms", 6395.07))

    measure = next(one for one in found.measures if one.metric == "llm_path_p95_ms")
    assert measure.title == "LLM path p95"
    assert [cell.text for cell in measure.cells if cell] == ["6.40 s"]


def test_a_suite_without_any_run_is_listed_with_its_gates() -> None:
    found = golden()

    assert not found.heads
    assert found.status is Status.NO_DATA


def test_named_cases_are_listed_once() -> None:
    evidence = {"predictions": ["7", "7", 8], "cases": ["G-12"]}
    found = golden(row("cand-2", "newly_broken", 2.0, evidence=evidence))

    assert [(one.kind, one.id) for one in found.named] == [
        ("case", "G-12"), ("prediction", "7"), ("prediction", "8"),
    ]  # fmt: skip


def test_evidence_of_another_shape_names_nothing() -> None:
    rows = [row("cand-2", "pass_rate", 1.0, evidence=one) for one in (None, [1], {"cases": "x"})]

    assert golden(*rows).named == ()


def test_segments_have_intervals_and_words() -> None:
    found = golden(
        row("cand-2", "pass_rate", 0.95),
        row("cand-2", "pass_rate", 0.5, segment="South", n=20),
        row("prod-1", "pass_rate", 0.9, segment="South", n=20),
    )
    measure = next(one for one in found.measures if one.metric == "pass_rate")
    drawn = figures.segments(measure, found.heads)

    assert "cand-2 (candidate): from 10 of 20 (50%) in South" in drawn.alt
    assert drawn.table["cand-2: 95%"].tolist() == ["95% interval 30% to 70%"]


def test_runs_are_drawn_in_order_with_the_limit_of_the_gate() -> None:
    found = golden(row("cand-2", "pass_rate", 0.95))
    measure = next(one for one in found.measures if one.metric == "pass_rate")
    points = [
        PointRow(NOW - timedelta(days=back), "cand-2", "golden-3", "pass_rate", 1 - back / 100,
                 200, None, None)
        for back in (3, 2, 1)
    ]  # fmt: skip
    drawn = figures.over_time(measure, points, ROLES)

    assert drawn.alt.endswith("3 runs, the last 0.99 on cand-2.")
    assert drawn.figure.layout.shapes[0].y0 == 0.99


def test_the_answer_counts_what_is_met() -> None:
    gates = [g for g in evaluate(load_policy(), (), now=NOW).gates
             if g.requirement.page == "evaluations"]  # fmt: skip

    assert answer(gates).startswith(f"0 of {len(gates)} demands on test suites are met.")
    assert answer([]) == "The policy asks for no test suite."
