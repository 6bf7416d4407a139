"""What the Feedback page shows, assessed: frozen, typed, without a word of SQL or Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from components.statistics.agreement import Agreement
from components.statistics.binary_weighting import TwoShares
from components.statistics.control_charts import ControlPoint
from components.statistics.estimate import Estimate
from components.statistics.gwet import GwetAgreement
from components.statistics.intervals import Interval
from components.statistics.raters import RaterDifference
from components.statistics.right_truncation import Delays


@dataclass(frozen=True, slots=True)
class Group:
    """Overrides of one layer or of one group of reviews.

    ``share`` is of reviews that changed the decision; ``stands_out`` says that the weighted
    share differs from all other groups' after Holm over the groups (weights known).
    """

    name: str
    share: TwoShares
    stands_out: bool = False


@dataclass(frozen=True, slots=True)
class Overrides:
    """The platform's decisions against its reviewers'; ``weight`` is what all reviews weigh."""

    overall: TwoShares
    layers: tuple[Group, ...]
    newest_review: datetime | None
    weight: float

    @property
    def reviews(self) -> int:
        """Reviews in force."""
        return self.overall.whole


@dataclass(frozen=True, slots=True)
class Week:
    """Overrides of predictions scored in one week, with the limits of a p′ chart.

    ``mature`` is False while more than a tenth of its labels is still to come.
    """

    monday: date
    share: TwoShares
    point: ControlPoint
    mature: bool


@dataclass(frozen=True, slots=True)
class Weeks:
    """The weeks in order; ``enough`` says that there are as many as a signal needs."""

    weeks: tuple[Week, ...]
    centre: float | None
    sigma_z: float | None
    enough: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """Why decisions were changed: reviews with one reason code, and their share of all changes."""

    code: str
    added: bool
    n: int
    share: float
    weighted_share: float | None


@dataclass(frozen=True, slots=True)
class Error:
    """One kind of wrong decision: how often, naive and weighted to all tickets, and its cost."""

    decided: str
    correct: str
    severity: str
    n: int
    per_thousand: float | None
    points: float


@dataclass(frozen=True, slots=True)
class Confusion:
    """Decisions against reviewers, weighted by harm (critical 10, major 3, minor 1).

    ``cells`` are ``(decided, correct, n, weighted share)``. ``harm`` is points per thousand
    tickets, weighted to all tickets; None without known propensities.
    """

    cells: tuple[tuple[str, str, int, float | None], ...]
    errors: tuple[Error, ...]
    harm: float | None


@dataclass(frozen=True, slots=True)
class ReviewerAgreement:
    """Tickets reviewed twice by different people."""

    answers: tuple[str, ...]
    matrix: tuple[tuple[int, ...], ...]
    plain: Agreement | None
    kappa_interval: Interval | None
    gwet: GwetAgreement | None
    both_blinded: int
    newest_review: datetime | None


@dataclass(frozen=True, slots=True)
class ReviewerPoint:
    """One reviewer's week: overturned of reviewed, and the rate of all others in that week."""

    monday: date
    n: int
    overturned: int
    others: float | None


@dataclass(frozen=True, slots=True)
class Reviewers:
    """Each reviewer against all others on like tickets."""

    differences: tuple[RaterDifference, ...]

    @property
    def outliers(self) -> tuple[RaterDifference, ...]:
        """Reviewers whom the spread of the others does not explain."""
        return tuple(item for item in self.differences if item.stands_out)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How long labels take: hours until half and until the agreed share have arrived.

    Weeks that end after ``ripe_until`` still wait for more than the rest.
    """

    delays: Delays | None
    half_hours: float | None
    mature_hours: float | None
    mature_share: float
    ripe_until: datetime


@dataclass(frozen=True, slots=True)
class RandomSpan:
    """Predictions of some days, and how many of them were reviewed because chance chose them.

    ``missed`` says that even the upper end of the interval lies below the floor.
    """

    start: date
    end: date
    drawn: int
    predictions: int
    share: float
    interval: Interval
    mature: bool
    missed: bool


@dataclass(frozen=True, slots=True)
class RandomReview:
    """The random share by week, and its lowest fortnight."""

    weeks: tuple[RandomSpan, ...]
    lowest: RandomSpan | None
    floor: float
    newest: datetime | None

    @property
    def missed(self) -> tuple[RandomSpan, ...]:
        """Weeks in which the floor was missed."""
        return tuple(week for week in self.weeks if week.missed and week.mature)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric of a training run and its 95% interval, where one can be told."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A training run in the lineage of versions.

    ``generation`` is how many ancestors are on record. ``promoted_at`` is None where the version
    never went into production.
    """

    run_id: str
    version: str
    family: str
    parent: str | None
    generation: int
    status: str
    started_at: datetime
    trained_by: str
    rows: int | None
    window_start: datetime | None
    window_end: datetime | None
    holdout: str | None
    holdout_n: int | None
    auc: Metric
    brier: Metric
    promoted_at: datetime | None
    promoted_by: str | None


@dataclass(frozen=True, slots=True)
class Followed:
    """What followed a promotion: overrides in the weeks before and after it.

    ``change`` is after minus before, of the weighted share where both are known, with its 95%
    interval; negative is better. ``first`` is a version without one before it.
    """

    version: str
    before_version: str | None
    at: datetime
    days: int
    before: TwoShares | None
    after: TwoShares | None
    change: Estimate | None
    sentence: str


@dataclass(frozen=True, slots=True)
class Challenger:
    """A version of another family beside the reference, on the same evaluation.

    ``auc`` and ``brier`` are differences, challenger minus reference. ``paired``: both scored
    the same ``n`` reviewed tickets. Else the runs' own figures are compared as if they came from
    independent samples, which makes the interval too wide: what it calls clear is clear.
    """

    version: str
    family: str
    auc: Estimate
    brier: float | None
    sentence: str
    paired: bool = False
    n: int | None = None


@dataclass(frozen=True, slots=True)
class Families:
    """Is the model family right? Versions that were measured on one and the same holdout."""

    reference: str
    reference_family: str
    reference_auc: float | None
    holdout: str
    holdout_n: int | None
    challengers: tuple[Challenger, ...]
    measured_at: datetime
    sentence: str

    @property
    def other_families(self) -> tuple[str, ...]:
        """Families other than the reference's that were measured."""
        return tuple(
            sorted({c.family for c in self.challengers if c.family != self.reference_family})
        )
