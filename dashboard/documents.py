"""The texts that the help pages show: in the project's ``docs``, or inside the package."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PLACES = (Path(__file__).parent / "docs", Path(__file__).parents[1] / "docs")


def folder(name: str) -> Path:
    """A folder of texts."""
    return next(place / name for place in _PLACES if (place / name).is_dir())


@cache
def document(name: str) -> str:
    """A text without its title, which the page draws itself."""
    path = next(place / name for place in _PLACES if (place / name).is_file())
    lines = path.read_text(encoding="utf-8").splitlines()
    body = lines[1:] if lines and lines[0].startswith("# ") else lines
    return "\n".join(body).strip()


def sections(text: str) -> tuple[tuple[str, str], ...]:
    """The parts of a text under its second-level headings, after what stands before them."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.splitlines():
        if line.startswith("## "):
            found.append((line.removeprefix("## ").strip(), []))
        else:
            found[-1][1].append(line)
    return tuple((title, "\n".join(lines).strip()) for title, lines in found)
