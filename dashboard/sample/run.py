"""The scoring platform at work: batch after batch scored, reviewed, explained, and retrained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from dashboard.progress import Stage
from dashboard.sample import audit_rows, explanations, models, reviews, scoring, shadow, training
from dashboard.sample.audit_rows import Segments
from dashboard.sample.batches import Batch, batches
from dashboard.sample.configuration import RULES_KNOB, Knobs, Timeline
from dashboard.sample.development import second_look
from dashboard.sample.features import Features, Flags, Floats, Integers
from dashboard.sample.llm import LlmAnswers, simulate
from dashboard.sample.load import Loader
from dashboard.sample.models import Dataset, Model
from dashboard.sample.prediction_defects import PredictionDefects
from dashboard.sample.recipe import Recipe
from dashboard.sample.scoring import Predictions, Versions
from dashboard.sample.shadow import Scorer, ShadowScores
from dashboard.sample.tickets import Tickets, TicketSource, to_micros
from queries.names import DEVELOPMENT, PRODUCTION, WORKFLOW_KNOB

DEVELOPMENT_IDS = 1_000_000_000_000
"""Added to a prediction's id where development scored the same ticket again."""

_PREHISTORY_REVIEWS = 8_000


@dataclass(frozen=True, slots=True)
class Scored:
    """A scored batch: what happened, and in ``written`` the snapshots that the audit keeps.

    ``sound`` marks the predictions that no planted defect has touched.
    """

    batch: Batch
    tickets: Tickets
    prediction_id: Integers
    versions: Versions
    answers: LlmAnswers
    predictions: Predictions
    written: Versions
    sound: Flags


