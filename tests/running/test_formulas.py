"""TeX of survey research as MathML; the rest as it was typed."""

from __future__ import annotations

import pytest

from cxkit.running.pages.formulas import formula_html
from cxkit.running.pages.prose import Prose


def inner(tex: str, *, display: bool = False) -> str:
    html = formula_html(tex, display=display)
    return html.split("<mrow>", 1)[1].removesuffix("</mrow></math>")


@pytest.mark.parametrize(
    ("tex", "mathml"),
    [
        (r"\alpha", "<mi>α</mi>"),
        ("x_i^2", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        ("x^2_i", "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>"),
        (r"\frac{1}{2}", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>"),
        (r"\sqrt[3]{x}", "<mroot><mrow><mi>x</mi></mrow><mrow><mn>3</mn></mrow></mroot>"),
        (r"\bar{x}", '<mover accent="true"><mrow><mi>x</mi></mrow><mo>¯</mo></mover>'),
        ("< .50", "<mo>&lt;</mo><mn>.50</mn>"),
        (r"a \le b", "<mi>a</mi><mo>≤</mo><mi>b</mi>"),
        (r"\text{if } x", "<mtext>if </mtext><mi>x</mi>"),
        (r"\mathbf{S}", '<mi class="bold">S</mi>'),
        ("x-1", "<mi>x</mi><mo>−</mo><mn>1</mn>"),
        ("f'", "<msup><mi>f</mi><mo>′</mo></msup>"),
    ],
)
def test_formulas(tex, mathml):
    assert inner(tex) == mathml


def test_limits_of_a_sum_stand_above_and_below_only_in_a_line_of_its_own():
    assert inner(r"\sum_{i}^n", display=True).startswith("<munderover>")
    assert inner(r"\sum_{i}^n").startswith("<msubsup>")


@pytest.mark.parametrize(
    "tex", [r"\begin{aligned} a \end{aligned}", r"\unknown", "{x", "x_", "x_i_j", r"\frac{1}", "a & b", r"\left( x"]
)
def test_what_is_not_known_stays_as_it_was_typed(tex):
    html = formula_html(tex)
    assert html.startswith('<code class="math">')
    assert "<math" not in html


def test_unknown_tex_is_escaped():
    assert formula_html(r"\foo <b>") == r'<code class="math">\foo &lt;b&gt;</code>'


def test_money_is_no_formula(tmp_path):
    html = Prose(tmp_path).html("It costs $5 to $7, `$x$` but $y$.")
    assert html.count("<math>") == 1
    assert "It costs $5 to $7, <code>$x$</code> but <math>" in html
