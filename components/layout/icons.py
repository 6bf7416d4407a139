"""Small drawn signs, one silhouette each, so that no status depends on its colour."""

from __future__ import annotations

from base64 import b64encode

from components.gates.status import Status, Verdict

# Paths on a 16 × 16 grid, filled by the even-odd rule.
_CHECK = (
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm3.6 4.9-4.3 5a.75.75 0 0 1-1.1 0L4.3 8.8"
    "a.75.75 0 1 1 1.1-1l1.3 1.4 3.8-4.3a.75.75 0 0 1 1.1 1Z"
)
_TRIANGLE = (
    "M8 1.2c.4 0 .8.2 1 .6l6 10.9c.4.8-.1 1.8-1 1.8H2c-.9 0-1.4-1-1-1.8l6-10.9"
    "c.2-.4.6-.6 1-.6Zm-.75 4.6v3.7h1.5V5.8Zm0 4.9v1.5h1.5v-1.5Z"
)
_CROSS = (
    "M5 1h6l4 4v6l-4 4H5l-4-4V5Zm.6 3.5L4.5 5.6 6.9 8l-2.4 2.4 1.1 1.1L8 9.1l2.4 2.4 1.1-1.1"
    "L9.1 8l2.4-2.4-1.1-1.1L8 6.9Z"
)
_BOLT = (
    "M2 1h12a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1Z"
    "m6.8 2L4 9h3.2l-.7 4L11.5 7H8.2Z"
)
_CLOCK = (
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z"
    "M7.25 4.5v4l2.9 2 .9-1.2-2.3-1.6V4.5Z"
)
_RING = (
    "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1Zm0 1.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11Z"
    "M5 7.25h6v1.5H5Z"
)
_DOTS = "".join(f"M{x} 6.4a1.6 1.6 0 1 1 0 3.2 1.6 1.6 0 0 1 0-3.2Z" for x in (3, 8, 13))
_SEAL = "M8 .8 15.2 8 8 15.2.8 8Zm0 2.1L2.9 8 8 13.1 13.1 8ZM5 7.25h6v1.5H5Z"
_PAUSE = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1ZM5.5 5h1.75v6H5.5Zm3.25 0h1.75v6H8.75Z"

_STATUS = {
    Status.PASS: (_CHECK, "✓"),
    Status.WARN: (_TRIANGLE, "▲"),
    Status.WAIVED: (_SEAL, "◇"),
    Status.RUNNING: (_DOTS, "…"),
    Status.NO_DATA: (_RING, "○"),
    Status.STALE: (_CLOCK, "◷"),
    Status.ERROR: (_BOLT, "■"),
    Status.FAIL: (_CROSS, "✕"),
}
_VERDICT = {Verdict.GO: _CHECK, Verdict.HOLD: _PAUSE, Verdict.NO_GO: _CROSS}


def status_icon(status: Status) -> str:
    """The sign of a status as HTML; the word always stands beside it."""
    return _mark(f"status-{status.name.lower()}")


def status_glyph(status: Status) -> str:
    """The sign of a status as one character, for tables, charts and files."""
    return _STATUS[status][1]


def verdict_icon(verdict: Verdict) -> str:
    """The sign of a verdict as HTML."""
    return _mark(f"verdict-{verdict.name.lower()}")


def style() -> str:
    """The style rules that draw the signs in the colour of the text around them."""
    drawn = {f"status-{status.name.lower()}": path for status, (path, _) in _STATUS.items()}
    drawn |= {f"verdict-{verdict.name.lower()}": path for verdict, path in _VERDICT.items()}
    return "\n".join(
        f'.pl-icon-{name} {{ mask: url("{svg_uri(_filled(path))}") center / contain no-repeat; }}'
        for name, path in drawn.items()
    )


def svg_uri(body: str) -> str:
    """A drawing as an address that needs no request; Streamlit removes inline drawings."""
    return f"data:image/svg+xml;base64,{b64encode(body.encode('utf-8')).decode('ascii')}"


def _filled(path: str) -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        f'<path fill-rule="evenodd" d="{path}"/></svg>'
    )


def _mark(name: str) -> str:
    return f'<span class="pl-icon pl-icon-{name}" aria-hidden="true"></span>'
