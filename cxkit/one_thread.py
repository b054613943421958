"""Linear algebra in one thread where the matrices are small. No layer of its own.

The libraries behind numpy and scipy divide even a product of 50 x 50 matrices among all cores and wait for each other
longer than they compute: a search that takes 1.3 s in one thread took 16 s in two. In one thread the sums also come out
in the same order on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@lru_cache(maxsize=1)
def _controller() -> Any:
    # numpy and scipy bring a library each; both have to be loaded before they are looked for.
    import scipy.linalg  # noqa: F401
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def in_one_thread(work: Callable[P, T]) -> Callable[P, T]:
    """Decorator: `work` computes its linear algebra in one thread; afterwards the number is what it was before.

    >>> import numpy as np
    >>> @in_one_thread
    ... def product(a):
    ...     return a @ a
    >>> product(np.eye(2)).sum()
    np.float64(2.0)
    """

    @wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        with _controller().limit(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return wrapped
