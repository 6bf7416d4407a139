"""``python -m tests.benchmarks [NAME] …``: one benchmark of :data:`NAMES`, or every one."""

import sys

NAMES = (
    "pages",
    "reconcile",
    "promotion",
    "drift",
    "drift-power",
    "drift-clean",
    "drift-windows",
    "explanations",
    "exceptions",
)


def main(words: list[str]) -> None:
    """The first word names a benchmark, the others are for it; options alone are for the pages."""
    name, rest = (words[0], words[1:]) if words[:1] and words[0] in NAMES else ("", words)
    if name in {"", "pages"}:
        from tests.benchmarks import pages

        pages.main(rest, standalone_mode=False)
    if name == "reconcile" or not words:
        from tests.benchmarks import reconcile

        reconcile.run_from(rest)
    if name == "promotion" or not words:
        from tests.benchmarks import promotion

        promotion.run_from(rest)
    if name == "drift" or not words:
        from tests.benchmarks import drift_peer

        drift_peer.run_from(rest)
    if name == "drift-power" or not words:
        from tests.benchmarks import drift_power

        drift_power.run_from(rest)
    if name == "drift-clean" or not words:
        from tests.benchmarks import drift_clean

        drift_clean.run_from(rest)
    if name == "drift-windows" or not words:
        from tests.benchmarks import drift_windows

        drift_windows.run_from(rest)
    if name == "explanations" or not words:
        from tests.benchmarks import explanations

        explanations.run_from(rest)
    if name == "exceptions" or not words:
        from tests.benchmarks import exceptions

        exceptions.run_from(rest)


if __name__ == "__main__":
    main(sys.argv[1:])
