"""Whether options are of the kind that they should be: one check each, in the same words everywhere in this package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

from cxkit.errors import ModelError, nearest

FLAGS = ("std_lv", "orthogonal")
OPTIONAL_FLAGS = ("meanstructure", "fixed_x")
WORDS = ("missing", "parameterization", "likelihood")
OPTIONAL_WORDS = ("estimator", "information")
COLUMNS = ("group", "cluster", "weights")
LISTS = ("equal", "free")


@dataclass(frozen=True, kw_only=True)
class FitOptions:
    """The options of `sem.sem`, each of the right kind; see there."""

    estimator: str | None
    missing: str
    ordered: tuple[str, ...] | bool
    group: str | None
    equal: tuple[str, ...]
    free: tuple[str, ...]
    std_lv: bool
    orthogonal: bool
    cluster: str | None
    weights: str | None
    meanstructure: bool | None
    information: str | None
    parameterization: str
    likelihood: str
    fixed_x: bool | None
    growth: bool = False


def read_options(given: Mapping[str, Any], *, growth: bool = False) -> FitOptions:
    """The options of `sem.sem`, each of the right kind; a ModelError says which is not."""
    out = dict(given)
    for name in FLAGS:
        out[name] = check_flag(name, out[name])
    for name in OPTIONAL_FLAGS:
        out[name] = None if out[name] is None else check_flag(name, out[name])
    for name in (*WORDS, *OPTIONAL_WORDS):
        if not isinstance(out[name], str) and not (out[name] is None and name in OPTIONAL_WORDS):
            raise ModelError(f"{name}={_shown(out[name])} must be a word in quotes.")
    for name in ("missing", "parameterization", "likelihood", "information"):
        out[name] = out[name] and out[name].lower()
    for name in COLUMNS:
        if out[name] is not None and not isinstance(out[name], str | Integral):
            raise ModelError(f"{name}={_shown(out[name])} must be the name of one column of the data.")
    for name in LISTS:
        out[name] = check_names(name, out[name])
    out["ordered"] = _read_ordered(out["ordered"])
    return FitOptions(**out, growth=growth)


def check_flag(name: str, value: Any) -> bool:
    """True or False, nothing that merely counts as one of them."""
    if not isinstance(value, bool | np.bool_):
        raise ModelError(f"{name}={_shown(value)} must be True or False.")
    return bool(value)


def check_names(name: str, value: Any) -> tuple[str, ...]:
    """One word or several: a list, tuple, Index, array or Series of text."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    entries = list(value) if isinstance(value, Iterable) else [value]
    for entry in entries:
        if not isinstance(entry, str):
            raise ModelError(f"{name}={_shown(value)} must be a name or a list of names; {entry!r} is none.")
    return tuple(str(entry) for entry in entries)


def _read_ordered(value: Any) -> tuple[str, ...] | bool:
    """True for all items, or their names; a Series or array of True and False is not guessed at."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    return check_names("ordered", value)


def check_count(name: str, value: Any, least: int = 1) -> int:
    """A whole number from `least` on; 10.0 is not one, since it usually comes from a slip."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Integral) or value < least:
        raise ModelError(f"{name}={_shown(value)} must be a whole number of at least {least}.")
    return int(value)


def check_level(name: str, value: Any) -> float:
    """A share of confidence between 0 and 1."""
    real = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not real or not 0 < value < 1:
        raise ModelError(f"{name}={_shown(value)} must lie between 0 and 1, such as .95.")
    return float(value)


def check_choice(what: str, value: Any, known: Sequence[str]) -> str:
    """One of the known words; `what` is how the caller wrote it, such as "scores() does not know method"."""
    if not isinstance(value, str) or value not in known:
        raise ModelError(f"{what}={_shown(value)}.{nearest(str(value), known)}")
    return value


def _shown(value: Any) -> str:
    text = repr(value)
    kind = type(value).__name__
    return text if len(text) < 40 and "\n" not in text else f"a {kind}"
