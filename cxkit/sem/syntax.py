"""What a model says: lavaan's model language, read into statements. Knows nothing of data or numbers.

An error names the line, the column, what stands there and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import CodeType
from typing import NoReturn

import numpy as np

from cxkit.errors import ModelError

RELATIONS = ("=~", "~*~", "~~", "~", "|")
EXPRESSIONS = (":=", "==", "<", ">")
OUT_OF_SCOPE = {
    "<~": "formative (composite) latent variables are not covered: use '=~' or regress on a sum score",
    ":": "interactions and blocks ('level:', 'group:') are not covered: make a product column, or use group=",
}
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|[#!][^\n]*)|(?P<newline>\n|;)
    |(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[^\W\d][\w.]*|\.[^\W\d][\w.]*)|(?P<string>"[^"\n]*"|'[^'\n]*')
    |(?P<op>=~|~\*~|~~|<~|:=|==|<=|>=|[~|<>+*?(),/^:-])""",
    re.VERBOSE,
)
FUNCTIONS = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tan", "log2", "log10")}
# np.abs of a complex step would lose the derivative; this keeps it.
FUNCTIONS["abs"] = lambda value: np.where(np.real(value) < 0, -1, 1) * value


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the model and where it stands."""

    kind: str
    text: str
    line: int
    column: int


@dataclass(slots=True)
class Modifiers:
    """What stands before `*`: one entry per group, or one for all groups. NaN as a fixed value means `NA`, free."""

    fixed: list[float | None] = field(default_factory=list)
    start: list[float | None] = field(default_factory=list)
    label: list[str | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Statement:
    """`lhs op rhs` with its modifiers: one relation of the model. For `~1` the op is `~1` and rhs is empty."""

    lhs: str
    op: str
    rhs: str
    modifiers: Modifiers
    line: int


@dataclass(frozen=True, slots=True)
class Expression:
    """A formula over labels, such as `a*b + c`; calling it with values by label evaluates it (complex values too)."""

    text: str
    names: tuple[str, ...]
    code: CodeType

    def __call__(self, values: Mapping[str, complex]) -> complex:
        scope = {f"_{i}": values[name] for i, name in enumerate(self.names)}
        return eval(self.code, {"__builtins__": {}, **FUNCTIONS}, scope)


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


@lru_cache(maxsize=64)
def parse_model(text: str) -> Syntax:
    """Read a model in lavaan's language; a ModelError names line and column of what cannot be read."""
    for statement in (syntax := _Parser(text).model()).statements:
        if statement.op in ("=~", "~") and statement.lhs == statement.rhs:
            raise ModelError(
                f"Model, line {statement.line}: '{statement.lhs} {statement.op} {statement.rhs}' lets a variable "
                "depend on itself. Remove it, or name the other variable."
            )
    return syntax


def _tokens(text: str) -> list[Token]:
    tokens, place, line, start = [], 0, 1, 0
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise ModelError(
                f"Model, line {line}, column {place - start + 1}: "
                f"'{text[place]}' does not belong to the model language. "
                "Expected a variable name, a number, or one of =~ ~ ~~ ~1 | := == < > + *."
            )
        kind = str(match.lastgroup)
        if kind != "space":
            tokens.append(Token(kind, match.group(), line, place - start + 1))
        place = match.end()
        if match.group() == "\n":
            line, start = line + 1, place
    end = Token("end", "", line, place - start + 1)
    return [*tokens, end, end]


