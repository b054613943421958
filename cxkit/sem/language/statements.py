"""What a model consists of once it is read: relations with their modifiers, and equations between labels."""

from __future__ import annotations

from dataclasses import dataclass, field

from cxkit.sem.language.formulas import Expression


@dataclass(slots=True)
class Modifiers:
    """What stands before `*`: one entry per group, or one for all groups. NaN as a fixed value means `NA`, free.

    `equal` is the name of another parameter, such as `f=~x2`, or its label, whose value this one shares.
    """

    fixed: list[float | None] = field(default_factory=list)
    start: list[float | None] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)
    equal: str = ""

    def __bool__(self) -> bool:
        return bool(self.fixed or self.start or self.label or self.equal)


@dataclass(frozen=True, slots=True)
class Statement:
    """`lhs op rhs` with its modifiers: one relation of the model. For `~1` the op is `~1` and rhs is empty."""

    lhs: str
    op: str
    rhs: str
    modifiers: Modifiers
    line: int


@dataclass(frozen=True, slots=True)
class Equation:
    """`name := formula`, or a constraint `left == right`, `left < right`, `left > right`."""

    lhs: Expression
    op: str
    rhs: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Syntax:
    """A model as written: its relations and its equations."""

    statements: tuple[Statement, ...]
    equations: tuple[Equation, ...]
