"""Keeps factor_analyzer usable beside a newer scikit-learn, for whoever imports it: students and researchers, not us.

factor_analyzer 0.5.1 passes `force_all_finite` to scikit-learn's `check_array`. The argument was renamed to
`ensure_all_finite` in scikit-learn 1.6 and removed in 1.8, where every `FactorAnalyzer(...).fit(...)` ends with a
TypeError. The two modules that call it get a `check_array` that knows both names. From pandas 3 on the loadings of a
confirmatory model are a read-only array, into which the library writes: it gets a copy. cxkit itself calls none of
these (see `validation/factors/extraction.py`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

GUARDED = ("factor_analyzer.factor_analyzer", "factor_analyzer.confirmatory_factor_analyzer")
_OLD, _NEW = "force_all_finite", "ensure_all_finite"


class Guard(MetaPathFinder):
    """Finds the guarded modules as Python does, and mends them when they have been loaded. Nothing else is touched."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The spec of a guarded module with a loader that mends it; None for every other module."""
        if fullname not in GUARDED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Mending(spec.loader)
        return spec


class _Mending(Loader):
    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def __getattr__(self, name: str) -> Any:  # get_source and the like, for tracebacks
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        created: ModuleType | None = self.loader.create_module(spec)
        return created

    def exec_module(self, module: ModuleType) -> None:
        self.loader.exec_module(module)
        mend(module)


def mend(module: ModuleType) -> None:
    """Mend what a guarded module calls, unless it works already."""
    from inspect import signature

    check = getattr(module, "check_array", None)
    if check is not None and _OLD not in signature(check).parameters:
        module.check_array = _with_old_name(check)  # type: ignore[attr-defined]
    free = getattr(module, "get_free_parameter_idxs", None)
    if free is not None and not hasattr(free, "__wrapped__"):
        module.get_free_parameter_idxs = _with_writable(free)  # type: ignore[attr-defined]


def _with_old_name(check: Callable[..., Any]) -> Callable[..., Any]:
    # No functools.wraps: the signature must show the old name, or a second mending would wrap it again
    def check_array(*arguments: Any, force_all_finite: Any = True, **options: Any) -> Any:
        return check(*arguments, **{_NEW: force_all_finite, **options})

    return check_array


def _with_writable(free: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(free)
    def get_free_parameter_idxs(x: Any, *arguments: Any, **options: Any) -> Any:
        return free(x if x.flags.writeable else x.copy(), *arguments, **options)

    return get_free_parameter_idxs


def install() -> None:
    """Guard later imports of factor_analyzer in this process, and mend what it has imported already."""
    if not any(isinstance(finder, Guard) for finder in sys.meta_path):
        sys.meta_path.insert(0, Guard())
    for name in GUARDED:
        if name in sys.modules:
            mend(sys.modules[name])
