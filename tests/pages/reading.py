"""What a page says, gathered from the elements it is made of."""

from __future__ import annotations

import re
from html import unescape

from streamlit.testing.v1 import AppTest

_TAGS = re.compile(r"<(style|script).*?</\1>|<[^>]+>", re.DOTALL)


def words(test: AppTest) -> str:
    """Everything that can be read on the page, without markup."""
    parts: list[str] = []
    for kind in ("title", "header", "subheader", "markdown", "caption", "html", "warning", "info"):
        for element in test.get(kind):
            body = getattr(element, "value", "") or ""
            title = getattr(element.proto, "title", "") if kind in {"warning", "info"} else ""
            parts.append(f"{title} {body}")
    return " ".join(unescape(_TAGS.sub(" ", " ".join(parts))).split())


def sound(test: AppTest) -> None:
    """No exception reached the viewer."""
    assert not test.exception, [error.message for error in test.exception]
    assert not test.error, [error.value for error in test.error]