class _Parser:
    """Reads tokens from left to right; `here` is the next one."""

    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    @property
    def here(self) -> Token:
        return self.tokens[self.place]

    def fail(self, expected: str, token: Token | None = None) -> NoReturn:
        at = token or self.here
        found = {"end": "the end of the model", "newline": "the end of the line"}.get(at.kind, f"'{at.text}'")
        reason = OUT_OF_SCOPE.get(at.text)
        advice = f"{reason}" if reason else f"expected {expected}"
        raise ModelError(f"Model, line {at.line}, column {at.column}: found {found}; {advice}.")

    def take(self, *texts: str) -> Token | None:
        if self.here.text in texts and self.here.kind == "op":
            self.place += 1
            return self.tokens[self.place - 1]
        return None

    def need(self, text: str, expected: str) -> None:
        if self.take(text) is None:
            self.fail(expected)

    def skip_lines(self) -> None:
        while self.here.kind == "newline":
            self.place += 1

    def model(self) -> Syntax:
        statements: list[Statement] = []
        equations: list[Equation] = []
        self.skip_lines()
        while self.here.kind != "end":
            if self._operator_on_line() in EXPRESSIONS:
                equations.append(self._equation())
            else:
                statements.extend(self._relation())
            self._end_of_statement()
        if not statements:
            raise ModelError("The model is empty. Expected at least one line such as 'factor =~ item1 + item2'.")
        return Syntax(tuple(statements), tuple(equations))

    def _end_of_statement(self) -> None:
        if self.here.kind not in ("newline", "end"):
            self.fail("'+' and another term, or the end of the line")
        self.skip_lines()

    def _operator_on_line(self) -> str:
        for token in self.tokens[self.place :]:
            if token.kind in ("newline", "end"):
                break
            if token.kind == "op" and token.text in (*RELATIONS, *EXPRESSIONS, "<=", ">="):
                return token.text.rstrip("=") if token.text in ("<=", ">=") else token.text
        return ""

    def _name(self, expected: str) -> str:
        token = self.here
        if token.kind != "name":
            self.fail(expected)
        self.place += 1
        return token.text

    def _relation(self) -> list[Statement]:
        names, line = [self._name("the name of a variable")], self.here.line
        while self.take("+"):
            names.append(self._name("the name of a variable"))
        operator = self.take(*RELATIONS)
        if operator is None:
            self.fail("one of =~ ~ ~~ ~1 | := == < >")
        rows: list[Statement] = []
        while True:
            self.skip_lines()
            modifiers, rhs, op = self._term(operator.text)
            rows.extend(Statement(lhs, op, rhs, modifiers, line) for lhs in names)
            if not self._continues():
                return rows

    def _continues(self) -> bool:
        """A term may follow on this line, or on the next if that begins with '+'."""
        ahead = self.place
        while self.tokens[ahead].kind == "newline" and self.tokens[ahead].text == "\n":
            ahead += 1
        if self.tokens[ahead].text == "+":
            self.place = ahead + 1
            return True
        return False

    def _term(self, op: str) -> tuple[Modifiers, str, str]:
        modifiers = Modifiers()
        while True:
            token = self.here
            after = self.tokens[self.place + 1]
            if token.kind == "name" and after.text not in ("*", "?", "("):
                self.place += 1
                return modifiers, token.text, op
            if op == "~" and token.kind == "number" and token.text in ("0", "1") and after.text not in ("*", "?"):
                self.place += 1
                if token.text == "0":
                    modifiers.fixed = [0.0]
                return modifiers, "", "~1"
            self._modifier(modifiers)

    def _modifier(self, into: Modifiers) -> None:
        token = self.here
        values = self._values()
        numeric = all(isinstance(value, float) for value in values)
        if self.take("?") or (token.text == "start" and self.take("*")):
            if not numeric:
                self.fail("a number as starting value", token)
            into.start = [value if isinstance(value, float) else None for value in values]
        elif self.take("*"):
            fixed = [value if isinstance(value, float) else None for value in values]
            labels = [value if isinstance(value, str) else None for value in values]
            if any(value is not None for value in fixed):
                into.fixed = fixed
            if any(value is not None for value in labels):
                into.label = labels
        else:
            self.fail("'*' and the name of a variable")

    def _values(self) -> list[float | str]:
        token = self.here
        if token.kind == "name" and self.tokens[self.place + 1].text == "(":
            if token.text not in ("c", "start", "label", "equal"):
                self.fail("c(), start(), label() or equal()", token)
            self.place += 2
            values = self._values()
            while self.take(","):
                values.extend(self._values())
            self.need(")", "',' or ')'")
            return values
        return [self._value()]

    def _value(self) -> float | str:
        sign = -1.0 if self.take("-") else 1.0
        token = self.here
        self.place += 1
        if token.kind == "number":
            return sign * float(token.text)
        if token.kind in ("name", "string") and sign > 0:
            name = token.text.strip("\"'")
            return float("nan") if name == "NA" else name
        return self.fail("a variable, a number, NA, a label or c(...)", token)

    def _equation(self) -> Equation:
        line = self.here.line
        lhs = self._expression()
        operator = self.take(*EXPRESSIONS, "<=", ">=")
        if operator is None:
            self.fail("one of := == < >")
        op = operator.text if operator.text == "==" else operator.text.removesuffix("=") or operator.text
        op = ":=" if operator.text == ":=" else op
        return Equation(lhs, op, self._expression(), line)

    def _expression(self) -> Expression:
        first, parts = self.here, []
        names: list[str] = []
        while self.here.kind in ("number", "name") or self.here.text in ("+", "-", "*", "/", "^", "(", ")", ","):
            token = self.here
            self.place += 1
            parts.append(self._python(token, names))
        text = " ".join(t.text for t in self.tokens[self.tokens.index(first) : self.place])
        try:
            code = compile("".join(parts), "<formula>", "eval")
        except SyntaxError:
            self.fail(f"a formula of labels and numbers, not '{text}'", first)
        return Expression(text.replace(" ", ""), tuple(names), code)

    def _python(self, token: Token, names: list[str]) -> str:
        if token.kind != "name":
            return "**" if token.text == "^" else token.text
        if self.here.text == "(":
            if token.text not in FUNCTIONS:
                self.fail(f"one of the functions {', '.join(sorted(FUNCTIONS))}", token)
            return token.text
        if token.text not in names:
            names.append(token.text)
        return f"_{names.index(token.text)}"
