"""The runbooks that the product carries: texts in ``docs/runbooks``, each with its review day."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from types import MappingProxyType

from components.alerts.runbooks import Runbook
from dashboard.documents import folder

_FACTS = re.compile(r"^Reviewed on (?P<day>\S+)\. Owner: (?P<owner>[^.]+)\.$", re.MULTILINE)


@cache
def runbooks() -> Mapping[str, Runbook]:
    """Every runbook by its name, in the order of their titles."""
    found = [
        runbook(path.stem, path.read_text(encoding="utf-8"))
        for path in folder("runbooks").glob("*.md")
    ]
    return MappingProxyType({book.key: book for book in sorted(found, key=lambda b: b.title)})


def runbook(key: str, text: str) -> Runbook:
    """A runbook from its text: title, then the line with its review day and owner."""
    head, _, rest = text.partition("\n")
    facts = _FACTS.search(rest)
    return Runbook(
        key=key,
        title=head.removeprefix("# ").strip(),
        owner=facts["owner"].strip() if facts else "",
        reviewed_on=_day(facts["day"]) if facts else None,
        body=_FACTS.sub("", rest, count=1).strip(),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
