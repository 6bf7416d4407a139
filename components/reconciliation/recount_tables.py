"""An independent recount as frames: what tables draw and files hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import repeat

import pandas as pd

from components.gates.status import Status
from components.layout import icons, numbers
from components.reconciliation.comparison import Comparison
from components.reconciliation.recount import Recount

_KINDS = ("missing", "extra", "lost_copy", "surplus_copy", "differs")


def pair_frame(found: Recount) -> pd.DataFrame:
    """One row for each pair of relations: what was compared and what came out."""
    counted = Counter[tuple[int, str]]()
    for each in found.found:
        counted[each.run_id, each.kind] += each.exceptions
    rows = []
    for pair in found.pairs:
        kinds = {kind: counted[pair.run_id, kind] for kind in _KINDS}
        rows.append(
            {
                "Source": pair.source_relation,
                "Target": pair.target_relation,
                "Source records": numbers.count(pair.source_rows),
                "Left out by a declared filter": numbers.count(
                    pair.source_filtered + pair.target_filtered
                ),
                "Target records": numbers.count(pair.target_rows),
                "Missing": numbers.count(kinds["missing"] + kinds["lost_copy"]),
                "Extra": numbers.count(kinds["extra"]),
                "Loaded more than once": numbers.count(kinds["surplus_copy"]),
                "Values that differ": numbers.count(kinds["differs"]),
                "Ended": numbers.moment(pair.finished_at),
            }
        )
    return pd.DataFrame(rows)


def comparison_frame(
    disagreements: Sequence[Comparison], agreements: Sequence[Comparison]
) -> pd.DataFrame:
    """Each count of the recount beside the pipeline's, contradictions first."""
    comparisons = (*disagreements, *agreements)
    verdicts = (
        *repeat(f"{icons.status_glyph(Status.FAIL)} disagree", len(disagreements)),
        *repeat(f"{icons.status_glyph(Status.PASS)} agree", len(agreements)),
    )
    return pd.DataFrame(
        {
            "Recount and pipeline": verdicts,
            "Batch": [each.batch or "all batches" for each in comparisons],
            "Table": [each.table for each in comparisons],
            "What": [each.measure.value for each in comparisons],
            "Field": [each.field or numbers.MISSING for each in comparisons],
            "Recount": [each.counted for each in comparisons],
            "Pipeline": [numbers.count(each.reported) for each in comparisons],
            "The pipeline looked at": [_looked_at(each) for each in comparisons],
        }
    )


def _looked_at(each: Comparison) -> str:
    if each.reported is None:
        return "nothing of this"
    if each.looked_at is None or each.population is None:
        return "all"
    return f"a sample, {numbers.share(each.looked_at, each.population)}"
