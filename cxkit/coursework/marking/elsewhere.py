"""An answer that is right on the student's data and not on other data: what can be said about it, accusing nobody.

No value, label or text of a run on held-out data is told: what a notebook leaves there could carry those data out. How
many values are off, in which parameters the runs differ, and how and in which cell such a run was ended is told.
"""

from __future__ import annotations

from collections.abc import Sequence

from cxkit.coursework.assignment.data import Answer, ParameterSet
from cxkit.coursework.marking.answers import Number, Text, Value
from cxkit.coursework.marking.compare import Verdict
from cxkit.coursework.marking.ending import Lost
from cxkit.coursework.marking.trial import Trial
from cxkit.errors import counted

_HERE = "It is {} for the data that you were given."
_HERE_ONLY = "It is {} for the data that you were given, and not when your notebook runs {}."


def why_not_there(
    answer: Answer,
    given: Sequence[Value | None],
    verdicts: Sequence[Verdict],
    trials: Sequence[Trial],
    lost: Sequence[Lost | None] = (),
) -> str:
    """Why an answer is right, or close, for the first of these runs and not for all of them.

    Parameters
    ----------
    answer : Answer
    given, verdicts, trials : sequence
        What the student's notebook left in each run, how it compares, and the run; the public one first.
    lost : sequence, optional
        For each run, why the answer's task left nothing there, if the run was ended or answers could not be read.
    """
    right = "right" if verdicts[0].is_right else "close"
    failed = [k for k, verdict in enumerate(verdicts) if verdict.share < verdicts[0].share]
    gone = {k: one for k, one in enumerate(lost) if one is not None and k in failed and given[k] is None}
    failed = [k for k in failed if k not in gone]
    if not failed:  # in what the runs differ says nothing of why one was ended
        first = next(iter(gone.values()))
        unseen = f"so that `{answer.name}` was not seen there"
        return f"{_HERE.format(right)} On other data of the same form {first.clause}, {unseen}."
    said = _HERE_ONLY.format(right, _other_conditions(failed, trials))
    if any(given[k] is None for k in failed):
        return f"{said} There it left no `{answer.name}`: something fails or is skipped with those."
    if any(given[k] != given[0] for k in failed):
        same = "the same" if verdicts[0].is_right else "about the same"
        return f"{said} Your method gives {same} as the model answer here and not there{_how_much(failed, verdicts)}."
    if _has_few_values(given[0]):
        return f"{said} It is the same on every run, and something else is right there: let it follow from the data."
    return (
        f"{said} It does not change there. Compute it from the parameters: a result, a file's name or a setting that "
        "stands in your code stays what it is."
    )


def _has_few_values(value: Value | None) -> bool:
    """Whether two runs may well give the same although both were computed: words and whole numbers."""
    is_whole = isinstance(value, Number) and value.value is not None and float(value.value).is_integer()
    return is_whole or isinstance(value, Text)


def _how_much(failed: Sequence[int], verdicts: Sequence[Verdict]) -> str:
    """Of an answer with several values, how many are off where most are; empty for one value."""
    worst = max((verdicts[k] for k in failed), key=lambda verdict: verdict.off)
    if worst.of < 2 or worst.off == 0:
        return ""
    return f": {worst.off} of {counted(worst.of, 'value')} {'differs' if worst.off == 1 else 'differ'}"


def _other_conditions(failed: Sequence[int], trials: Sequence[Trial]) -> str:
    """In what the runs that fail differ from the student's own, and if possible from those that do not fail."""
    public = trials[0].parameters
    differing = [_differences(trial.parameters, public) for trial in trials]
    wrong = {name for k in failed for name in differing[k]}
    harmless = {name for k in range(1, len(trials)) if k not in failed for name in differing[k]}
    names = [f"`{name}`" for name in public.values if name in (wrong - harmless or wrong)]
    if not names:
        return "on other data of the same form"
    listed = ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]
    return f"on other data of the same form with another {listed}"


def _differences(parameters: ParameterSet, public: ParameterSet) -> set[str]:
    return {name for name, value in parameters.values.items() if value != public.values.get(name)}
