"""What an independent recount hands to judgement (A2, A5, A6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType

from components.gates.evidence import Evidence
from components.layout import numbers
from components.reconciliation.recount import Recount
from components.statistics.intervals import clopper_pearson
from queries.reconciliation_results import FieldRow
from queries.recount import ReportedField

RECOUNT = "independent recount of all records; no sampling error"
REPORTED_FULL = "the pipeline's own checks of all records"
REPORTED_SAMPLE = "the pipeline's own checks, in part of samples; Clopper–Pearson bound"
CONTRADICTORY = (
    "migration_field_checks holds counts that contradict each other: more differ than were "
    "compared, or more were compared than there are"
)
BESIDE = "counts of the recount beside the pipeline's, batch by batch; hypergeometric for samples"

KEY_METRICS = ("keys.duplicate", "keys.missing", "keys.extra")
REFERENCE_METRIC = "keys.orphaned"
FIELD_METRICS = ("fields.critical_mismatches", "fields.mismatch_rate")
RECOUNT_METRICS = ("reconciliation.disagreements", "reconciliation.coverage")


def evidence(found: Recount) -> tuple[Evidence, ...]:
    """Keys, fields, agreement with the pipeline and coverage, each over whole tables."""
    coverage = coverage_evidence(found)
    if not found.pairs:
        return coverage
    measured = (*_keys(found), *_references(found), *_fields(found), *_agreement(found))
    left_out = found.unscored
    return (
        *(replace(each, n_unscored=each.n_unscored + left_out) for each in measured),
        *coverage,
    )


def _keys(found: Recount) -> tuple[Evidence, ...]:
    duplicate, missing, extra = KEY_METRICS
    counted = (
        (
            duplicate,
            found.of_kind("surplus_copy"),
            found.target_rows,
            "target records repeat another",
        ),
        (
            missing,
            found.of_kind("missing", "lost_copy"),
            found.source_rows,
            "source records are not in the target",
        ),
        (extra, found.of_kind("extra"), found.target_rows, "target records have no source"),
    )
    return tuple(
        Evidence(
            metric=metric,
            value=value,
            n=n,
            method=RECOUNT,
            measured_at=found.measured_at,
            sentence=f"{numbers.share(value, n)} {words}",
        )
        for metric, value, n, words in counted
    )


def _references(found: Recount) -> tuple[Evidence, ...]:
    """Records that point to nothing; no evidence where no reference was declared."""
    if not found.references:
        return ()
    orphans = sum(each.orphans for each in found.references)
    followed = sum(each.rows for each in found.references)
    return (
        Evidence(
            metric=REFERENCE_METRIC,
            value=orphans,
            n=followed,
            method=RECOUNT,
            measured_at=found.measured_at,
            sentence=f"{numbers.share(orphans, followed)} references lead to no record",
        ),
    )


def _fields(found: Recount) -> tuple[Evidence, ...]:
    critical, rate = FIELD_METRICS
    fields = found.fields
    measured = []
    wrong, n = _total(field for field in fields if field.critical)
    if n:
        measured.append(
            Evidence(
                metric=critical,
                value=wrong,
                n=n,
                n_unscored=found.unlooked,
                method=RECOUNT,
                measured_at=found.measured_at,
                sentence=f"{numbers.share(wrong, n)} values of critical fields differ",
            )
        )
    wrong, n = _total(field for field in fields if not field.critical)
    if n:
        measured.append(
            Evidence(
                metric=rate,
                value=Decimal(wrong) / n,
                # The whole was compared, so its upper bound is the value itself.
                high=wrong / n,
                n=n,
                method=RECOUNT,
                measured_at=found.measured_at,
                sentence=f"{numbers.share(wrong, n)} values of other fields differ",
            )
        )
    return tuple(measured)


def _agreement(found: Recount) -> tuple[Evidence, ...]:
    if not found.comparisons:
        return ()
    wrong = len(found.disagreements)
    return (
        Evidence(
            metric=RECOUNT_METRICS[0],
            value=wrong,
            n=found.source_rows,
            method=BESIDE,
            measured_at=found.measured_at,
            sentence=f"{agreement_sentence(found)}, over {found.source_rows:,} records",
        ),
    )


def agreement_sentence(found: Recount) -> str:
    """How many counts were set side by side, and how many contradict each other."""
    wrong, n = len(found.disagreements), len(found.comparisons)
    if not wrong:
        return f"the recount agrees with all {n:,} counts of the pipeline"
    verb = "contradicts" if wrong == 1 else "contradict"
    return f"{wrong:,} of {n:,} counts of the pipeline {verb} the recount"


def coverage_evidence(found: Recount) -> tuple[Evidence, ...]:
    """Share of the run's loaded records in tables that were compared whole after the load."""
    loaded = sum(batch.row.loaded for batch in found.run.batches) if found.run else 0
    if not loaded:
        return ()
    compared = loaded - found.unscored
    outdated = f"; {len(found.outdated)} older than the last load" if found.outdated else ""
    times = [pair.finished_at for pair in (*found.pairs, *found.outdated) if pair.finished_at]
    return (
        Evidence(
            metric=RECOUNT_METRICS[1],
            value=Decimal(compared) / loaded,
            n=loaded,
            method=RECOUNT,
            measured_at=found.measured_at or max(times, default=None),
            sentence=f"{numbers.share(compared, loaded)} loaded records were recounted{outdated}",
        ),
    )


