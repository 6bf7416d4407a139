"""The frame of every page: who, when, which filter, what was asked, and what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from components.gates.assess import Evaluation
from components.gates.policy import Policy
from components.gates.status import Verdict
from components.layout import badge, exporting, numbers, provenance, states
from components.layout.freshness import Freshness, badges, history_line
from dashboard import cache, filters, navigation, start
from dashboard.access import Right, SignInNeeded, Viewer, viewer
from dashboard.filters import Choices, Filter
from dashboard.offer import download
from dashboard.settings import settings
from queries import choices as choice_queries
from queries.errors import MissingRelationError, PlumblineError
from queries.freshness import moments
from queries.scope import Scope

LOG = logging.getLogger("plumbline.page")
_CHOICES = (choice_queries.recent_segments, choice_queries.model_versions)


@dataclass(slots=True)
class Page:
    """What a page may use: its scope, its questions, its place for the answer."""

    key: str
    title: str
    method: str
    scope: Scope
    viewer: Viewer
    policy: Policy
    answer_slot: Any
    freshness_slot: Any
    filter_row: Any
    asked: list[provenance.Asked] = field(default_factory=list)
    judgement: str = ""

    @property
    def as_of(self) -> datetime:
        """The moment up to which the page reads."""
        return self.scope.as_of

    @property
    def window(self) -> str:
        """The policy's window as the period filter writes it in a link."""
        return f"{self.policy.window_days} days"

    def ask(
        self,
        question: Callable[..., Any],
        *arguments: Any,
        scope: Scope | None = None,
        **options: Any,
    ) -> Any:
        """Ask ``question(connection, scope, *arguments, **options)``; answers are kept a while.

        The statement is remembered for the drawer at the end of the page.

        Raises:
            DatabaseError: see :mod:`queries.errors`; the page shows the state that belongs to it.
        """
        found = cache.answer(
            question, scope or self.scope, *arguments, viewer_scope=self.viewer.role, **options
        )
        self._remember(question, found)
        return found

    def ask_together(self, *questions: Callable[..., Any]) -> tuple[Any, ...]:
        """Ask several questions about the page's scope in one snapshot.

        Raises:
            DatabaseError: as :meth:`ask`; none of them is answered.
        """
        found = cache.answers(questions, self.scope, viewer_scope=self.viewer.role)
        for question, one in zip(questions, found, strict=True):
            self._remember(question, one)
        return found

    def ask_own(self, question: Callable[..., Any], *arguments: Any) -> Any:
        """Ask the product's own schema; None where there is none, or it is still empty."""
        try:
            found = cache.own_answer(question, *arguments, viewer_scope=self.viewer.role)
        except MissingRelationError:
            return None
        if found is not None:
            self._remember(question, found)
        return found

    def _remember(self, question: Callable[..., Any], found: Any) -> None:
        words = (question.__doc__ or question.__name__).strip().splitlines()[0]
        self.asked.append(provenance.Asked(words, found.provenance))
        for number, other in enumerate(found.others, start=2):
            self.asked.append(provenance.Asked(f"{words} (part {number}, added to it)", other))

    def answer(self, sentence: str, *, verdict: Verdict | None = None) -> None:
        """Put the one sentence that answers the page under its title, behind a verdict if any."""
        lead = f"{badge.verdict_html(verdict)}: " if verdict is not None else ""
        self.answer_slot.html(f'<p class="pl-answer">{lead}{escape(sentence)}</p>')

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the page that may fail alone: its problem is shown in its place."""
        try:
            yield
        except PlumblineError as error:
            _show(self.key, error)

    def freshness(self, *relations: str) -> None:
        """Show how new the tables are that this page reads, at the right of its title."""
        rows = cache.answer(moments, self.scope, relations, viewer_scope=self.viewer.role)
        found = [Freshness(row.relation, row.newest_at, exists=row.exists) for row in rows]
        self.freshness_slot.html(badges(found, self.as_of))

    def history(self) -> None:
        """Say whether roll-ups answer the page, how old they are, and what is gone from it."""
        self.freshness_slot.html(history_line(cache.roll_ups(self.scope)))

    def evaluation(self, as_of: datetime | None = None) -> Evaluation:
        """Every gate as judged by the policy in force, at the page's as-of or another."""
        found = cache.evaluation(as_of or self.as_of)
        if found.as_of == self.as_of:
            self.judgement = found.digest
        return found

    def link(self, key: str, label: str, *, icon: str = "", **parameters: str) -> None:
        """A link to another page that keeps the filters."""
        st.page_link(
            navigation.page(key), label=label, icon=icon or None, query_params=parameters or None
        )

    def href(self, key: str, **parameters: str) -> str:
        """The address of another page with the filters kept, for links inside text."""
        kept = {name: st.query_params.get_all(name) for name in st.query_params}
        return f"{navigation.path(key)}?{urlencode({**kept, **parameters}, doseq=True)}"