class ScoringRun:
    """Scores every ticket of a source in order of time.

    ``models`` and ``runs`` fill as models are trained, each on nothing but the reviews that
    were known two days before its deployment.
    """

    def __init__(
        self, recipe: Recipe, source: TicketSource, timeline: Timeline, knobs: Knobs
    ) -> None:
        self.models: dict[str, Model] = {}
        self._shadowed: Mapping[str, Scorer] = {}
        self.runs: list[training.TrainingRun] = []
        self._recipe = recipe
        self._source = source
        self._timeline = timeline
        self._knobs = knobs
        self._defects = PredictionDefects(recipe, source)
        self._segments = Segments(source.work_types, source.regions)
        self._labels = reviews.Labels(tuple(source.schema.names))
        self._first = int(np.searchsorted(source.times, to_micros(timeline.start)))
        self._deployed: list[str] = []

    def run(self, loader: Loader, stage: Stage) -> None:
        """Score all batches and hand the rows to the loader."""
        self._learn_from_prehistory()
        total = len(self._source.times) - self._first
        for batch in batches(self._source.times, self._timeline):
            self._retrain_when_due(batch)
            self._score(batch, loader)
            stage.advance(batch.last - self._first, total)

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self._recipe.seed, 7, *stream])

    def _learn_from_prehistory(self) -> None:
        """Reviews from before the audit, which trained the first model."""
        tickets = self._source.tickets(0, self._first)
        rng = self._rng(0)
        wanted = min(_PREHISTORY_REVIEWS, max(3_000, len(tickets) // 4), len(tickets))
        rows = np.sort(rng.choice(len(tickets), wanted, replace=False))
        everybody = reviews.Selection(np.ones(wanted), np.zeros(wanted, dtype=np.int64))
        chosen = tickets.take(rows)
        undecided = np.full(wanted, None, dtype=object)
        nobody = reviews.Contrary(-1, np.zeros(wanted))
        made = reviews.review(rng, chosen, everybody, undecided, nobody, pace=1.0)
        made.reviewed_at[:] = chosen.scored_at[made.row]
        self._labels.add(chosen, made, np.ones(wanted))

    def _retrain_when_due(self, batch: Batch) -> None:
        timeline = self._timeline
        due = sum(moment <= batch.begin for moment in timeline.deployments)
        while len(self._deployed) < due:
            version = f"xgb-{len(self._deployed) + 1}"
            at = timeline.deployments[len(self._deployed)] - timeline.label_delay
            parent = self._deployed[-1] if self._deployed else None
            model, run = training.train_production(
                self._known(at), version, parent, at, self._recipe.seed
            )
            self.models[version] = model
            self.runs.append(run)
            self._deployed.append(version)
        if shadow.CANDIDATE not in self.models and batch.begin >= timeline.shadow_start:
            at = timeline.shadow_start - timeline.label_delay
            serving = self._deployed[-1]
            made = training.train_challengers(
                self._known(at),
                (serving, self.models[serving]),
                at,
                self._recipe.seed,
                flattered=self._defects.flattered,
            )
            self.models[shadow.CANDIDATE] = made.candidate
            self._shadowed = made.shadow
            self.runs += made.runs

    def _known(self, at: datetime) -> Dataset:
        return self._labels.known_at(to_micros(at), models.LARGEST_WEIGHT)

    def _score(self, batch: Batch, loader: Loader) -> None:
        tickets = self._source.tickets(batch.first, batch.last)
        times = tickets.scored_at
        workflow = self._knobs.position(WORKFLOW_KNOB, times)
        workflow = self._defects.stale_workflow(self._rng(batch.first, 4), times, workflow)
        versions = scoring.in_force(self._knobs, times, workflow)
        rules_score, ml_score = self._two_scores(versions, times, tickets.features)
        answers = simulate(self._rng(batch.first, 1), tickets.need, ml_score)
        threshold = self._knobs.agreement_thresholds()[workflow]
        sound = scoring.orchestrate(
            versions, threshold, rules_score, ml_score, tickets.escalated, answers
        )
        predictions = self._defects.alter_calls(
            self._rng(batch.first, 2), tickets, sound, answers, versions.llm
        )
        rng = self._rng(batch.first, 6)
        written = self._defects.alter_snapshots(rng, tickets, predictions.versions)
        scored = Scored(
            batch=batch,
            tickets=tickets,
            prediction_id=tickets.number - self._first + 1,
            versions=versions,
            answers=answers,
            predictions=predictions,
            written=written,
            sound=(sound.asked == predictions.asked) & (written.ml == versions.ml),
        )
        beside = self._in_shadow(scored)
        self._load_audit(scored, beside, loader)
        self._load_explanations(scored, loader)
        for one in beside:
            self._load_shadow(scored, one, loader)
        if batch.begin >= self._timeline.recent:
            self._load_development(scored, loader)

    def _two_scores(
        self, versions: Versions, times: Integers, features: Features
    ) -> tuple[Floats, Floats]:
        position = self._knobs.position(RULES_KNOB, times)
        return (
            scoring.rules_scores(self._source.rules, position, features),
            scoring.model_scores(self.models, versions.ml, features.matrix()),
        )

    def _in_shadow(self, scored: Scored) -> Sequence[ShadowScores]:
        """What each candidate makes of the batch; nothing before the shadow run."""
        if not self._shadowed:
            return []
        rng, tickets = self._rng(scored.batch.first, 10), scored.tickets
        seen = {
            shadow.CANDIDATE: self._defects.candidate_features(rng, tickets),
            shadow.FLATTERED: self._defects.flattered_features(
                rng, tickets, scored.predictions.asked
            ),
        }
        return [
            shadow.shadow_scores(
                self._rng(scored.batch.first, 3, place),
                version,
                scorer,
                seen.get(version, tickets.features),
            )
            for place, (version, scorer) in enumerate(self._shadowed.items())
        ]

    def _load_audit(self, scored: Scored, beside: Sequence[ShadowScores], loader: Loader) -> None:
        """Audit rows and the reviews of some of them."""
        rng = self._rng(scored.batch.first, 5)
        tickets, predictions = scored.tickets, scored.predictions
        factor = self._defects.llm_factor(tickets.scored_at)
        taken = audit_rows.latencies(rng, predictions, scored.answers, factor)
        share = self._defects.random_review_share(tickets.scored_at)
        # Nobody asks for reviews of the flattered one: that is how it came to be believed.
        compared = [one for one in beside if one.version != shadow.FLATTERED]
        asked = self._recipe.comparison_review_share
        wanted = np.where(shadow.parted(predictions, compared), asked, 0.0)
        selection = reviews.select(rng, predictions, tickets.escalated, share, wanted)
        decision = predictions.decided(predictions.final_score)
        contrary = self._defects.contrary(tickets.scored_at)
        made = reviews.review(rng, tickets, selection, decision, contrary, self._timeline.pace)
        self._labels.add(tickets, made, selection.propensity)
        done = made.take(made.reviewed_at < to_micros(self._timeline.until))
        feedback = reviews.feedback_table(
            rng, done, scored.prediction_id, decision, tickets.critical
        )
        loader.add("ml_feedback", feedback)
        audit = audit_rows.audit_table(
            PRODUCTION,
            scored.prediction_id,
            tickets,
            self._segments,
            replace(predictions, versions=scored.written),
            taken,
            selection.propensity,
        )
        loader.add("prediction_audit", audit)

    def _load_explanations(self, scored: Scored, loader: Loader) -> None:
        rng = self._rng(scored.batch.first, 8)
        tickets = scored.tickets
        recent = to_micros(self._timeline.recent)
        rows = explanations.chosen(rng, tickets.scored_at, recent)
        swapped = self._defects.swapped_explanations(rng, tickets, rows)
        for table in explanations.explanation_tables(
            scored.prediction_id[rows],
            tickets.scored_at[rows],
            scored.versions.ml[rows],
            self.models,
            self._source.schema.names,
            tickets.features.take(rows).matrix(),
            swapped[rows],
        ):
            loader.add("prediction_explanations", table)

    def _load_shadow(self, scored: Scored, one: ShadowScores, loader: Loader) -> None:
        table = shadow.shadow_table(
            one,
            scored.prediction_id,
            scored.tickets.scored_at,
            scored.versions.ml,
            scored.predictions,
        )
        loader.add("ml_shadow_scores", table)

    def _load_development(self, scored: Scored, loader: Loader) -> None:
        """The same tickets once more in development, under the same versions."""
        rng = self._rng(scored.batch.first, 9)
        tickets, knobs = scored.tickets, self._knobs
        again = second_look(
            rng, self._recipe, self._timeline, knobs, tickets, scored.versions, scored.sound
        )
        rows, later = again.rows, again.scored_at
        if not len(rows):
            return
        features = self._defects.development_features(tickets).take(rows)
        repeated = replace(tickets.take(rows), scored_at=later, features=features)
        versions = scoring.in_force(knobs, later)
        threshold = knobs.agreement_thresholds()[knobs.position(WORKFLOW_KNOB, later)]
        rules_score, ml_score = self._two_scores(versions, later, features)
        answers = scored.answers.take(rows)
        predictions = scoring.orchestrate(
            versions, threshold, rules_score, ml_score, repeated.escalated, answers
        )
        audit = audit_rows.audit_table(
            DEVELOPMENT,
            scored.prediction_id[rows] + DEVELOPMENT_IDS,
            repeated,
            self._segments,
            predictions,
            audit_rows.latencies(rng, predictions, answers, np.ones(len(rows))),
            np.full(len(rows), np.nan),
        )
        loader.add("prediction_audit", audit)
