"""An analysis that a survey does not allow, as a sentence where its table would stand: a report goes on without it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from cxkit.errors import AnalysisError, ModelError

T = TypeVar("T")


@dataclass(frozen=True)
class NotComputed:
    """What stands in the place of a result that could not be computed.

    It counts as false and shows its reason. Whatever is asked of it (a picture, verdicts, a number) is not computed
    either, and shows the reason only where nothing has shown it before: a notebook need not ask first.

    Attributes
    ----------
    title : str
        The analysis.
    text : str
        That it was not computed, and why.
    references : tuple
        None.
    kind : str
        The name of the result's class; empty where the analysis does not say it.
    asked : bool
        Whether this stands for something that was asked of what was not computed.
    """

    title: str
    text: str
    references: tuple[str, ...] = ()
    kind: str = ""
    asked: bool = False
    _shown: list[bool] = field(default_factory=list, repr=False, compare=False)

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return f"{self.title}: {self.text}"

    def __repr__(self) -> str:
        return str(self) if self._speaks() else ""

    def _repr_html_(self) -> str:
        if not self._speaks():
            return ""
        return f'<p class="cx-text"><b>{html.escape(self.title)}.</b> {html.escape(self.text)}</p>'

    def _speaks(self) -> bool:
        """Whether to show the reason now; a notebook asks for plain text and for html of the same thing."""
        if self.asked:
            return not self._shown
        self._shown.append(True)
        return True

    def __getattr__(self, name: str) -> NotComputed:
        if name.startswith("_"):  # what Python and IPython look for must be absent
            raise AttributeError(name)
        return replace(self, asked=True)

    def __call__(self, *arguments: Any, **options: Any) -> NotComputed:
        return replace(self, asked=True)


def attempt(analysis: Callable[..., T], *arguments: Any, **options: Any) -> T | NotComputed:
    """What does this analysis say, or why does this survey not allow it?

    For notebooks that run on any survey: where the answers do not allow an analysis, the reason is shown in its place
    and the notebook goes on. What the caller asked wrongly (`OptionError`, or `TypeError` for a misspelt option) is
    raised, and so is every other error.

    Parameters
    ----------
    analysis
        A function of cxkit, such as `cronbach_alpha`.
    arguments, options
        What it is called with. If one of them is the outcome of an attempt that failed, this one is not made.

    Returns
    -------
    Result or NotComputed
        What the analysis returned; or a `NotComputed`, which is false.
    """
    title, kind = title_of(analysis), _kind_of(analysis)
    lacking = next((value for value in (*arguments, *options.values()) if isinstance(value, NotComputed)), None)
    if lacking is not None:
        return NotComputed(title, f"Not computed: it rests on what is missing above ({lacking.title}).", kind=kind)
    try:
        return analysis(*arguments, **options)
    except (AnalysisError, ModelError) as refusal:
        return NotComputed(title, f"Not computed. {refusal}", kind=kind)


def title_of(analysis: Callable[..., object]) -> str:
    """The title of what an analysis returns, as its table has it; of other functions their name in words.

    The annotation of what is returned is looked up alone: other annotations may name what only type checkers import.
    """
    title = getattr(_returned(analysis), "title", None)
    if isinstance(title, str):
        return title
    return str(getattr(analysis, "__name__", analysis)).replace("_", " ").capitalize()


def _kind_of(analysis: Callable[..., object]) -> str:
    """The name of the class of what an analysis returns; empty where it is not known."""
    returned = _returned(analysis)
    return returned.__name__ if returned else ""


def _returned(analysis: Callable[..., object]) -> type | None:
    returned = getattr(analysis, "__annotations__", {}).get("return")
    if isinstance(returned, str):
        returned = getattr(analysis, "__globals__", {}).get(returned)
    return returned if isinstance(returned, type) else None
