"""The pages there are: four sections, one entry per page, each imported when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby

import streamlit as st

from components.layout import theme

DEFAULT = "status"
SIDEBAR_WIDTH = 216
PROGRAMME, MIGRATION, MODEL, GOVERNANCE = "Programme", "Migration", "Model", "Governance"


@dataclass(frozen=True, slots=True)
class Entry:
    """One page: where it stands, how it is called, and what it is for."""

    section: str
    key: str
    title: str
    icon: str
    purpose: str

    @property
    def module(self) -> str:
        """The module whose ``render`` draws the page."""
        return f"dashboard.app_pages.{self.key}"

    @property
    def render(self) -> Callable[[], None]:
        """The function that draws the page."""
        function: Callable[[], None] = import_module(self.module).render
        return function


ENTRIES = (
    Entry(
        PROGRAMME,
        "status",
        "Status",
        ":material/flag:",
        "Go or no-go, what changed, what blocks and who acts.",
    ),
    Entry(
        PROGRAMME,
        "gates",
        "Gates",
        ":material/rule:",
        "Every gate with its number, its limit, its history and its evidence.",
    ),
    Entry(
        PROGRAMME,
        "findings",
        "Findings",
        ":material/find_in_page:",
        "What the oversight team found, how grave it is, who acts, and by when.",
    ),
    Entry(
        MIGRATION,
        "reconciliation",
        "Reconciliation",
        ":material/balance:",
        "Records in against records out, for each batch.",
    ),
    Entry(
        MIGRATION,
        "field_accuracy",
        "Field accuracy",
        ":material/grid_on:",
        "Which fields arrive as they left, by the pipeline's claim and by our own recount.",
    ),
    Entry(
        MIGRATION,
        "exceptions",
        "Exceptions",
        ":material/report:",
        "What failed, whether it is more than usual, and the records side by side.",
    ),
    Entry(
        MODEL,
        "pipeline",
        "Pipeline",
        ":material/account_tree:",
        "Rules, model and LLM: agreement, cost, latency and snapshots.",
    ),
    Entry(
        MODEL,
        "drift",
        "Drift",
        ":material/ssid_chart:",
        "What moved between two windows: inputs, scores, decisions and what a score means.",
    ),
    Entry(
        MODEL,
        "explanations",
        "Explanations",
        ":material/lightbulb:",
        "Why a score is what it is, and whether the stored reasons are the model's own.",
    ),
    Entry(
        MODEL,
        "shadow",
        "Shadow",
        ":material/compare_arrows:",
        "May the candidate be promoted, and if not, what blocks it?",
    ),
    Entry(
        MODEL,
        "feedback",
        "Feedback",
        ":material/rate_review:",
        "What reviewers change, how far they can be trusted, and what retraining did.",
    ),
    Entry(
        MODEL,
        "evaluations",
        "Evaluations",
        ":material/fact_check:",
        "Which test suites ran on which model, what they found, and which cases failed.",
    ),
    Entry(
        MODEL,
        "artifacts",
        "Artifacts",
        ":material/verified_user:",
        "Model files, their signatures, the ways back and how often they were practised.",
    ),
    Entry(
        GOVERNANCE,
        "data_sources",
        "Data sources",
        ":material/database:",
        "The tables that are read, how fresh they are, and what is missing.",
    ),
    Entry(
        GOVERNANCE,
        "runbooks",
        "Runbooks",
        ":material/checklist:",
        "What to do when an alert stands, step by step, and how to undo it.",
    ),
    Entry(
        GOVERNANCE,
        "methods",
        "Methods",
        ":material/menu_book:",
        "How every number is made, the words used, and the policy in force.",
    ),
)


def entry(key: str) -> Entry:
    """One page by its key."""
    return next(item for item in ENTRIES if item.key == key)


def page(key: str, *, default: str = DEFAULT) -> st.Page:
    """The page as Streamlit knows it, for links."""
    found = entry(key)
    return st.Page(
        found.render,
        title=found.title,
        icon=found.icon,
        url_path=found.key,
        default=found.key == default,
        help=found.purpose,
    )


def path(key: str) -> str:
    """The page's address, relative to any other page; the first page has none of its own."""
    return "./" if key == DEFAULT else f"./{entry(key).key}"


def run(default: str = DEFAULT) -> None:
    """Draw the navigation and the page that was asked for."""
    st.set_page_config(
        page_title="Plumbline",
        page_icon=theme.MARK,
        layout="wide",
        initial_sidebar_state=SIDEBAR_WIDTH,
    )
    st.logo(theme.WORDMARK, icon_image=theme.MARK)
    theme.inject()
    pages = {item.key: page(item.key, default=default) for item in ENTRIES}
    chosen = st.navigation(list(pages.values()), position="hidden")
    with st.sidebar:
        _sections(pages)
    chosen.run()


def _sections(pages: Mapping[str, st.Page]) -> None:
    """The pages under their sections; Streamlit's own menu nests its list in a way that
    screen readers stumble over."""
    for section, items in groupby(ENTRIES, key=lambda item: item.section):
        with st.container(key=f"nav_{section.lower()}", gap="xxsmall"):
            st.html(f'<p class="pl-section">{section}</p>')
            for item in items:
                st.page_link(pages[item.key], width="stretch")
