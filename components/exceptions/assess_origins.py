"""The pipeline's report beside our recount: what only one of the two knows (A6)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from components.exceptions.assess import field_label
from queries.exceptions_rows import CountRow, FieldCountRow

Counted = CountRow | FieldCountRow


@dataclass(frozen=True, slots=True)
class Beside:
    """Exceptions of one field, by either origin."""

    table: str
    field: str
    reported: int
    recounted: int

    @property
    def difference(self) -> int:
        return self.recounted - self.reported

    @property
    def words(self) -> str:
        """Who knows what."""
        if not self.reported:
            return "only our recount"
        if not self.recounted:
            return "only the pipeline"
        if self.difference > 0:
            return f"our recount finds {self.difference:,} more"
        if self.difference < 0:
            return f"the pipeline reports {-self.difference:,} more"
        return "same count"


def beside(reported: Iterable[Counted], recounted: Iterable[Counted]) -> tuple[Beside, ...]:
    """Both counts per table and field, the largest disagreement first.

    Tables are matched by name without regard to schema and case; only tables that the recount
    compared are put side by side.
    """
    recount = list(recounted)
    ours, theirs = _counted(recount), _counted(reported)
    names = {_bare(row.table_name): row.table_name for row in recount}
    keys = {key for key in (*ours, *theirs) if key[0] in names}
    found = [
        Beside(names[table], field_label(field), theirs[table, field], ours[table, field])
        for table, field in keys
    ]
    return tuple(sorted(found, key=lambda each: (-abs(each.difference), each.table, each.field)))


def disagreement(found: tuple[Beside, ...]) -> str:
    """What only one of the two knows, as a sentence."""
    differing = [each for each in found if each.difference]
    if not found:
        return "Our recount found no difference in the tables it compared, nor did the pipeline."
    if not differing:
        return "The pipeline's report and our recount count the same exceptions in every field."
    unseen = sum(each.difference for each in differing if each.difference > 0)
    surplus = -sum(each.difference for each in differing if each.difference < 0)
    parts = []
    if unseen:
        parts.append(f"{unseen:,} differences that the pipeline does not report")
    if surplus:
        parts.append(f"{surplus:,} that only the pipeline reports")
    return f"Report and recount disagree in {len(differing):,} fields: {' and '.join(parts)}."


def _counted(rows: Iterable[Counted]) -> Counter[tuple[str, str | None]]:
    counted = Counter[tuple[str, str | None]]()
    for row in rows:
        counted[_bare(row.table_name), row.field] += row.exceptions
    return counted


def _bare(table: str) -> str:
    return table.rpartition(".")[2].casefold()
