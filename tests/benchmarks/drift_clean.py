"""Weekly looks at drift over 18 months: false alarms without defects, delay with planted ones.

``python -m tests.benchmarks drift-clean [--seeds 101 202] [--every 1]`` on the server that
``PLUMBLINE_TEST_SERVER_URL`` names, else on one of its own. No number of the policy was chosen on
these seeds. Each look sees what was known then: days, explanations and reviews before its as-of.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from components.drift import assess
from components.drift.types import DriftReport, SanityKind
from components.gates.policy import load_policy
from components.statistics.intervals import clopper_pearson
from dashboard import drift_material
from dashboard.progress import SilentProgress
from dashboard.refresh.plan import Options
from dashboard.refresh.run import refresh
from dashboard.sample import city
from dashboard.sample.defects import planted
from dashboard.sample.programme import build
from dashboard.sample.recipe import Recipe
from dashboard.sample.ticket_defects import DRIFTING
from queries import drift_labels, rollups
from queries.database import own_engine, read, source_engine
from queries.drift_facts import LabelRow
from queries.drift_rows import By, Histograms
from queries.names import PRODUCTION
from queries.scope import Scope
from tests.benchmarks.reconcile import new_database, running_server

POLICY = load_policy(None).drift
UNTIL = datetime(2026, 11, 20, tzinfo=UTC)
WEEKS = 78
PLANTED_WEEKS = 22
"""Every planted drift begins within the last months."""
REGION, CHANGED = city.REGIONS[2], city.WORK_TYPE_NAMES[1]
DEFECTS = {
    "drifting_region": f"features {', '.join(DRIFTING)} in {REGION}",
    "feature_goes_null": "feature asset_age_years arrives empty",
    "concept_change": f"meaning of scores in {CHANGED}",
}


@dataclass(frozen=True, slots=True)
class Look:
    """One look: with a seasonal twin or not, and what was in alarm."""

    as_of: datetime
    report: DriftReport

    @property
    def features(self) -> tuple[str, ...]:
        return tuple(found.label for found in self.report.in_alarm)

    @property
    def segments(self) -> tuple[str, ...]:
        concept = self.report.concept
        return () if concept is None else tuple(one.segment for one in concept.in_alarm)


def looks(url: str, every: int, weeks: int = WEEKS) -> Iterator[Look]:
    """Looks from the first that has a reference to the last; each reads no later row."""
    own, source = own_engine(url), source_engine(url, statement_timeout_s=120)
    whole = Scope(drift_material.EPOCH, UNTIL, UNTIL)
    history = read(own, lambda c: rollups.histograms(c, whole)).rows[0]
    split = tuple((by, _segments(own, whole, by)) for by in drift_material.DIMENSIONS)
    mass = read(own, lambda c: rollups.shap_mass(c, whole)).rows[0]
    first = history.days[0]
    for back in range(weeks - 1, -1, -every):
        as_of = UNTIL - timedelta(weeks=back)
        if as_of.date() - first < timedelta(POLICY.current_days + POLICY.minimum_reference_days):
            continue
        windows = assess.default_windows(history.days, as_of, POLICY)
        scope = Scope(as_of - drift_material.LABELLED, as_of, as_of)
        material = assess.Material(
            as_of,
            windows,
            history.window(first, as_of.date()),
            split,
            mass.window(windows.reference[0], windows.current[1]),
            reviews=_reviews(source, scope),
        )
        yield Look(as_of, assess.report(material, POLICY))
    source.dispose()
    own.dispose()


def _segments(own: sa.Engine, whole: Scope, by: By) -> Histograms:
    return read(own, lambda connection: rollups.histograms(connection, whole, by=by)).rows[0]


def _reviews(source: sa.Engine, scope: Scope) -> tuple[LabelRow, ...]:
    return read(source, lambda connection: drift_labels.labels(connection, scope)).rows


def clean(url: str, seed: int, every: int) -> None:
    """Alarms where there is nothing to find."""
    found = list(looks(url, every))
    for name, part in (
        ("first year", [look for look in found if look.report.twin is None]),
        ("with a seasonal twin", [look for look in found if look.report.twin is not None]),
        ("together", found),
    ):
        alarms = [look for look in part if look.features]
        concept = sum(bool(look.segments) for look in part)
        faults = sum(bool(look.report.sanity) for look in part)
        if not part:
            continue
        around = clopper_pearson(len(alarms), len(part))
        print(
            f"clean, seed {seed}, {name}: {len(alarms)} of {len(part)} looks in alarm "
            f"(95%: {around.low:.0%} to {around.high:.0%}; nominal "
            f"{POLICY.false_discovery_rate:.0%}); concept {concept}, faults of the data {faults}"
        )
    for look in found:
        if look.features or look.segments:
            print(f"    {look.as_of:%d %b %Y}: {', '.join((*look.features, *look.segments))}")


def detection(url: str, recipe: Recipe, every: int) -> None:
    """When each planted drift is first seen, dated to which day."""
    recent = list(looks(url, every, PLANTED_WEEKS))
    for key, what in DEFECTS.items():
        defect = planted(recipe, key)
        if defect is None:
            continue
        begin = defect.period(UNTIL)[0]
        seen = [(look, told) for look in recent if (told := _told(key, look)) is not None]
        later = [(look, told) for look, told in seen if look.as_of > begin]
        text = f"planted, seed {recipe.seed}, {what}, from {begin:%d %b}: "
        if not later:
            print(f"{text}MISSED")
            continue
        look, told = later[0]
        before = len(seen) - len(later)
        print(
            f"{text}seen at {look.as_of:%d %b} after {(look.as_of - begin).days} days, {told}; "
            f"in the last look: {_told(key, recent[-1]) or 'no'}; {before} alarms before it began"
        )


def _told(key: str, look: Look) -> str | None:
    """What the look says of a defect; None where it does not see it."""
    if key == "drifting_region":
        for one in look.report.incidents:
            if one.segment == REGION and {v.partition(":")[2] for v in one.variables} & {*DRIFTING}:
                return f"{len(one.variables)} features in {one.segment} since {one.day:%d %b}"
    elif key == "feature_goes_null":
        for fault in look.report.sanity:
            if fault.kind is SanityKind.NULL_RATE and fault.label == "asset_age_years":
                return f"{fault.label} since {fault.since.day if fault.since else 'unknown'}"
    elif {CHANGED, "all"} & {*look.segments}:
        return f"suspected in {', '.join(look.segments)}"
    return None


def main(seeds: list[int], every: int) -> None:
    """Both samples of each seed."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for seed in seeds:
            recipe = Recipe(seed=seed, until=UNTIL)
            for without in (True, False):
                made = replace(recipe, clean=without)
                with new_database(server, f"plumbline_bench_looks_{seed}") as url:
                    build(url, made, folder / f"{seed}_{without}", SilentProgress())
                    _roll_up(url)
                    clean(url, seed, every) if without else detection(url, made, every)


def _roll_up(url: str) -> None:
    source, own = source_engine(url, statement_timeout_s=600), own_engine(url)
    options = Options((PRODUCTION,), UNTIL.date(), workers=2)
    refresh(source, own, POLICY, options, SilentProgress())
    source.dispose()
    own.dispose()


def run_from(words: list[str] | None = None) -> None:
    """The command line."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--seeds", type=int, nargs="+", default=[101, 202])
    arguments.add_argument("--every", type=int, default=1, help="Weeks between looks.")
    given = arguments.parse_args(words)
    main(given.seeds, given.every)


if __name__ == "__main__":
    run_from()
