"""The model language: what it reads, what it adds by default, and every error by its words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import ModelError
from cxkit.sem.language.syntax import parse_model
from cxkit.sem.language.table import Options, build_table
from tests.sem import cases
from tests.sem.fits import fitted


def rows(model: str, groups: int = 1, **options: object) -> dict[tuple[str, str, str], list[object]]:
    out: dict[tuple[str, str, str], list[object]] = {}
    for row in build_table(model, groups, Options(**options)).rows:  # type: ignore[arg-type]
        out.setdefault(row.key, []).append(row.fixed)
    return out


def test_reads_the_language() -> None:
    syntax = parse_model(
        """
        # a comment
        f =~ x1 + 0.5*x2 +   ! another
             NA*x3 + start(0.8)*x4
        g =~ a*y1 + c(1, NA)*y2 + c(b1, b2)*y2; g ~ f
        x1 ~~ x2 + -0.2*x3
        x1 + x2 ~ 1
        y1 | t1 + t2
        ind := a*b1^2 + sqrt(exp(a))
        a == 2*b1
        b2 > 0.1
        """
    )
    assert [(s.lhs, s.op, s.rhs) for s in syntax.statements] == [
        ("f", "=~", "x1"), ("f", "=~", "x2"), ("f", "=~", "x3"), ("f", "=~", "x4"), ("g", "=~", "y1"),
        ("g", "=~", "y2"), ("g", "=~", "y2"), ("g", "~", "f"), ("x1", "~~", "x2"), ("x1", "~~", "x3"),
        ("x1", "~1", ""), ("x2", "~1", ""), ("y1", "|", "t1"), ("y1", "|", "t2"),
    ]  # fmt: skip
    assert syntax.statements[1].modifiers.fixed == [0.5]
    assert np.isnan(syntax.statements[2].modifiers.fixed[0])
    assert syntax.statements[3].modifiers.start == [0.8]
    assert syntax.statements[6].modifiers.label == ["b1", "b2"]
    assert syntax.statements[9].modifiers.fixed == [-0.2]
    assert [e.op for e in syntax.equations] == [":=", "==", ">"]
    assert syntax.equations[0].rhs({"a": 1.0, "b1": 3.0}) == pytest.approx(9 + np.sqrt(np.e))


def test_defaults_are_those_of_lavaan() -> None:
    """Marker, free residuals and factor covariances, fixed predictors, correlated outcomes, single items exact."""
    table = rows("f =~ x1 + x2\ng =~ y1\nf ~ z1 + z2\nh =~ x3 + x4\nu ~ f\nv ~ f", meanstructure=True)
    assert table[("f", "=~", "x1")] == [1.0]
    assert table[("f", "=~", "x2")] == [None]
    assert table[("y1", "~~", "y1")] == [0.0]
    assert table[("g", "~~", "h")] == [None]
    assert ("f", "~~", "g") not in table
    assert table[("z1", "~~", "z2")] == [0.0]
    assert table[("u", "~~", "v")] == [None]
    assert table[("f", "~1", "")] == [0.0]
    assert rows("f =~ x1 + x2", std_lv=True)[("f", "~~", "f")] == [1.0]
    assert rows("f =~ NA*x1 + x2")[("f", "=~", "x1")] == [None]
    assert rows("f =~ x1 + x2\ng =~ x3 + x4", orthogonal=True)[("f", "~~", "g")] == [0.0]


def test_groups_and_entries_per_group() -> None:
    assert rows("f =~ x1 + c(0.7, NA)*x2 + x3", groups=2)[("f", "=~", "x2")] == [0.7, None]
    means = rows("f =~ x1 + x2 + x3", groups=2, meanstructure=True, equal=("loadings", "intercepts"))
    assert means[("f", "~1", "")] == [0.0, None]


def test_labels_make_one_parameter() -> None:
    fit = fitted("two_indicator_equal")
    pair = fit.estimates.query("label == 'a'")
    assert pair["est"].nunique() == 1
    assert len(pair) == 2


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("", "The model is empty. Expected at least one line such as 'factor =~ item1"),
        ("f = x1", r"line 1, column 3: '=' does not belong to the model language. Expected a variable name"),
        (
            "f =~ x1\nf =~ x2 x3",
            r"line 2, column 9: found 'x3'; expected '\+' and another term, or the end of the line",
        ),
        ("f =~ x1 +", r"line 1, column 10: found the end of the model; expected a variable, a number, NA"),
        ("f =~", "found the end of the model; expected a variable, a number, NA, a label"),
        ("f =~ foo(3)*x2", r"column 6: found 'foo'; expected c\(\), start\(\), label\(\) or equal\(\)"),
        ("f =~ c(1, 2*x", r"found '\*'; expected ',' or '\)'"),
        ("f =~ x1 + 3", r"found the end of the model; expected '\*' and the name of a variable"),
        ("ind := a*", r"line 1, column 8: found 'a'; expected a formula of labels and numbers, not 'a \*'"),
        ("ind := max(a, b)", r"found 'max'; expected one of the functions abs, cos, exp"),
        ("level: 1\nf =~ x1", r"column 6: found ':'; interactions and blocks .* are not covered"),
        ("f =~ x1:x2", "found ':'; interactions and blocks"),
        ("f <~ x1 + x2", "found '<~'; formative"),
        ("f", "found the end of the model; expected one of =~ ~ ~~"),
        ("f =~ x1 + f", "line 1: 'f =~ f' lets a variable depend on itself"),
        ("f =~ start(a)*x1", "found 'start'; expected a number as starting value"),
    ],
)
def test_errors_name_place_and_expectation(model: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_model(model)


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        (
            "f =~ x1 + c(1,2,3)*x2 + x3",
            {"group": "school"},
            "c\\(\\) holds 3 entries for 'f =~ x2', but there are 2 groups",
        ),
        ("f =~ x1 + a*x2 + x3\nind := a*bb", {}, "line 2: no parameter is labelled 'bb'"),
        ("f =~ x1 + a*x2 + b*x3\na == b*b", {}, "'a == b\\*b' is not linear"),
        ("f =~ x1 + a*x2 + b*x3\na == 1\na == 2", {}, "equality constraints contradict each other"),
        ("f =~ x1 + x2 + x3", {"equal": "loadings"}, "give group= as well"),
        (
            "f =~ x1 + x2 + x3",
            {"group": "school", "equal": "loading"},
            "does not know 'loading'. Did you mean 'loadings'",
        ),
        (
            "f =~ x1 + x2 + x3",
            {"group": "school", "equal": "loadings", "free": "f =~ x9"},
            "free= names 'f =~ x9', which is not a parameter",
        ),
        ("f =~ x1 + x2", {}, "The model is not identified: no answers can tell apart 'f =~ x2'"),
    ],
)
def test_models_that_cannot_be_fitted(model: str, options: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        sem.cfa(model, cases.hs(), **options)


@pytest.mark.filterwarnings("ignore:.*combinations of answers that nobody gave:cxkit.errors.CxkitWarning")
@pytest.mark.parametrize(
    ("free", "parameterization", "instead"),
    [
        ("A2 ~ 1", "theta", "A2 ~ c(0, NA)*1"),
        ("A2 ~~ A2", "theta", "A2 ~~ c(1, NA)*A2"),
        ("A2 ~~ A2", "delta", "A2 ~*~ c(1, NA)*A2"),
    ],
)
def test_a_constant_of_an_ordered_item_cannot_be_released_but_freed(
    free: str, parameterization: str, instead: str
) -> None:
    """`free=` would change nothing; what the message says to write frees one parameter."""
    equal = cases.ORDINAL_LADDER["strict"]
    options = {"ordered": True, "group": "gender", "equal": equal, "parameterization": parameterization}
    with pytest.raises(ModelError, match="not held equal, so releasing it changes nothing") as caught:
        sem.cfa(cases.A5, cases.bfi_an(), free=free, **options)
    assert f"Write '{instead}' in the model" in str(caught.value)
    held = sem.cfa(cases.A5, cases.bfi_an(), **options)
    assert sem.cfa(f"{cases.A5}\n{instead}", cases.bfi_an(), **options).df == held.df - 1


def test_the_marker_cannot_be_released_but_another_way_to_identify_the_model_lets_it_be() -> None:
    options = {"group": "school", "equal": ("loadings",), "free": ("visual =~ x1",)}
    with pytest.raises(ModelError, match="fixed at 1 .* gives 'visual' its unit. With std_lv=True"):
        sem.cfa(cases.HS, cases.hs(), **options)
    released = sem.cfa(cases.HS, cases.hs(), std_lv=True, **options)
    held = sem.cfa(cases.HS, cases.hs(), std_lv=True, group="school", equal=("loadings",))
    assert released.df == held.df - 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"estimator": "MLX"}, "estimator= does not know 'MLX'"),
        ({"missing": "pairwice"}, "missing= does not know 'pairwice'. Did you mean 'pairwise'"),
        ({"missing": "pairwise"}, "missing='pairwise' is for ordered items"),
        ({"information": "both"}, "information= does not know 'both'"),
        ({"likelihood": "t"}, "likelihood= does not know 't'"),
        ({"parameterization": "gamma"}, "parameterization= does not know 'gamma'"),
        (
            {"ordered": True, "estimator": "ML"},
            "Ordered answers need weighted least squares: estimator='WLSMV', not 'ML'",
        ),
        ({"ordered": True, "estimator": "GLS"}, "Ordered answers need weighted least squares.*not 'GLS'"),
        ({"ordered": ["X1"]}, "ordered= names 'X1', which is not in the model. Did you mean 'x1'"),
        ({"missing": "fiml", "estimator": "GLS"}, "missing='fiml' goes with estimator='ML' or 'MLR', not 'GLS'"),
        ({"cluster": "cl", "estimator": "MLM"}, "cluster= and weights= go with estimator='MLR', not 'MLM'"),
        ({"meanstructure": False, "missing": "fiml"}, "meanstructure=False contradicts"),
    ],
)
def test_options_that_contradict(options: dict[str, object], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        sem.cfa(cases.HS, cases.hs(), **options)


def test_a_model_is_text() -> None:
    with pytest.raises(ModelError, match="The model is a list; expected text such as"):
        sem.cfa(["f =~ x1"], cases.hs())  # type: ignore[arg-type]


def test_a_bound_is_held_where_it_binds() -> None:
    """R: sem("visual =~ x1+x2+x3; x1 ~~ v*x1; v > 1"): the residual variance stays at 1."""
    fit = sem.sem("visual =~ x1 + x2 + x3\nx1 ~~ v*x1\nv > 1", cases.hs())
    assert fit.estimates.query("label == 'v'")["est"].item() == pytest.approx(1.0)
    free = sem.sem("visual =~ x1 + x2 + x3\nx1 ~~ v*x1\nv > 0.1", cases.hs())
    assert free.estimates.query("label == 'v'")["est"].item() == pytest.approx(0.835, abs=1e-2)


def test_start_values_do_not_move_the_optimum() -> None:
    fit = sem.cfa(cases.HS.replace("x2", "start(2)*x2"), cases.hs())
    assert fit.test.chisq == pytest.approx(fitted("hs_ml").test.chisq, abs=1e-8)


def test_published_correlations() -> None:
    """Correlations with standard deviations are the covariance matrix."""
    data = cases.hs()[[f"x{i}" for i in range(1, 10)]]
    fit = sem.cfa(cases.HS, sem.Moments(cor=data.corr(), sd=data.std(), n=301))
    assert fit.test.chisq == pytest.approx(fitted("hs_ml").test.chisq, abs=1e-8)
    plain = sem.Moments(cov=data.cov().to_numpy(), names=list(data.columns), mean=data.mean(), n=301)
    assert sem.cfa(cases.HS, plain).measures["df"] == 24


def test_published_moments_that_are_wrong() -> None:
    data = cases.hs()[[f"x{i}" for i in range(1, 10)]]
    with pytest.raises(ModelError, match="speaks of 'x9', which the matrix does not hold"):
        sem.cfa(cases.HS, sem.Moments(cov=data.drop(columns="x9").cov(), n=301))
    with pytest.raises(ModelError, match="not positive definite"):
        sem.cfa(cases.HS, sem.Moments(cov=pd.DataFrame(np.ones((9, 9)), columns=data.columns), n=301))
    with pytest.raises(ModelError, match="is 9 x 9 but 0 variables are named"):
        sem.cfa(cases.HS, sem.Moments(cov=data.cov().to_numpy(), n=301))
    with pytest.raises(ModelError, match="anything robust needs the answers"):
        sem.cfa(cases.HS, sem.Moments(cov=data.cov(), n=301), estimator="MLR")
    with pytest.raises(ModelError, match="gives no means: add mean="):
        sem.cfa(cases.HS + "\nx1 ~ 1", sem.Moments(cov=data.cov(), n=301))
