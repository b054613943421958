"""Who of the respondents contributes to an analysis, and for which reason the others do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

Rule = tuple[str, pd.Series | np.ndarray]
"""Why people are left out, such as "their level is not stated", and a truth value a respondent: who stays in."""


def account(answered: pd.Series | np.ndarray, *rules: Rule) -> dict[str, Any]:
    """The fields `n`, `n_dropped` and `by_rule` of a result; together they account for every respondent once.

    Parameters
    ----------
    answered
        Who gave the answers that the analysis needs.
    rules
        In the order in which they apply: everybody is counted at the first reason to be left out.
    """
    staying = np.asarray(answered, dtype=bool)
    everybody, by_rule = len(staying), {}
    for reason, allowed in rules:
        left = staying & np.asarray(allowed, dtype=bool)
        if gone := int(staying.sum() - left.sum()):
            by_rule[reason] = gone
        staying = left
    n = int(staying.sum())
    return {"n": n, "n_dropped": everybody - n, "by_rule": by_rule}


def contributing(answered: pd.Series | np.ndarray, *rules: Rule) -> np.ndarray:
    """Who is left after all rules, a truth value a respondent."""
    return np.logical_and.reduce(
        [np.asarray(allowed, dtype=bool) for allowed in (answered, *(who for _, who in rules))]
    )


def not_stated(role: str) -> str:
    """The reason of those who do not say what they are."""
    return f"their {role} is not stated"


def too_few(minimum: int, *, protected: bool = False) -> str:
    """The reason of those whose groups are too small, or also of those whose groups protect such a group."""
    return f"their groups have fewer than {minimum} respondents{', or protect such a group' if protected else ''}"


def whose_n(frame: pd.DataFrame) -> list[str]:
    """Of which dimension (columns title and n) the note counts people, where they differ: of the one that has most."""
    if frame["n"].nunique() < 2:
        return []
    return [f"n and who is left out are those of '{frame.loc[frame['n'].idxmax(), 'title']}', which has most answers."]
