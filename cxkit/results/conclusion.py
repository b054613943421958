"""What results say, in sentences: the numbers in a report's prose come from here and nowhere else."""

from __future__ import annotations

import html
from dataclasses import dataclass

from cxkit.results.attempt import NotComputed
from cxkit.results.result import Result


@dataclass(frozen=True)
class Conclusion:
    """The sentences of several results, each with the analysis that it comes from."""

    results: tuple[Result | NotComputed, ...]

    def __str__(self) -> str:
        return "\n".join(f"{result.title}: {result.text}" for result in self.results)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        if len(self.results) == 1:
            return f'<p class="cx-text">{escaped(self.results[0].text)}</p>'
        rows = (f"<li><b>{escaped(r.title)}.</b> {escaped(r.text)}</li>" for r in self.results)
        return f'<ul class="cx-text">{"".join(rows)}</ul>'


def escaped(text: str) -> str:
    """The text for html; a number and its percent sign stay on one line."""
    return html.escape(text).replace(" %", "\u00a0%")


def conclude(*results: Result | NotComputed) -> Conclusion:
    """Say in sentences what results found.

    Parameters
    ----------
    results
        The results, in the order in which they should be read. What could not be computed says so.
    """
    return Conclusion(results)
