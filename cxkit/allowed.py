"""Which values may a notebook's parameter have? Said once, in the cell after the parameters, and checked at every door.

`cx.check_notebook(globals(), missing=["fiml", "listwise"], seed=[(0, None)])` stands in the notebook and checks what
was written into its first cell. The runner reads the same call without running it, so that `-p missing=pairwise` and a
list of runs are refused before a kernel starts. Standard library only, so that both wings may import it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cxkit.errors import NotebookError, Problems, closest

Allowed = Sequence[object]
"""Values as they may be written; `(low, high)` for whole numbers from `low` to `high`, None being no upper end; and
`[...]` for a list that is not empty; a set of words for a dict that has no other keys."""


def check_notebook(values: Mapping[str, object], /, **allowed: Allowed) -> None:
    """Are the notebook's parameters what they may be? Call it in the first cell after them, with `globals()`.

    Parameters
    ----------
    values
        The notebook's names with their values: `globals()`.
    allowed
        For every parameter that is a choice or a range, what it may be: words, numbers, and `(low, high)` for whole
        numbers between two ends; `(0, None)` has no upper one; `[...]` for a list of at least one name;
        `{"level", "unit"}` for a dict whose keys are among these.

    Raises
    ------
    NotebookError
        Every parameter that has another value, with what it may be.
    """
    problems = Problems("The notebook's parameters")
    for name, known in allowed.items():
        if name not in values:
            problems.add(f"'{name}' is not set in the parameters cell")
        elif not is_allowed(values[name], known):
            problems.add(f"{name} = {values[name]!r} does not fit: {wanted(known)}.{hint(values[name], known)}")
    if problems:
        problems.raise_as(NotebookError)


def is_allowed(value: object, allowed: Allowed) -> bool:
    """Whether the value is listed or lies in a range; True is not 1."""
    return any(_fits(value, known) for known in allowed)


def _fits(value: object, known: object) -> bool:
    if isinstance(known, tuple):
        return _in_range(value, known)
    if known == [...]:
        return isinstance(value, list | tuple) and len(value) > 0
    if isinstance(known, set):
        return isinstance(value, Mapping) and known.issuperset(value)
    return type(value) is type(known) and value == known


def _in_range(value: object, ends: Sequence[int | None]) -> bool:
    low, high = ends
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def wanted(allowed: Allowed) -> str:
    """What may be written, in words: `"fiml" or "listwise" is wanted`."""
    said = [_in_words(known) for known in allowed]
    return f"{' or '.join([', '.join(said[:-1]), said[-1]] if len(said) > 1 else said)} is wanted"


def hint(value: object, allowed: Allowed) -> str:
    """The word that was probably meant, or the key of a dict."""
    if isinstance(value, Mapping):
        keys = set().union(*(known for known in allowed if isinstance(known, set)))
        return "".join(closest(str(key), sorted(keys)) for key in value if key not in keys)
    return closest(value, [known for known in allowed if isinstance(known, str)]) if isinstance(value, str) else ""


def _in_words(known: object) -> str:
    if isinstance(known, tuple):
        return _range_in_words(*known)
    if known == [...]:
        return "a list of at least one name"
    if isinstance(known, set):
        return f"a dict with no other keys than {', '.join(sorted(known))}"
    return f'"{known}"' if isinstance(known, str) else repr(known)


def _range_in_words(low: int | None, high: int | None) -> str:
    if high is None:
        return f"a whole number from {low} up"
    return f"a whole number from {low} to {high}"
