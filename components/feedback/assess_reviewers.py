"""Reviewers: whether they agree with each other, and whether one has left the others (B6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from components.feedback.types import ReviewerAgreement, ReviewerPoint, Reviewers
from components.statistics.agreement import cohen_kappa
from components.statistics.gwet import gwet_ac1
from components.statistics.kappa import kappa_interval
from components.statistics.raters import RaterCount, rater_differences
from queries.feedback_rows import PairRow, ReviewerRow, ReviewerWeekRow


def agreement(rows: Sequence[PairRow]) -> ReviewerAgreement:
    """Both answers on each ticket that two people reviewed; rows the first, columns the second."""
    answers = tuple(
        sorted({row.first_decision for row in rows} | {r.second_decision for r in rows})
    )
    place = {answer: index for index, answer in enumerate(answers)}
    matrix = [[0] * len(answers) for _ in answers]
    for row in rows:
        matrix[place[row.first_decision]][place[row.second_decision]] += row.n
    return ReviewerAgreement(
        answers=answers,
        matrix=tuple(tuple(line) for line in matrix),
        plain=cohen_kappa(matrix) if answers else None,
        kappa_interval=kappa_interval(matrix) if answers else None,
        gwet=gwet_ac1(matrix) if answers else None,
        both_blinded=sum(row.n for row in rows if row.both_blinded),
        newest_review=max((row.newest_review for row in rows), default=None),
    )


def reviewers(rows: Sequence[ReviewerRow], before: Sequence[ReviewerRow]) -> Reviewers:
    """Everyone against the others on like tickets; ``before`` is each reviewer's own past."""
    return Reviewers(rater_differences(_counts(rows), _counts(before)))


def outlying_weeks(
    found: Reviewers, rows: Sequence[ReviewerWeekRow]
) -> tuple[tuple[str, tuple[ReviewerPoint, ...]], ...]:
    """The weeks of whoever stands out, beside everybody else's."""
    return tuple((item.rater, _weeks(item.rater, rows)) for item in found.outliers)


def _counts(rows: Sequence[ReviewerRow]) -> list[RaterCount]:
    return [RaterCount(row.reviewer, row.stratum, row.n, row.overturned) for row in rows]


def _weeks(name: str, rows: Sequence[ReviewerWeekRow]) -> tuple[ReviewerPoint, ...]:
    mine = {row.monday: row for row in rows if row.reviewer == name}
    others: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        if row.reviewer != name:
            others[row.monday][0] += row.n
            others[row.monday][1] += row.overturned
    return tuple(
        ReviewerPoint(
            monday,
            row.n,
            row.overturned,
            others[monday][1] / others[monday][0] if others[monday][0] else None,
        )
        for monday, row in sorted(mine.items())
    )
