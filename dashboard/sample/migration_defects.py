"""Defects planted in the live migration run: one for each way in which a batch goes wrong.

A batch is named by run, table and source (``live-1-members-pensys-east``), a field by its name in
the target. Sizes are for the default recipe.
"""

from __future__ import annotations

from dashboard.sample.defect import Defect, Place, Unit

LIVE_RUN = "live-1"


def _defect(
    key: str,
    batch: str,
    field: str | None,
    size: int | float,
    title: str,
    finding: str,
    *,
    requirements: tuple[str, ...] = ("A2", "A6"),
    unit: Unit = Unit.RECORDS,
    capability: str = "Field accuracy",
    step: int = 1,
) -> Defect:
    table = batch.partition("-")[0]
    return Defect(
        key=key,
        requirements=requirements,
        title=title,
        place=Place(
            f"live run, batch {batch}",
            run=LIVE_RUN,
            batch=f"{LIVE_RUN}-{batch}",
            table=table,
            field=field,
        ),
        size=size,
        unit=unit,
        finding=finding,
        capability=capability,
        step=step,
    )


MIGRATION: tuple[Defect, ...] = (
    _defect(
        "birth_date_swap",
        "members-pensys-east",
        "date_of_birth",
        118,
        "Day and month of the birth date exchanged",
        "one systematic defect: birth date, date-part swap; the pipeline reports it",
        requirements=("A2", "A3", "A4"),
    ),
    _defect(
        "surname_truncated",
        "members-pensys-west",
        "family_name",
        64,
        "Surnames cut after twelve characters",
        "truncation; the pipeline compares twelve characters only and reports none",
    ),
    _defect(
        "duplicate_members",
        "members-teach-east",
        None,
        9,
        "Members loaded twice",
        "surplus rows under existing keys; the pipeline counts distinct keys and reports none",
        requirements=("A5", "A6"),
        capability="Reconciliation",
    ),
    _defect(
        "mojibake_first_name",
        "members-teach-west",
        "given_name",
        38,
        "Accented letters read in the wrong encoding",
        "encoding differences in one batch; the pipeline reports them",
        requirements=("A2", "A4"),
    ),
    _defect(
        "default_hire_date",
        "members-muni-east",
        "date_of_hire",
        26,
        "An empty hire date became 1900-01-01",
        "default substitution; the pipeline's <> never sees an empty value and reports none",
    ),
    _defect(
        "tax_reference_lost",
        "members-muni-west",
        "tax_reference",
        17,
        "A critical field arrives empty",
        "null-out of a critical field; the pipeline's <> never sees it and reports none",
    ),
    _defect(
        "batch_does_not_close",
        "contributions-pensys-east",
        None,
        37,
        "Records that are neither loaded nor rejected nor filtered",
        "batches.unbalanced is 1: extracted exceeds loaded + rejected + filtered",
        requirements=("A1", "A5"),
        capability="Reconciliation",
    ),
    _defect(
        "batch_repeated",
        "contributions-pensys-west",
        None,
        1,
        "A batch loaded a second time although the first attempt had completed",
        "a second attempt of a completed batch",
        requirements=("A5",),
        capability="Reconciliation",
    ),
    _defect(
        "orphaned_contributions",
        "contributions-pensys-west",
        "member_key",
        25,
        "Contributions of members that do not exist: a leading zero of the number was lost",
        "orphans in the target; every one of them has its member in the source",
        requirements=("A5", "A6"),
        capability="Reconciliation",
    ),
    _defect(
        "batch_late",
        "contributions-teach-east",
        None,
        0.12,
        "A late batch that ended before all its records were read",
        "batches.incomplete is 1; keys of the source are missing from the target",
        requirements=("A5", "A7"),
        unit=Unit.SHARE,
        capability="Reconciliation",
    ),
    _defect(
        "sign_flips",
        "contributions-teach-west",
        "amount",
        16,
        "Signs of amounts turned, in pairs that cancel out",
        "gross variance where the net control total agrees to the cent",
        requirements=("A1", "A2", "A6"),
        capability="Reconciliation",
        step=2,
    ),
    _defect(
        "interest_rounded",
        "contributions-muni-east",
        "amount",
        300,
        "Interest rounded to cents although the rule keeps four decimals",
        "control_totals.differing counts it: cents apart, while the pipeline's report says success",
        requirements=("A1", "A6"),
        capability="Reconciliation",
    ),
    _defect(
        "posting_time_shift",
        "contributions-muni-west",
        "posted_at",
        210,
        "Local posting times stored as if they were UTC",
        "time-zone shift of whole hours; the pipeline compares days and reports a part of it",
    ),
)
