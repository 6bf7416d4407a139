"""Where a setting stands in a TOML file: the standard parser keeps no line numbers."""

from __future__ import annotations

import re
from collections import Counter

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_SETTING = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
_FENCES = ('"""', "'''")
Path = tuple[str | int, ...]


class Lines:
    """Finds the line of a path such as ``("table", 0, "field", 2, "type")``; lines count from 1."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {}
        self._counts: Counter[Path] = Counter()
        place: Path = ()
        fence = ""
        for number, line in enumerate(text.splitlines(), start=1):
            if fence:
                fence = "" if fence in line else fence
                continue
            header = _HEADER.match(line)
            if header:
                place = self._enter(_split(header[2]), listed=header[1] == "[[")
                self._lines[place] = number
                continue
            setting = _SETTING.match(line)
            if setting:
                self._lines.setdefault((*place, *_split(setting[1])), number)
            fence = next((each for each in _FENCES if line.count(each) % 2), "")

    def of(self, path: Path) -> int:
        """The line of the path, or of the nearest table around it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1

    def _enter(self, names: tuple[str, ...], *, listed: bool) -> Path:
        """The path of a header, with the positions of the lists it passes through."""
        place: Path = ()
        for depth, name in enumerate(names):
            place = (*place, name)
            last = depth == len(names) - 1
            if last and listed:
                self._counts[place] += 1
            if self._counts[place]:
                place = (*place, self._counts[place] - 1)
        return place


def _split(name: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in name.split("."))
