"""Small drawings inside lists: a histogram, a bar of impact, a line of looks."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from components.drift import figures
from components.drift import panel_words as words
from components.drift.types import Bin, Finding, Look
from components.gates.status import Status
from components.layout import icons, theme

_WIDTH, _HEIGHT = 172.0, 34.0
_GAP = 7.0  # between the special bins and the ordinary ones
_GREY, _BLUE = theme.REFERENCE, "#2F86C6"  # the blue is read on white and on black


def histogram(finding: Finding) -> str:
    """Reference grey, current blue; special bins stand apart, hatched, on a scale from 0 to 1."""
    bins = figures.used(finding.bins)
    before, after = figures.shares(bins)
    if not any(before) and not any(after):
        return ""
    special = [i for i, b in enumerate(bins) if b.is_special]
    plain = [i for i, b in enumerate(bins) if not b.is_special]
    order = special + plain
    top = max((max(before[i], after[i]) for i in plain), default=0.0) or 1.0
    slot = (_WIDTH - (_GAP if special and plain else 0.0)) / max(1, len(order))
    slot = min(slot, 22.0)
    parts = [_PATTERN]
    for place, index in enumerate(order):
        left = place * slot + (_GAP if special and place >= len(special) else 0.0)
        whole = 1.0 if index in special else top
        parts += _bar(left, slot, before[index] / whole, after[index] / whole, bins[index])
    body = "".join(parts)
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}">'
        f"{body}</svg>"
    )
    return (
        f'<img class="pl-hist" alt="{escape(_words(finding), quote=True)}" '
        f'src="{icons.svg_uri(drawing)}">'
    )


_PATTERN = (
    '<defs><pattern id="h" width="4" height="4" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="2" height="4" '
    f'fill="{theme.STATUS_MARK[Status.WARN]}"/></pattern></defs>'
)


def _bar(left: float, slot: float, before: float, after: float, one: Bin) -> list[str]:
    width = max(slot - 1.2, 1.0)
    ground = _HEIGHT - 1.0
    old, new = before * (ground - 2), after * (ground - 2)
    fill = "url(#h)" if one.is_special else _BLUE
    half = width / 2
    return [
        f'<rect x="{left:.1f}" y="{ground - old:.1f}" width="{half:.1f}" '
        f'height="{max(old, 0.6 if before else 0):.1f}" fill="{_GREY}"/>',
        f'<rect x="{left + half:.1f}" y="{ground - new:.1f}" width="{half:.1f}" '
        f'height="{max(new, 0.6 if after else 0):.1f}" fill="{fill}"/>',
        f'<rect x="{left:.1f}" y="{ground:.1f}" width="{width:.1f}" height="0.7" '
        f'fill="{_GREY}" opacity="0.6"/>',
    ]


def _words(finding: Finding) -> str:
    bins = figures.used(finding.bins)
    before, after = figures.shares(bins)
    moves = zip(bins, before, after, strict=True)
    one = max(moves, key=lambda each: abs(each[2] - each[1]), default=None)
    if one is None:
        return f"{finding.label}: no data"
    return (
        f"{finding.label}: largest change in {one[0].label}, from {words.percent(one[1])} "
        f"to {words.percent(one[2])}"
    )


def impact(value: float | None, largest: float) -> str:
    """A bar from the middle, to the left for a fall; the number stands beside it."""
    if value is None or not largest:
        return f'<span class="pl-impact-number">{words.points(value)}</span>'
    half = 50 * min(1.0, abs(value) / largest)
    left = 50 - half if value < 0 else 50.0
    return (
        '<span class="pl-impact" aria-hidden="true">'
        f'<span style="left:{left:.1f}%;width:{half:.1f}%"></span></span>'
        f'<span class="pl-impact-number">{words.points(value)}</span>'
    )


def looks(series: Sequence[Look], leave: float) -> str:
    """The looks of a rule as bars; its level, and the level it leaves at, as lines."""
    known = [look.value for look in series if look.value is not None]
    if not known:
        return ""
    top = max(1.25, *known)
    width = _WIDTH / len(series)
    body = []
    for place, look in enumerate(series):
        if look.value is None:
            continue
        size = look.value / top * (_HEIGHT - 2)
        colour = theme.STATUS_MARK[Status.WARN] if look.state.value == "raised" else _GREY
        body.append(
            f'<rect x="{place * width:.2f}" y="{_HEIGHT - size:.1f}" '
            f'width="{max(width - 0.4, 0.5):.2f}" height="{size:.1f}" fill="{colour}"/>'
        )
    for level, dash in ((1.0, ""), (leave, ' stroke-dasharray="2 2"')):
        y = _HEIGHT - level / top * (_HEIGHT - 2)
        body.append(
            f'<line x1="0" x2="{_WIDTH:.0f}" y1="{y:.1f}" y2="{y:.1f}" stroke="#7A8794" '
            f'stroke-width="0.8"{dash}/>'
        )
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:.0f} {_HEIGHT:.0f}" '
        f'preserveAspectRatio="none">{"".join(body)}</svg>'
    )
    return f'<img class="pl-hist" alt="" src="{icons.svg_uri(drawing)}">'
