"""Formulas in a report: the TeX that notebooks are written in, as MathML that browsers draw without any script.

Covers what survey research writes: letters, Greek, indices, fractions, roots, sums, accents, brackets, matrices of
plain text. Whatever lies beyond is shown as it was typed, in a code font, rather than wrongly.
"""

from __future__ import annotations

import re
from html import escape

_TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d*\.?\d+|\s+|.", re.DOTALL)

_LETTERS = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "varepsilon": "ε", "epsilon": "ϵ", "zeta": "ζ", "eta": "η",
    "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ",
    "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π",
    "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "ell": "ℓ", "infty": "∞", "partial": "∂", "nabla": "∇",
}  # fmt: skip
_OPERATORS = {
    "times": "×", "cdot": "⋅", "pm": "±", "mp": "∓", "div": "÷", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥",
    "ne": "≠", "neq": "≠", "approx": "≈", "sim": "∼", "equiv": "≡", "propto": "∝", "to": "→", "rightarrow": "→",
    "leftarrow": "←", "Rightarrow": "⇒", "in": "∈", "mid": "∣", "cup": "∪", "cap": "∩", "subset": "⊂", "ldots": "…",
    "dots": "…", "cdots": "⋯", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "forall": "∀", "exists": "∃",
    "top": "⊤", "prime": "′", "ll": "≪", "gg": "≫", "perp": "⊥", "langle": "⟨", "rangle": "⟩", "circ": "∘",
    "{": "{", "}": "}", "%": "%", "_": "_", "$": "$", "&": "&", "#": "#", "|": "‖",
}  # fmt: skip
_LARGE = {"sum": "∑", "prod": "∏", "int": "∫", "bigcup": "⋃"}
_FUNCTIONS = ("log", "ln", "exp", "min", "max", "sin", "cos", "tan", "arg", "lim", "det", "Pr", "arctan", "tanh")
_UNDER = {"min", "max", "lim", "arg"}
_ACCENTS = {"bar": "¯", "overline": "¯", "hat": "^", "widehat": "^", "tilde": "~", "vec": "→", "dot": "˙"}
_SPACES = {",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.25em", "quad": "1em", "qquad": "2em", "!": "0em"}
_WORDS = {"text", "mathrm", "operatorname", "textrm", "mathit", "textit", "mathbf", "textbf", "boldsymbol"}
_BOLD = {"mathbf", "textbf", "boldsymbol"}


class _BeyondUs(ValueError):
    """TeX that this module does not know."""


def formula_html(tex: str, *, display: bool = False) -> str:
    """How does this formula look in a browser?

    Parameters
    ----------
    tex : str
        The formula without its dollar signs.
    display : bool
        Whether it stands on a line of its own.

    Returns
    -------
    str
        A ``<math>`` element, or the escaped text in ``<code class="math">`` if it uses TeX that is not known here.
    """
    block = ' display="block"' if display else ""
    try:
        body = _Parser(tex).formula(display)
    except (_BeyondUs, RecursionError):
        code = f'<code class="math">{escape(tex.strip(), quote=False)}</code>'
        return f'<p class="formula">{code}</p>' if display else code
    return f"<math{block}>{body}</math>"


