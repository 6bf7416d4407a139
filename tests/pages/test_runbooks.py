"""Runbooks as a page, and standing alerts as a part of one."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.pages.conftest import OpenPage
from tests.pages.reading import sound, words


def test_a_link_opens_its_runbook(open_page: OpenPage, contract_database: str) -> None:
    page = open_page("runbooks", contract_database, {"runbook": "rollback"})
    sound(page)
    said = words(page)
    assert "Roll back a model" in said
    assert "How to undo." in said
    assert "alert rules have a current runbook" in said


def test_a_link_to_no_runbook_opens_one_that_exists(
    open_page: OpenPage, contract_database: str
) -> None:
    page = open_page("runbooks", contract_database, {"runbook": "<b>nothing</b>"})
    sound(page)
    assert "How to undo." in words(page)


def _standing() -> None:
    from datetime import UTC, datetime, timedelta

    from components.alerts import panel
    from queries.alert_rows import AlertState, RetrainingState, RunRecord

    now = datetime(2026, 11, 20, 12, tzinfo=UTC)

    def alert(number: int, kind: str, hours: int) -> AlertState:
        since = now - timedelta(hours=hours)
        return AlertState(
            alert_id=f"alert-{number}",
            rule="data_drift",
            subject="drift.features_in_alarm",
            segment="all",
            severity="major",
            kind=kind,
            first_raised_at=since,
            since=since,
            answer_due_at=since + timedelta(hours=24),
            by_role="system",
            by_pseudonym="plumbline",
            evidence_digest="d",
            policy_version="p",
            detail={
                "title": f"<i>Inputs {number}</i>",
                "sentence": "5 features moved.",
                "owner": "Lead",
                "next_step": "Look.",
                "runbook": "drift",
            },
        )

    run = RunRecord(now, now, "p", "d", 14, "recommended")
    advice = RetrainingState(
        "retraining-1", "recommended", now, now, "p", "d", {"sentence": "Retrain.", "runbook": None}
    )
    panel.standing_alerts(
        run,
        (alert(1, "raised", 1), alert(2, "raised", 30), alert(3, "acknowledged", 2)),
        (advice,),
        now=now,
        gate=lambda name: f"./gates?gate={name}",
        runbook=lambda name: f"./runbooks?runbook={name}",
    )
    panel.standing_alerts(
        None, (), (), now=now, gate=lambda name: "", runbook=lambda name: "", key="none"
    )


def test_standing_alerts_are_drawn_late_ones_first() -> None:
    page = AppTest.from_function(_standing).run()
    sound(page)
    html = " ".join(element.value for element in page.get("html"))
    assert html.index("Inputs 2") < html.index("Inputs 1")
    assert "&lt;i&gt;Inputs 1" in html
    assert "./runbooks?runbook=drift" in html
    said = words(page)
    assert "Retrain." in said
    assert "3 alerts stand, 1 of them past their time to answer; 14 rules judged" in said
    assert "Alert rules were never judged." in said