def _total(fields: Iterable[FieldRow]) -> tuple[int, int]:
    """Values that differ, of values compared."""
    held = list(fields)
    return sum(field.differing for field in held), sum(field.compared for field in held)


@dataclass(frozen=True, slots=True)
class _Checked:
    """Checks of one kind of field, those of all records apart from samples.

    ``untouched`` are values of checks that compared none.
    """

    full: int
    full_wrong: int
    sampled: int
    sampled_wrong: int
    sampled_of: int
    untouched: int
    newest_at: datetime


def reported(
    rows: Sequence[ReportedField], batches: Mapping[str, int] = MappingProxyType({})
) -> tuple[Evidence, ...]:
    """Field accuracy by the pipeline's own checks, where there is no recount to go by.

    Values outside a sample count as unmeasured for critical fields, where none may differ; the
    rate over other fields is estimated, with the upper end of its 95% interval. ``batches`` says
    how many records each batch loaded: those of a batch without any check are unmeasured too.
    """
    if any(not 0 <= row.mismatched <= row.compared <= row.population for row in rows):
        return tuple(
            Evidence(metric, None, 0, REPORTED_FULL, measured_at=None, error=CONTRADICTORY)
            for metric in FIELD_METRICS
        )
    unchecked = sum(n for batch, n in batches.items() if batch not in {r.batch_id for r in rows})
    found = []
    critical = _checked([row for row in rows if row.critical])
    if critical is not None:
        wrong, n = critical.full_wrong + critical.sampled_wrong, critical.full + critical.sampled
        found.append(
            Evidence(
                metric=FIELD_METRICS[0],
                value=wrong,
                n=n,
                n_unscored=critical.sampled_of - critical.sampled + unchecked,
                method=REPORTED_SAMPLE if critical.sampled_of else REPORTED_FULL,
                measured_at=critical.newest_at,
                sentence=f"the pipeline found {numbers.share(wrong, n)} values of critical fields "
                "to differ",
            )
        )
    other = _checked([row for row in rows if not row.critical])
    if other is not None:
        found.append(replace(_rate(other), n_unscored=other.untouched + unchecked))
    return tuple(found)


def _checked(rows: Sequence[ReportedField]) -> _Checked | None:
    """A check is of all records only if it says so and as many values were compared."""
    full = [row for row in rows if row.coverage == "full" and row.compared == row.population]
    sampled = [row for row in rows if row not in full]
    if not sum(row.compared for row in rows):
        return None
    return _Checked(
        full=sum(row.compared for row in full),
        full_wrong=sum(row.mismatched for row in full),
        sampled=sum(row.compared for row in sampled),
        sampled_wrong=sum(row.mismatched for row in sampled),
        sampled_of=sum(row.population for row in sampled),
        untouched=sum(row.population for row in sampled if not row.compared),
        newest_at=max(row.checked_at for row in rows),
    )


def _rate(checked: _Checked) -> Evidence:
    """Samples are taken for their population; what was compared whole has no error."""
    everything = checked.full + checked.sampled_of
    low = high = Decimal(0)
    estimate = Decimal(checked.full_wrong)
    if checked.sampled:
        bound = clopper_pearson(checked.sampled_wrong, checked.sampled)
        weight = Decimal(checked.sampled_of)
        estimate += weight * checked.sampled_wrong / checked.sampled
        low, high = weight * Decimal(bound.low), weight * Decimal(bound.high)
    n = checked.full + checked.sampled
    wrong = checked.full_wrong + checked.sampled_wrong
    return Evidence(
        metric=FIELD_METRICS[1],
        value=estimate / everything,
        low=float((checked.full_wrong + low) / everything) if checked.sampled else None,
        high=float((checked.full_wrong + high) / everything),
        n=n,
        method=REPORTED_SAMPLE if checked.sampled else REPORTED_FULL,
        measured_at=checked.newest_at,
        sentence=f"the pipeline found {numbers.share(wrong, n)} values of other fields to differ",
    )