@contextmanager
def page(key: str, *, method: str = "", shown: Sequence[Filter] = filters.ALL) -> Iterator[Page]:
    """Frame a page: title, as-of, filters, then the body, then how its numbers were made.

    ``method`` names the section of the methods page that explains the page. ``shown`` are the
    filters that the page obeys.
    """
    entry = navigation.entry(key)
    framed = _frame(entry, method, tuple(shown))
    exporter = download(framed) if framed.viewer.may(Right.EXPORT) else None
    with exporting.exports_by(exporter):
        try:
            yield framed
        except PlumblineError as error:
            _show(key, error)
        provenance.drawer(
            framed.asked,
            key=key,
            filters=framed.scope.sentence,
            as_of=framed.as_of,
            policy_version=framed.policy.short_version,
            method=framed.method,
            evaluation=framed.judgement,
        )


def _frame(entry: navigation.Entry, method: str, shown: tuple[Filter, ...]) -> Page:
    heading = st.container(
        horizontal=True,
        horizontal_alignment="distribute",
        vertical_alignment="bottom",
        key="page_head",
    )
    heading.title(entry.title, anchor=False, width="content")
    try:
        if settings().source_url is None:
            start.how_to_start()
            st.stop()
        who = viewer()
        policy = cache.policy()
        facts = heading.container(width="content", gap="xxsmall", key="page_facts")
        answer = st.container(key="page_answer")
        row = st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", key="page_filters"
        )
        scope = _filtered(row, shown, cache.present())
    except SignInNeeded:
        start.sign_in()
        st.stop()
    except PlumblineError as error:
        _show(entry.key, error)
        st.stop()
    facts.html(_facts(scope.as_of))
    return Page(
        key=entry.key,
        title=entry.title,
        method=method or entry.title,
        scope=scope,
        viewer=who,
        policy=policy,
        answer_slot=answer,
        freshness_slot=facts,
        filter_row=row,
    )


def _show(key: str, error: PlumblineError) -> None:
    LOG.warning("page=%s %s", key, error.log)
    states.problem(error)


def _filtered(row: Any, shown: tuple[Filter, ...], default: datetime) -> Scope:
    link = filters.asked()
    with row:
        as_of = filters.as_of_field(default)
        available = _choices(as_of) if shown else Choices()
        unknown = filters.unknown_words(
            link,
            available,
            shown,
            latest=filters.last_day(default),
            as_of=filters.last_day(as_of),
        )
        selection = filters.fields(available, shown, as_of)
    for sentence in unknown:
        states.notice(f"{sentence} The default is shown instead.")
    return filters.scope_of(selection, as_of)


def _choices(as_of: datetime) -> Choices:
    """What the filters offer; a table that is missing leaves its filters without values."""
    try:
        segments, versions = cache.answers(_CHOICES, as_of, viewer_scope="")
    except MissingRelationError:
        return Choices()
    return filters.choices_of(segments.rows, versions.rows)


def _facts(as_of: datetime) -> str:
    lines = [f"As of {numbers.day(as_of - timedelta(microseconds=1))}, UTC"]
    sample = settings().sample
    if sample is not None:
        lines.insert(0, f"Sample programme: {sample} tickets, really scored.")
    return f'<p class="pl-facts">{escape(" ".join(lines))}</p>'
