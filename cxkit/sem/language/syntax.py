"""What a model says: lavaan's model language, read into statements. Knows nothing of data or numbers.

An error names the line, the column, what stands there and what was expected.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite, isnan
from typing import NoReturn

from cxkit.errors import ModelError
from cxkit.sem.language.contradictions import check_equations, check_statements
from cxkit.sem.language.formulas import FUNCTIONS, Expression, FormulaError, compile_formula
from cxkit.sem.language.statements import Equation, Modifiers, Statement, Syntax
from cxkit.sem.language.tokens import Token, read_tokens

RELATIONS = ("=~", "~*~", "~~", "~", "|")
EXPRESSIONS = (":=", "==", "<", ">")
MODIFIERS = ("c", "start", "label", "equal")
ADVICE = {
    "lower": "; for a bound give a label and write 'label > value' on a line of its own",
    "upper": "; for a bound give a label and write 'label < value' on a line of its own",
    "efa": "; exploratory blocks are not covered",
    "rv": "; random slopes are not covered",
    "prior": "; priors are not covered",
}
OUT_OF_SCOPE = {
    "<~": "formative (composite) latent variables are not covered: use '=~' or regress on a sum score",
    ":": "interactions and blocks ('level:', 'group:') are not covered: make a product column, or use group=",
}


@lru_cache(maxsize=64)
def parse_model(text: str) -> Syntax:
    """Read a model in lavaan's language; a ModelError names line and column of what cannot be read."""
    syntax = _Parser(text).model()
    check_statements(syntax.statements)
    check_equations(syntax.equations)
    return syntax


class _Parser:
    """Reads tokens from left to right; `here` is the next one."""

    def __init__(self, text: str) -> None:
        self.tokens = read_tokens(text)
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
        called = token.text if token.kind == "name" and self.tokens[self.place + 1].text == "(" else "c"
        if called not in MODIFIERS:
            self.fail("c(), start(), label() or equal()" + ADVICE.get(called, ""), token)
        values = self._values()
        if self.take("?"):
            called = "start" if called == "c" else called
        elif self.take("*") is None:
            self.fail("'*' and the name of a variable")
        if called == "start":
            self._start(into, values, token)
        elif called == "equal":
            self._equal(into, values, token)
        else:
            self._fix_or_label(into, values, token, only_labels=called == "label")

    def _start(self, into: Modifiers, values: list[float | str], token: Token) -> None:
        numbers = [value for value in values if isinstance(value, float)]
        if len(numbers) < len(values) or all(map(isnan, numbers)):
            self.fail("a number as starting value", token)
        self._once(into.start, "starting value", token)
        into.start = [None if isnan(value) else value for value in numbers]

    def _equal(self, into: Modifiers, values: list[float | str], token: Token) -> None:
        name = values[0]
        if len(values) > 1 or not isinstance(name, str) or not name:
            self.fail('one parameter in quotes, such as equal("f=~x2"); labels can differ from group to group', token)
        self._once([into.equal] if into.equal else [], "equal()", token)
        into.equal = name

    def _fix_or_label(self, into: Modifiers, values: list[float | str], token: Token, only_labels: bool) -> None:
        fixed = [value if isinstance(value, float) else None for value in values]
        labels = [value if isinstance(value, str) else None for value in values]
        if not any(labels) and (only_labels or any(value is not None for value in labels)):
            self.fail("a label, such as label(a)", token)
        if any(value is not None for value in fixed):
            if only_labels:
                self.fail("a label, not a number", token)
            self._once(into.fixed, "value", token)
            into.fixed = fixed
        if any(value is not None for value in labels):
            self._once(into.label, "label", token)
            into.label = labels

    def _once(self, known: list[float | None] | list[str | None] | list[str], what: str, token: Token) -> None:
        if known:
            self.fail(f"one {what} for this parameter, and a second one stands here", token)

    def _values(self) -> list[float | str]:
        """One value, or those in brackets; within a modifier only c() may stand."""
        if self.here.kind != "name" or self.tokens[self.place + 1].text != "(":
            return [self._value()]
        self.place += 2
        values: list[float | str] = []
        while True:
            inner = self.here.text if self.tokens[self.place + 1].text == "(" else "c"
            if inner != "c":
                self.fail("a number, a label, NA or c()")
            values.extend(self._values())
            if not self.take(","):
                break
        self.need(")", "',' or ')'")
        return values

    def _value(self) -> float | str:
        sign = -1.0 if self.take("-") else 1.0
        token = self.here
        self.place += 1
        if token.kind == "number":
            if not isfinite(float(token.text)):
                self.fail("a number below 1.8e308", token)
            return sign * float(token.text)
        if token.kind in ("name", "string") and sign > 0:
            name = token.text.strip("\"'")
            return float("nan") if name == "NA" else name
        return self.fail("a variable, a number, NA, a label or c(...)", token)

    def _equation(self) -> Equation:
        first = self.here
        lhs = self._expression()
        operator = self.take(*EXPRESSIONS, "<=", ">=")
        if operator is None:
            self.fail("one of := == < >")
        op = operator.text if operator.text in (":=", "==") else operator.text[0]
        if op == ":=" and lhs.names != (lhs.text,):
            self.fail("the name of the new parameter before ':='", first)
        return Equation(lhs, op, self._expression(), first.line)

    def _expression(self) -> Expression:
        begin, parts = self.place, []
        names: list[str] = []
        while self.here.kind in ("number", "name") or self.here.text in ("+", "-", "*", "/", "^", "(", ")", ","):
            token = self.here
            self.place += 1
            parts.append(self._python(token, names))
        taken = self.tokens[begin : self.place]
        text = " ".join(token.text for token in taken)
        if any(token.kind == "string" for token in [*taken, self.here]):
            self.fail("a formula of labels without quotes")
        try:
            return compile_formula(text, _join_powers(parts, taken), names)
        except FormulaError as error:
            self.fail(str(error), self.tokens[begin])

    def _python(self, token: Token, names: list[str]) -> str:
        """The token as Python writes it; numbers become floats, so that no integer can grow without bound."""
        if token.kind == "number":
            if not isfinite(float(token.text)):
                self.fail("a number below 1.8e308", token)
            return repr(float(token.text))
        if token.kind != "name":
            return "**" if token.text == "^" else token.text
        if self.here.text == "(":
            if token.text not in FUNCTIONS:
                self.fail(f"one of the functions {', '.join(sorted(FUNCTIONS))}", token)
            return token.text
        if token.text not in names:
            names.append(token.text)
        return f"_{names.index(token.text)}"


def _join_powers(parts: list[str], tokens: list[Token]) -> list[str]:
    """`**`, R's other way to write `^`, comes as two stars side by side."""
    out: list[str] = []
    last: Token | None = None
    for part, token in zip(parts, tokens, strict=True):
        if part == "*" and last is not None and last.text == "*" and token.column == last.column + 1:
            out[-1] = "**"
            last = None
            continue
        out.append(part)
        last = token
    return out
