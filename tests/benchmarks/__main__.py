"""``python -m tests.benchmarks [pages|reconcile] …``: one benchmark, or every one."""

import sys


def main(words: list[str]) -> None:
    """The first word names a benchmark, the others are for it; options alone are for the pages."""
    name, rest = (words[0], words[1:]) if words[:1] in (["pages"], ["reconcile"]) else ("", words)
    if name != "reconcile":
        from tests.benchmarks import pages

        pages.main(rest, standalone_mode=False)
    if name == "reconcile" or not words:
        from tests.benchmarks import reconcile

        reconcile.run_from(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
