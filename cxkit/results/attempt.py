"""An analysis that a survey does not allow, as a sentence where its table would stand: a report goes on without it."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from cxkit.errors import AnalysisError, ModelError

T = TypeVar("T")


@dataclass(frozen=True)
class NotComputed:
    """What stands in the place of a result that could not be computed.

    It counts as false and shows its reason. Whatever is asked of it (a picture, verdicts, a number) is not computed
    either, and shows nothing more: a notebook need not ask first.

    Attributes
    ----------
    title : str
        The analysis.
    text : str
        That it was not computed, and why.
    references : tuple
        None.
    silent : bool
        Whether the reason has been shown already.
    """

    title: str
    text: str
    references: tuple[str, ...] = ()
    silent: bool = False

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return "" if self.silent else f"{self.title}: {self.text}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if self.silent:
            return ""
        return f'<p class="cx-text"><b>{html.escape(self.title)}.</b> {html.escape(self.text)}</p>'

    def __getattr__(self, name: str) -> NotComputed:
        if name.startswith("_"):  # what Python and IPython look for must be absent
            raise AttributeError(name)
        return replace(self, silent=True)

    def __call__(self, *arguments: Any, **options: Any) -> NotComputed:
        return replace(self, silent=True)


def attempt(analysis: Callable[..., T], *arguments: Any, **options: Any) -> T | NotComputed:
    """What does this analysis say, or why does this survey not allow it?

    For notebooks that run on any survey: where an analysis refuses, the reason is shown in its place and the notebook
    goes on. Errors other than cxkit's own refusals are raised as ever.

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
    title = str(getattr(analysis, "__name__", analysis)).replace("_", " ").capitalize()
    lacking = next((value for value in (*arguments, *options.values()) if isinstance(value, NotComputed)), None)
    if lacking is not None:
        return NotComputed(title, f"Not computed: it rests on what is missing above ({lacking.title.lower()}).")
    try:
        return analysis(*arguments, **options)
    except (AnalysisError, ModelError) as refusal:
        return NotComputed(title, f"Not computed. {refusal}")
