"""Synthetic classes for the tests: notebooks of students who work on their own, and of some who do not."""

from __future__ import annotations

import random
from typing import Any

STARTER = "import cxkit as cx\nimport pandas as pd\n\nsurvey = cx.load_survey(data_path)\nitems = survey.answers"

_REDUCTIONS = ["mean", "median", "std", "var", "min", "max", "sum", "count", "quantile", "skew"]
_STATEMENTS = [
    "{v} = items[['L1', 'L2']].{f}(axis=1).round({n})",
    "{v} = items.loc[:, items.columns != 'x'].{f}()",
    "{v} = [items[{w}].{f}() for {w} in items.columns if {w}.startswith('L')]",
    "{v} = {{{w}: float(items[{w}].{f}()) for {w} in items}}",
    "for {w} in items.columns:\n    if items[{w}].{f}() > {n}:\n        print({w}, items[{w}].{g}())",
    "{v} = pd.DataFrame({{'a': items.{f}(), 'b': items.{g}()}}).sort_values('a', ascending=False)",
    "{v} = items.{f}() / items.{g}() - {n}",
    "{v} = items.groupby(survey.respondents['unit']).{f}().T.describe()",
]


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook of these code cells, as plain data."""
    cells = [{"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in sources]
    return {"cells": cells, "nbformat": 4, "nbformat_minor": 5, "metadata": {}}


def sources(book: dict[str, Any]) -> list[str]:
    return [cell["source"] for cell in book["cells"]]


def honest(seed: int, questions: int = 8) -> dict[str, Any]:
    """Somebody's own solution: the same few library calls as everybody's, in an order and number of its own."""
    chance = random.Random(seed)
    cells = [STARTER]
    for _ in range(questions):
        name, other = ("".join(chance.choices("abcdefgh", k=5)) for _ in range(2))
        lines = [f"{name} = cx.cronbach_alpha(survey, seed={chance.randint(1, 99)}).frame"]
        for _ in range(chance.randint(2, 5)):
            f, g = chance.choices(_REDUCTIONS, k=2)
            lines.append(chance.choice(_STATEMENTS).format(v=name, w=other, f=f, g=g, n=chance.randint(2, 6)))
        cells.append("\n".join(lines))
    return notebook(*cells)
