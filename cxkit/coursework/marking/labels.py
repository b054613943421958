"""Do the labels of rows or values say what they are of, or do they only count?"""

from __future__ import annotations

import json
from collections.abc import Sequence

from cxkit.coursework.marking.answers import Series, Table


def is_counted(labels: Sequence[str]) -> bool:
    """Whether labels could be mere counting, from 0 or from 1; codes of groups can look the same."""
    return list(labels) in ([str(k) for k in range(len(labels))], [str(k + 1) for k in range(len(labels))])


def only_count(model: Series | Table) -> bool:
    """Whether labels of the model's answer only count: they look like it, and nothing says what they are of.

    An index that has a name, as `groupby` leaves it, and the keys of a dictionary are labels whatever they look like.
    Labels that only count are those of a list, of an array, and after `reset_index(drop=True)`.
    """
    labels = model.labels if isinstance(model, Series) else model.rows
    if labels is None:
        return True
    if not is_counted(labels):
        return False
    # Without a form, which too large an answer lacks, nothing but the labels themselves is known
    form = json.loads(model.form or "{}")
    return form.get("as") != "dict" and form.get("rows", {}).get("names", [None]) == [None]