class _Parser:
    """Recursive descent over TeX tokens; each method returns MathML."""

    def __init__(self, tex: str) -> None:
        self.tokens = _TOKEN.findall(tex.strip())
        self.at = 0
        self.display = False

    def formula(self, display: bool) -> str:
        self.display = display
        body = self.row(())
        if self.at < len(self.tokens):
            raise _BeyondUs(self.tokens[self.at])
        return f"<mrow>{body}</mrow>"

    def peek(self) -> str:
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def row(self, ends: tuple[str, ...]) -> str:
        parts = []
        while (token := self.peek()) and token not in ends and token != "}":
            parts.append(self.scripted())
        return "".join(parts)

    def scripted(self) -> str:
        under = self.peek().lstrip("\\") in (_LARGE.keys() | _UNDER) and self.display
        base = self.atom()
        lower = upper = ""
        while (mark := self.peek()) in {"_", "^", "'"}:
            self.take()
            if mark == "_" and not lower:
                lower = self.argument()
            elif mark != "_" and not upper:
                upper = "<mo>′</mo>" if mark == "'" else self.argument()
            else:
                raise _BeyondUs("double script")
        if lower and upper:
            return _tag("munderover" if under else "msubsup", base, lower, upper)
        if lower:
            return _tag("munder" if under else "msub", base, lower)
        if upper:
            return _tag("mover" if under else "msup", base, upper)
        return base

    def argument(self) -> str:
        """What a command or script applies to: a group in braces or one atom."""
        if not self.peek():
            raise _BeyondUs("nothing to apply to")
        return self.atom()

    def atom(self) -> str:
        token = self.take()
        if token == "{":
            body = self.row(("}",))
            self.expect("}")
            return f"<mrow>{body}</mrow>"
        if token.startswith("\\"):
            return self.command(token[1:])
        if token[-1].isdigit():
            return f"<mn>{token}</mn>"
        if token.isalpha():
            return f"<mi>{token}</mi>"
        if token in "&}^_$#%":
            raise _BeyondUs(token)
        return _operator({"-": "−", "*": "∗"}.get(token, token))

    def command(self, name: str) -> str:
        if name in _LETTERS:
            return f"<mi>{_LETTERS[name]}</mi>"
        if name in _OPERATORS:
            return _operator(_OPERATORS[name])
        if name in _LARGE:
            return f"<mo>{_LARGE[name]}</mo>"
        if name in _FUNCTIONS:
            return f"<mi>{name}</mi>"
        if name in _SPACES:
            return f'<mspace width="{_SPACES[name]}"></mspace>'
        return self.structure(name)

    def structure(self, name: str) -> str:
        if name in {"frac", "dfrac", "tfrac"}:
            return _tag("mfrac", self.argument(), self.argument())
        if name == "sqrt":
            return self.root()
        if name in _ACCENTS:
            return f'<mover accent="true">{self.argument()}<mo>{_ACCENTS[name]}</mo></mover>'
        if name in _WORDS:
            return self.words(name)
        if name == "left":
            return self.fence()
        raise _BeyondUs(name)

    def root(self) -> str:
        if self.peek() != "[":
            return _tag("msqrt", self.argument())
        self.take()
        degree = self.row(("]",))
        self.expect("]")
        return _tag("mroot", self.argument(), f"<mrow>{degree}</mrow>")

    def words(self, name: str) -> str:
        self.expect("{")
        text = ""
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            text += self.tokens[self.at]
            self.at += 1
        self.expect("}")
        if name in _BOLD and (len(text) == 1 or text[1:] in _LETTERS):
            return f'<mi class="bold">{escape(_LETTERS.get(text[1:], text), quote=False)}</mi>'
        if "\\" in text or "{" in text:
            raise _BeyondUs(text)
        return f"<mtext>{escape(text, quote=False)}</mtext>"

    def fence(self) -> str:
        opening = self.delimiter()
        body = self.row(("\\right",))
        self.expect("\\right")
        return f"<mrow>{opening}{body}{self.delimiter()}</mrow>"

    def delimiter(self) -> str:
        token = self.take()
        text = _OPERATORS.get(token[1:], "") if token.startswith("\\") else token
        if token == ".":
            return ""
        if not text or text not in "()[]{}|‖⟨⟩⌊⌋⌈⌉":
            raise _BeyondUs(token)
        return f'<mo stretchy="true">{text}</mo>'

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise _BeyondUs(f"{token} is missing")


def _tag(name: str, *children: str) -> str:
    return f"<{name}>{''.join(children)}</{name}>"


def _operator(text: str) -> str:
    stretch = ' stretchy="false"' if text in "()[]{}|" else ""
    return f"<mo{stretch}>{escape(text, quote=False)}</mo>"
