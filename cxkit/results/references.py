"""The sources of methods and cut-offs: every number that is a convention names the paper it comes from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

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


def bibliography(*keys: str) -> str:
    """The full forms of sources, one a line, in alphabetical order."""
    return "\n".join(sorted(str(reference(key)) for key in set(keys)))
