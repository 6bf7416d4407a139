"""Exceptions of one live load: as its pipeline reports them, and as a recount found one more."""

from __future__ import annotations

import sqlalchemy as sa

from queries.reconciliation_schema import (
    ensure_reconciliation_schema,
    reconciliation_exceptions,
    reconciliation_groups,
    reconciliation_runs,
)
from tests.conftest import connected, grant
from tests.contract.contract_rows import YESTERDAY, insert

NOW = YESTERDAY.strftime("%Y-%m-%dT23:59:00Z")
SURNAME, FORMER = "Quigley-Őrsi", "Quigley-Orsi"
MARKUP = "<script>alert(1)</script><b>bold</b> {{x}} =1+1 $x$ **y**"


def reported(url: str) -> None:
    """One live batch with a difference of a surname, one of hostile text, and one resolved."""
    with connected(url) as connection, connection.begin():
        insert(
            connection,
            "migration_batches",
            batch_id="live-1-a",
            run_id="live-1",
            run_kind="live",
            target_table="rise.members",
            status="completed",
            extracted=1000,
        )
        usual = {"batch_id": "live-1-a", "table_name": "members", "status": "open"}
        insert(
            connection,
            "migration_exceptions",
            **usual,
            exception_id=1,
            field="family_name",
            source_value=SURNAME,
            target_value=FORMER,
            cause="encoding",
            key="00004711",
            details=f"{SURNAME} differs",
        )
        insert(
            connection,
            "migration_exceptions",
            **usual,
            exception_id=2,
            field=MARKUP,
            source_value=MARKUP,
            target_value=None,
            cause="cosmic_rays",
            key=MARKUP,
            details=MARKUP,
        )
        insert(
            connection,
            "migration_exceptions",
            **{**usual, "status": "fixed"},
            exception_id=3,
            field="family_name",
            source_value="a",
            target_value="b",
            cause="encoding",
            key="3",
        )


def recounted(url: str) -> None:
    """A completed comparison that found one exception the pipeline does not report."""
    with connected(url) as connection:
        ensure_reconciliation_schema(connection.engine)
    zero = dict.fromkeys(
        (
            *("source_rows", "target_rows", "source_filtered", "target_filtered"),
            *("buckets", "buckets_compared", "exceptions"),
        ),
        0,
    )
    with connected(url) as connection, connection.begin():
        connection.execute(
            sa.insert(reconciliation_runs).values(
                name="rise",
                pair="members",
                plan_digest="d",
                bucketing="b",
                mode="m",
                status="completed",
                started_at=YESTERDAY,
                finished_at=YESTERDAY,
                source_relation="s",
                target_relation="t",
                **zero,
            )
        )
        values = {"kind": "differs", "field": "tax_reference", "cause": "null_out"}
        connection.execute(
            sa.insert(reconciliation_groups).values(
                run_id=1, group_no=1, signature="", exceptions=17, **values
            )
        )
        connection.execute(
            sa.insert(reconciliation_exceptions).values(
                run_id=1,
                exception_no=5,
                bucket=0,
                key=["00004711"],
                copies=1,
                critical=True,
                source_value="AB123",
                signature="",
                confidence=100,
                **values,
            )
        )
    grant(url)
