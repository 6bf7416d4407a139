"""One processor for each sum: people, not the parts of a sum, share the processors."""

from __future__ import annotations

from threadpoolctl import threadpool_limits


def one_thread_a_sum() -> None:
    """Keep the linear algebra behind NumPy and SciPy from splitting short sums among processors.

    Each sum of some ten thousand weights then waits for other threads: measured on two busy
    processors, a comparison of two models takes 0.29 s with one thread and 0.70 s with two.
    What is imported later is not bound: call it once everything is.
    """
    import scipy.linalg  # noqa: F401 - it brings a library of its own

    threadpool_limits(limits=1, user_api="blas")
