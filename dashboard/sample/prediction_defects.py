"""Planted defects that lie in the scoring of tickets, not in the tickets themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dashboard.sample.defect import Defect, pick
from dashboard.sample.defects import planted
from dashboard.sample.features import Features, Flags, Floats, Integers
from dashboard.sample.llm import LlmAnswers
from dashboard.sample.recipe import Recipe
from dashboard.sample.reviews import REVIEWERS, Contrary
from dashboard.sample.scoring import Predictions, Versions, Words
from dashboard.sample.ticket_defects import within
from dashboard.sample.tickets import Tickets, TicketSource, to_micros
from queries.names import DISAGREEMENT

UNKNOWN_VERSION = "xgb-hotfix"


@dataclass(frozen=True, slots=True)
class PredictionDefects:
    """Changes batches of predictions where the recipe plants a defect; otherwise nothing.

    A defect of so many records is spread over the batches of its period in proportion to their
    tickets, so that the whole has exactly its size.
    """

    recipe: Recipe
    source: TicketSource

    def stale_workflow(
        self, rng: np.random.Generator, times: Integers, workflow: Integers
    ) -> Integers:
        """One worker of several goes on with the configuration before the present one."""
        draw = rng.random(len(times))
        defect = self._planted("stale_worker")
        if defect is None:
            return workflow
        rows = within(defect, self.recipe, times) & (draw < defect.size)
        return np.where(rows, np.maximum(workflow - 1, 0), workflow)

    def alter_calls(
        self,
        rng: np.random.Generator,
        tickets: Tickets,
        predictions: Predictions,
        answers: LlmAnswers,
        llm_version: Words,
    ) -> Predictions:
        """Calls of the LLM without a cause, and calls that were not made."""
        p = predictions
        # A row without a configuration cannot be judged, so the two defects stay apart.
        judged = (answers.error == "") & ~self._without_snapshots(tickets)
        without_cause = self._rows(rng, "llm_without_cause", tickets, judged & ~p.asked)
        missed = self._rows(rng, "llm_missed", tickets, judged & p.asked)
        if not len(without_cause) and not len(missed):
            return p
        asked, trigger = p.asked.copy(), p.trigger.copy()
        asked[missed], trigger[missed] = False, None
        asked[without_cause] = True
        trigger[without_cause[::2]] = DISAGREEMENT
        return p.with_calls(asked, trigger, answers, llm_version)

    def alter_snapshots(
        self, rng: np.random.Generator, tickets: Tickets, versions: Versions
    ) -> Versions:
        """Snapshots that were not written, and a version that nobody trained."""
        anywhere = np.ones(len(tickets), dtype=np.bool_)
        unknown = self._rows(rng, "unknown_ml_version", tickets, anywhere)
        there = self._without_snapshots(tickets)
        missing = self._rows(rng, "missing_snapshots", tickets, there)
        columns = (versions.ml, versions.rules, versions.workflow)
        ml, rules, workflow = (words.copy() for words in columns)
        ml[unknown] = UNKNOWN_VERSION
        for words in (ml, rules, workflow):
            words[missing] = None
        return replace(versions, ml=ml, rules=rules, workflow=workflow)

    def llm_factor(self, times: Integers) -> Floats:
        """By how much the LLM is slower than usual."""
        return self._size_within("slow_llm", times, otherwise=1.0)

    def random_review_share(self, times: Integers) -> Floats:
        """The share of tickets that is reviewed at random."""
        usual = self.recipe.random_review_share
        return self._size_within("random_review_floor", times, otherwise=usual)

    def contrary(self, times: Integers) -> Contrary:
        """The drifting reviewer and how often he turns decisions round."""
        defect = self._planted("drifting_reviewer")
        reviewer = -1 if defect is None else REVIEWERS.index(pick(REVIEWERS, defect.place.reviewer))
        return Contrary(reviewer, self._size_within("drifting_reviewer", times, otherwise=0.0))

    def development_features(self, tickets: Tickets) -> Features:
        """What development sees: it loses the decimal comma of an age in one work type."""
        defect = self._planted("environments_differ")
        if defect is None:
            return tickets.features
        kind = self.source.work_types.index(pick(self.source.work_types, defect.place.work_type))
        rows = within(defect, self.recipe, tickets.scored_at) & (tickets.work_type == kind)
        age = tickets.features["asset_age_years"]
        return tickets.features.replaced(asset_age_years=np.where(rows, age * 10, age))

    def candidate_features(self, rng: np.random.Generator, tickets: Tickets) -> Features:
        """What the candidate sees: most tickets of one region reach it without their hazard and
        without what is known of the asset."""
        defect = self._planted("harmful_candidate")
        if defect is None:
            return tickets.features
        rows = within(defect, self.recipe, tickets.scored_at)
        rows &= self._in_region("harmful_candidate", tickets)
        rows &= rng.random(len(tickets)) < defect.size
        return _bare(tickets.features, rows)

    @property
    def flattered(self) -> bool:
        """Whether the flattered candidate is in the shadow as well."""
        return self._planted("flattered_candidate") is not None

    def flattered_features(
        self, rng: np.random.Generator, tickets: Tickets, asked: Flags
    ) -> Features:
        """What the flattered candidate sees: all of a ticket that goes to the LLM, which is
        reviewed often, and of some others neither the hazard nor the asset."""
        defect = self._planted("flattered_candidate")
        if defect is None:
            return tickets.features
        return _bare(tickets.features, ~asked & (rng.random(len(tickets)) < defect.size))

    def swapped_explanations(
        self, rng: np.random.Generator, tickets: Tickets, explained: Flags
    ) -> Flags:
        """Explanations in which two values change places."""
        swapped = np.zeros(len(tickets), dtype=np.bool_)
        swapped[self._rows(rng, "swapped_shap", tickets, explained)] = True
        return swapped

    def _planted(self, key: str) -> Defect | None:
        return planted(self.recipe, key)

    def _size_within(self, key: str, times: Integers, otherwise: float) -> Floats:
        defect = self._planted(key)
        if defect is None:
            return np.full(len(times), otherwise)
        return np.where(within(defect, self.recipe, times), float(defect.size), otherwise)

    def _in_region(self, key: str, tickets: Tickets) -> Flags:
        defect = self._planted(key)
        if defect is None:
            return np.zeros(len(tickets), dtype=np.bool_)
        region = pick(self.source.regions, defect.place.region)
        return np.asarray(tickets.region == self.source.regions.index(region))

    def _without_snapshots(self, tickets: Tickets) -> Flags:
        """The region and the day from which snapshots are missing."""
        defect = self._planted("missing_snapshots")
        rows = self._in_region("missing_snapshots", tickets)
        return rows if defect is None else rows & within(defect, self.recipe, tickets.scored_at)

    def _rows(
        self, rng: np.random.Generator, key: str, tickets: Tickets, eligible: Flags
    ) -> Integers:
        """This batch's part of a defect, drawn from the eligible rows of its period."""
        defect = self._planted(key)
        if defect is None or not len(tickets):
            return np.zeros(0, dtype=np.int64)
        begin, end = (to_micros(moment) for moment in defect.period(self.recipe.until))
        first, last = np.searchsorted(self.source.times, (begin, end))
        upto = [
            min(max(int(number) - int(first), 0), int(last - first))
            * defect.records
            // max(1, int(last - first))
            for number in (tickets.number[0], tickets.number[-1] + 1)
        ]
        candidates = np.flatnonzero(within(defect, self.recipe, tickets.scored_at) & eligible)
        wanted = min(upto[1] - upto[0], len(candidates))
        return np.sort(rng.choice(candidates, wanted, replace=False))


def _bare(seen: Features, rows: Flags) -> Features:
    """Features without the hazard and without what is known of the asset, in some rows."""
    return seen.replaced(
        reported_hazard=np.where(rows, 0.0, seen["reported_hazard"]),
        customers_affected=np.where(rows, np.nan, seen["customers_affected"]),
        asset_age_years=np.where(rows, np.nan, seen["asset_age_years"]),
    )
