"""The sources of methods and cut-offs: every number that is a convention names the paper it comes from."""

from __future__ import annotations

import html
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from cxkit.errors import AnalysisError, nearest


@dataclass(frozen=True, kw_only=True)
class Reference:
    """One source. `short` stands in notes ("Feldt et al. 1987"), `full` in the list of references."""

    key: str
    short: str
    full: str
    doi: str = ""

    def __str__(self) -> str:
        return f"{self.full} https://doi.org/{self.doi}" if self.doi else self.full


@cache
def _all() -> dict[str, Reference]:
    described = tomllib.loads((Path(__file__).parent / "references.toml").read_text(encoding="utf-8"))
    return {key: Reference(key=key, **fields) for key, fields in described.items()}


def reference(key: str) -> Reference:
    """The source of that key in references.toml."""
    if key not in _all():
        raise AnalysisError(f"There is no reference '{key}'.{nearest(key, _all())}")
    return _all()[key]


def cite(key: str) -> str:
    """The short form of a source, for a note."""
    return reference(key).short


@dataclass(frozen=True)
class Bibliography:
    """A list of sources in alphabetical order."""

    references: tuple[Reference, ...]

    def __str__(self) -> str:
        return "\n".join(str(source) for source in self.references)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f'<ul class="cx-references">{"".join(_html(source) for source in self.references)}</ul>'


def _html(source: Reference) -> str:
    doi = html.escape(source.doi)
    link = f' <a href="https://doi.org/{doi}">doi:{doi}</a>' if doi else ""
    return f"<li>{html.escape(source.full)}{link}</li>"


class Cited(Protocol):
    """Anything that rests on sources, such as a result."""

    @property
    def references(self) -> tuple[str, ...]:
        """Keys of references.toml."""
        ...


def bibliography(*cited: Cited | str) -> Bibliography:
    """The list of sources behind results: of their methods and of the cut-offs that were applied to them.

    Parameters
    ----------
    cited
        Results, or keys of references.toml.
    """
    keys = {key for one in cited for key in ((one,) if isinstance(one, str) else one.references)}
    return Bibliography(tuple(sorted((reference(key) for key in keys), key=lambda source: source.full)))
