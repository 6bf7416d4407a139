"""``python -m tests.benchmarks``: every benchmark."""

from tests.benchmarks.pages import main

if __name__ == "__main__":
    main()
