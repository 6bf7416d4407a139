"""How accurate is each field, how sure is that, and is the pipeline's own claim true?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from components.gates.policy import Policy
from components.gates.status import Status
from components.reconciliation.comparison import Comparison, Measure, agreeing
from components.statistics.finite_population import sampled_share
from queries.field_accuracy import ReportedRow
from queries.reconciliation_results import FieldRow, RunRow

CRITICAL_METRIC = "fields.critical_mismatches"
RATE_METRIC = "fields.mismatch_rate"
_GRAVITY = (Status.FAIL, Status.ERROR, Status.STALE, Status.NO_DATA, Status.WARN, Status.PASS)


class Origin(StrEnum):
    """Whose count it is."""

    RECOUNT = "our recount"
    PIPELINE = "the pipeline"


@dataclass(frozen=True, slots=True)
class Count:
    """Values of one field: there are ``population``, ``compared`` were looked at, some differ.

    ``low`` and ``high`` bound the share (0–1) that differs in the whole population with 95%
    confidence; both are None where every value was compared: that has no sampling error.
    """

    origin: Origin
    population: int
    compared: int
    differing: int
    low: float | None = None
    high: float | None = None

    @property
    def sampled(self) -> bool:
        """Whether a part of the values was not looked at."""
        return self.compared < self.population


@dataclass(frozen=True, slots=True)
class Limits:
    """The policy's limits: differing values of a critical field, and the share in any other."""

    critical: Decimal
    share: Decimal


@dataclass(frozen=True, slots=True)
class Field:
    """One field of one table, by the pipeline's claim and by our recount.

    ``reported_as`` is how the pipeline names the table. ``called_full`` counts batches that it
    calls compared in full, although it looked at fewer values than there are.
    """

    table: str
    name: str
    reported_as: str | None
    critical: bool
    claim: Count | None
    recount: Count | None
    called_full: int
    status: Status
    agrees: bool | None

    @property
    def count(self) -> Count | None:
        """The count that is judged: our own where there is one."""
        return self.recount or self.claim


@dataclass(frozen=True, slots=True)
class Accuracy:
    """All fields of a run, those that need attention first."""

    fields: tuple[Field, ...]

    @property
    def failing(self) -> tuple[Field, ...]:
        """Fields over their limit."""
        return tuple(field for field in self.fields if field.status is Status.FAIL)

    @property
    def disagreements(self) -> tuple[Field, ...]:
        """Fields of which the pipeline's claim contradicts our recount, largest first."""
        found = [field for field in self.fields if field.agrees is False]
        return tuple(sorted(found, key=_apart, reverse=True))

    @property
    def recounted(self) -> int:
        """How many fields have a recount."""
        return sum(field.recount is not None for field in self.fields)

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables in alphabetical order."""
        return tuple(sorted({field.table for field in self.fields}))


def limits(policy: Policy) -> Limits | None:
    """What the policy accepts; None where it does not judge fields."""
    found = {gate.metric: gate.threshold for gate in policy.requirements}
    if CRITICAL_METRIC not in found or RATE_METRIC not in found:
        return None
    return Limits(found[CRITICAL_METRIC], found[RATE_METRIC])


def accuracy(
    reported: Sequence[ReportedRow],
    pairs: Sequence[RunRow],
    recounted: Sequence[FieldRow],
    allowed: Limits | None,
) -> Accuracy:
    """Set the pipeline's claim beside our recount, field by field, and judge each."""
    tables = {pair.run_id: pair.target_relation for pair in pairs}
    reported_as = _labels({row.table_name for row in reported})
    counted_as = _labels(set(tables.values()))
    claims = {(reported_as[row.table_name], row.field): row for row in reported}
    ours = {
        (counted_as[tables[row.run_id]], row.field): row
        for row in recounted
        if row.run_id in tables
    }
    fields = [
        _field(key, claims.get(key), ours.get(key), allowed) for key in sorted({*claims, *ours})
    ]
    return Accuracy(tuple(sorted(fields, key=_attention)))


def short(relation: str) -> str:
    """A table without its schema: one side writes it, the other does not."""
    return relation.rpartition(".")[2]


def _labels(relations: set[str]) -> Mapping[str, str]:
    """Tables without their schema, unless two of them would then have one name."""
    times = Counter(map(short, relations))
    return {name: short(name) if times[short(name)] == 1 else name for name in relations}


def claimed(row: ReportedRow) -> Count:
    """The pipeline's count with its bound: only what was sampled is uncertain."""
    population = row.full_compared + row.sample_population
    compared = row.full_compared + row.sampled
    differing = row.full_differing + row.sample_differing
    low = high = None
    if row.sample_population and row.sampled:
        bound = sampled_share(
            min(row.sample_differing, row.sampled), row.sampled, row.sample_population
        )
        low = (row.full_differing + bound.low * row.sample_population) / population
        high = (row.full_differing + bound.high * row.sample_population) / population
    return Count(Origin.PIPELINE, population, compared, differing, low, high)


def judged(count: Count | None, critical: bool, allowed: Limits | None) -> Status:
    """The status of one field: what was not looked at never passes.

    A critical field of which a sample shows no difference passes with a warning: it is not
    proven. A sample of any other field passes only by its upper bound, and with a warning
    where the share itself would pass and the bound does not.
    """
    if count is None or allowed is None or count.compared == 0:
        return Status.NO_DATA
    if critical:
        if count.differing > allowed.critical:
            return Status.FAIL
        return Status.WARN if count.sampled else Status.PASS
    share = Decimal(count.differing) / count.compared
    if share > allowed.share:
        return Status.FAIL
    if not count.sampled:
        return Status.PASS
    return Status.PASS if count.high is not None and count.high <= allowed.share else Status.WARN


def by_place(fields: Sequence[Field]) -> Mapping[tuple[str, str], Field]:
    """Fields by table and name."""
    return {(field.table, field.name): field for field in fields}


def _field(
    key: tuple[str, str],
    row: ReportedRow | None,
    own: FieldRow | None,
    allowed: Limits | None,
) -> Field:
    claim = claimed(row) if row is not None else None
    recount = None
    if own is not None:
        recount = Count(Origin.RECOUNT, own.compared, own.compared, own.differing)
    critical = bool((row and row.critical) or (own and own.critical))
    return Field(
        table=key[0],
        name=key[1],
        reported_as=row.table_name if row is not None else None,
        critical=critical,
        claim=claim,
        recount=recount,
        called_full=row.called_full if row is not None else 0,
        status=judged(recount or claim, critical, allowed),
        agrees=_agrees(key, claim, recount),
    )


def _agrees(key: tuple[str, str], claim: Count | None, recount: Count | None) -> bool | None:
    """Whether both can be right; None where only one of them counted."""
    if recount is None:
        return None
    if claim is None:
        return None if recount.differing == 0 else False
    comparison = Comparison(
        table=key[0],
        batch=None,
        measure=Measure.VALUES,
        field=key[1],
        counted=recount.differing,
        reported=claim.differing,
        looked_at=claim.compared if claim.sampled else None,
        population=claim.population if claim.sampled else None,
    )
    return agreeing([comparison])[0]


def _apart(field: Field) -> int:
    ours = field.recount.differing if field.recount else 0
    theirs = field.claim.differing if field.claim else 0
    return abs(ours - theirs)


def _attention(field: Field) -> tuple[int, int, float, str, str]:
    count = field.count
    share = count.differing / count.compared if count and count.compared else 0.0
    return (
        _GRAVITY.index(field.status),
        not field.critical,
        -share,
        field.table,
        field.name,
    )
