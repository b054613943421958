"""What the model language accepts changes the model; everything else is refused in words, and in bounded time."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from time import monotonic
from typing import Any

import numpy as np
import pandas as pd
import pytest

from cxkit import sem
from cxkit.errors import CxkitWarning, ModelError
from cxkit.sem.language.syntax import parse_model
from cxkit.sem.language.table import Options, build_table
from tests.sem import cases
from tests.sem.fits import fitted

F4 = "f =~ x1 + a*x2 + b*x3 + x4"
CURVE = "i =~ 1*x1 + 1*x2 + 1*x3 + 1*x7\ns =~ 0*x1 + 1*x2 + 2*x3 + 3*x7\ni ~ ageyr"


def quiet(function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CxkitWarning)
        return function(*arguments, **options)


def four_items() -> pd.DataFrame:
    return cases.bfi()[["A1", "A2", "A3", "A4"]].dropna()


@pytest.mark.parametrize(
    ("name", "function", "model", "options"),
    [
        ("equal", sem.sem, 'f =~ x1 + x2 + equal("f=~x2")*x3 + x4', {}),
        ("equal_residual", sem.sem, 'f =~ x1 + x2 + x3 + x4\nx2 ~~ equal("x1~~x1")*x2', {}),
        ("equal_label", sem.sem, 'f =~ x1 + a*x2 + equal("a")*x3 + x4', {}),
        ("defined_constraint", sem.sem, "f =~ x1 + a*x2 + b*x3 + x4\nd := a - b\nd == 0.1", {}),
        ("growth", sem.growth, CURVE, {}),
        ("growth_groups", sem.growth, CURVE, {"group": "school", "equal": "regressions"}),
        ("threshold_declares", sem.sem, "f =~ A1 + A2 + A3 + A4\nA1 | t1", {}),
    ],
)
def test_agrees_with_lavaan(
    reference: Callable[[str], Any], name: str, function: Any, model: str, options: Any
) -> None:
    """sem(), growth() and their language in lavaan 0.6-14; the calls stand in scripts/sem_language.R."""
    wanted = reference("sem_language")[name]
    fit = quiet(function, model, four_items() if "A1" in model else cases.hs(), **options)
    for measure, value in wanted["fit"].items():
        assert fit.measures[measure] == pytest.approx(value, rel=1e-5, abs=1e-6)
    if options:
        return
    mine = {cases._key(row.op, row.lhs, row.rhs): row for row in fit.estimates.itertuples()}
    for lhs, op, rhs, est, se in zip(*(wanted[c] for c in ("lhs", "op", "rhs", "est", "se")), strict=True):
        if op in (":=", "=="):
            continue
        row = mine[cases._key(op, lhs, rhs)]
        assert row.est == pytest.approx(est, abs=2e-5, rel=2e-5)
        assert row.se == pytest.approx(se, abs=2e-5, rel=1e-4)


ACCEPTED = {
    # A modifier before each operator must reach the parameter: its fixed value, start, label or freedom.
    "=~": ("f =~ x1 + {}x2 + x3", ("f", "=~", "x2")),
    "~": ("f =~ x1 + x2 + x3\nf ~ {}x4", ("f", "~", "x4")),
    "~~": ("f =~ x1 + x2 + x3\nx1 ~~ {}x2", ("x1", "~~", "x2")),
    "variance": ("f =~ x1 + x2 + x3\nx1 ~~ {}x1", ("x1", "~~", "x1")),
    "~1": ("f =~ x1 + x2 + x3\nx1 ~ {}1", ("x1", "~1", "")),
    "|": ("f =~ x1 + x2 + x3\nx1 | {}t2", ("x1", "|", "t2")),
    "~*~": ("f =~ x1 + x2 + x3\nx1 ~*~ {}x1", ("x1", "~*~", "x1")),
}
MODIFIERS = {
    "0.3*": {"fixed": (0.3, 0.3)},
    "c(0.3, NA)*": {"fixed": (0.3, None)},
    "NA*": {"fixed": (None, None)},
    "start(0.4)*": {"start": (0.4, 0.4)},
    "0.4?": {"start": (0.4, 0.4)},
    "start(c(0.4, 0.5))*": {"start": (0.4, 0.5)},
    "q*": {"label": ("q", "q")},
    'label("q")*': {"label": ("q", "q")},
    "c(q, r)*": {"label": ("q", "r")},
    "0.3*q*": {"label": ("q", "q"), "fixed": (0.3, 0.3)},
}


@pytest.mark.parametrize("modifier", MODIFIERS)
@pytest.mark.parametrize("operator", ACCEPTED)
def test_every_modifier_reaches_every_operator(operator: str, modifier: str) -> None:
    model, key = ACCEPTED[operator]
    ordered = ("x1", "x2", "x3") if operator in ("|", "~*~") else ()
    # A scale is fixed at 1 unless the model frees it, and a starting value of a constant is refused: free it first.
    model = model.replace("{}", "NA*x1 + {}") if operator == "~*~" and "0.4" in modifier else model
    options = Options(meanstructure=True, ordered=ordered, thresholds=dict.fromkeys(ordered, 3))
    rows = [row for row in build_table(model.replace("{}", modifier), 2, options).rows if row.key == key]
    for field, wanted in MODIFIERS[modifier].items():
        assert tuple(getattr(row, field) for row in rows) == wanted


@pytest.mark.parametrize("operator", ACCEPTED)
def test_equal_reaches_every_operator(operator: str) -> None:
    """equal() gives the parameter the label, hence the value, of another."""
    model, key = ACCEPTED[operator]
    other = {
        "=~": "f=~x3", "~": "f=~x3", "~~": "f~~f", "variance": "x2~~x2", "~1": "x2~1", "|": "x2|t2", "~*~": "x2~*~x2",
    }[operator]  # fmt: skip
    ordered = ("x1", "x2", "x3") if operator in ("|", "~*~") else ()
    options = Options(meanstructure=True, ordered=ordered, thresholds=dict.fromkeys(ordered, 3))
    extra = "\nx2 ~*~ NA*x2" if operator == "~*~" else ""
    model = model.replace("{}", "NA*x1 + {}") if operator == "~*~" else model
    table = build_table(model.replace("{}", f'equal("{other}")*') + extra, 1, options)
    pair = [row for row in table.rows if row.key == key or f"{row.lhs}{row.op}{row.rhs}" == other]
    assert len({row.parameter for row in pair}) == 1
    assert len(pair) == 2


REFUSED = {
    # What lavaan drops without a word, or this kit did.
    "f =~ x1 + x2 + x3 + x2": "'f =~ x2' stands in the same line already",
    "f =~ x1 + x2 + x3\nx1 ~~ x2\nx2 ~~ x1": "line 3: 'x2 ~~ x1' stands in line 2 already",
    "f =~ x1 + 0.5*x2 + x3 + 0.6*x2": "has a second value, 0.6 after 0.5",
    "f =~ x1 + NA*x2 + x3 + 1*x2": "has a second value, 1 after NA",
    "f =~ x1 + a*x2 + x3 + b*x2": "has a second label, b after a",
    "f =~ x1 + 0.5*0.6*x2 + x3": "expected one value for this parameter, and a second one stands here",
    "f =~ x1 + a*b*x2 + x3": "expected one label for this parameter",
    "f =~ x1 + start(1)*start(2)*x2 + x3": "expected one starting value for this parameter",
    "f =~ x1 + label(3)*x2 + x3": "expected a label",
    'f =~ x1 + ""*x2 + x3': "expected a label",
    "f =~ x1 + c(start(1), 2)*x2 + x3": "found 'start'; expected a number, a label, NA or c",
    "f =~ x1 + start(NA)*x2 + x3": "expected a number as starting value",
    "f =~ x1 + lower(0)*x2 + x3": "for a bound give a label",
    "f =~ x1 + 1e999*x2 + x3": "expected a number below 1.8e308",
    "f =~ x1 + equal(3)*x2 + x3": "one parameter in quotes",
    'f =~ x1 + equal("f=~x9")*x2 + x3': "names no parameter of the model. Did you mean 'f=~x",
    'f =~ x1 + equal("f=~x2")*x2 + x3': "names the parameter itself",
    'f =~ equal("f=~x2")*x1 + x2 + x3': "stands before a parameter fixed at 1",
    'f =~ x1 + a*equal("f=~x3")*x2 + x3': "has a label as well as equal",
    "f =~ start(0.8)*x1 + x2 + x3": "fixed at 1, so a starting value changes nothing",
    "f =~ 1*a*x1 + x2 + 2*a*x3": "The label 'a' stands for parameters fixed at 1 and at 2",
    "f =~ x1 + x2 + x3\nx1 ~*~ x1": "only ordered items have a scale",
    "f =~ x1 + x2 + x3\nx1 ~*~ x2": "a scale belongs to one: write 'x1 ~\\*~ x1'",
    "f =~ x1 + x2 + x3\nx1 | cut": "thresholds are named t1, t2",
    "f =~ x1 + x2 + g\ng =~ x4 + x5 + f": "'f' is measured by a factor that 'f' itself measures",
    "f =~ g\ng =~ h\nh =~ x1 + x2 + f": "measures, so neither has a scale",
    f"{F4}\na := b": "'a' is defined here and labels a parameter as well",
    f"{F4}\nd := a\nd := b": "'d' is defined a second time",
    f"{F4}\nd := e\ne := a + d": "go round in a circle \\(d -> e -> d\\)",
    f"{F4}\nd := d + a": "go round in a circle \\(d -> d\\)",
    f"{F4}\n2*d := a": "expected the name of the new parameter",
    f"{F4}\n1 == 1": "always holds, for no free parameter stands in it",
    f"{F4}\n2 < 1": "can never hold, for no free parameter",
    f"{F4}\na == a": "restricts nothing: its parameters cancel out",
    f"{F4}\nd := a*b\nd == 1": "is not linear",
    f"{F4}\na == 1/b": "is not linear",
}
HOSTILE = {
    "9^9^9": "'9\\^9\\^9' is infinite or beyond",
    "1/0": "'1 / 0' is infinite",
    "10^400*a": "'10\\^400' is infinite",
    "a + log(0-1)": "is not a number",
    "0/0*a": "is not a number",
    "1e999": "expected a number below 1.8e308",
    "a//2": "expected a formula of labels and numbers",
    "a, b": "expected a formula of labels and numbers",
    "sqrt(a, b)": "expected a formula of labels and numbers",
    "(a)(b)": "expected a formula of labels and numbers",
    "2(3)": "expected a formula of labels and numbers",
    "()": "expected a formula of labels and numbers",
    "1_000": "expected a formula of labels and numbers",
    '"a"': "labels without quotes",
    "(" * 300 + "a" + ")" * 300: "expected a",
    "+".join(["a"] * 5000): "expected a shorter formula",
    "-" * 5000 + "a": "expected a shorter formula",
}


@pytest.mark.parametrize("model", REFUSED)
def test_what_would_change_nothing_is_refused(model: str) -> None:
    with pytest.raises(ModelError, match=REFUSED[model]):
        build_table(model, 1, Options())


@pytest.mark.parametrize("formula", HOSTILE)
def test_hostile_formulas_are_refused_at_once(formula: str) -> None:
    begin = monotonic()
    with pytest.raises(ModelError, match=HOSTILE[formula]):
        parse_model(f"{F4}\nd := {formula}")
    assert monotonic() - begin < 5


@pytest.mark.parametrize(
    ("model", "options", "words"),
    [
        ("f =~ x1 + x2 + x3\nx1 | t4", {}, "'x1' has 4 categories in these data, hence the thresholds t1 to t3"),
        ("f =~ x1 + x2 + x3\nx1 ~~ x1", {"ordered": True}, "follows from its scale. Write 'x1 ~\\*~ x1'"),
        (
            "f =~ x1 + x2 + x3\nx1 ~*~ x1",
            {"ordered": True, "parameterization": "theta"},
            "the scale follows from the residual variance",
        ),
    ],
)
def test_thresholds_and_scales_that_do_not_exist(model: str, options: dict[str, Any], words: str) -> None:
    names = ("x1", "x2", "x3")
    ordered = names if "ordered" in options else ("x1",)
    table = Options(ordered=ordered, thresholds=dict.fromkeys(names, 3), meanstructure=True,
                    parameterization=options.get("parameterization", "delta"))  # fmt: skip
    with pytest.raises(ModelError, match=words):
        build_table(model, 1, table)


def test_a_factor_has_no_thresholds() -> None:
    with pytest.raises(ModelError, match="'f' is a latent variable; only observed items"):
        sem.sem("f =~ x1 + x2 + x3\nf | t1", cases.hs_cut())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"equal": "loadings", "free": "f =~ 0.5*x2"}, "Name the parameter alone"),
        ({"equal": "loadings", "free": "x1 ~ 1"}, "does not hold intercepts equal, so there is nothing to release"),
        ({"free": "f =~ x2"}, "exempts parameters from equal=, which is empty"),
        ({"equal": "thresholds"}, "needs ordered items"),
    ],
)
def test_options_of_groups_that_change_nothing(options: dict[str, Any], words: str) -> None:
    wanted = {name: (value,) for name, value in options.items()}
    with pytest.raises(ModelError, match=words):
        build_table("f =~ x1 + x2 + x3", 2, Options(meanstructure=True, **wanted))
    with pytest.raises(ModelError, match="not covered with several groups"):
        build_table('f =~ x1 + x2 + equal("f=~x2")*x3', 2, Options())


def test_definitions_may_stand_in_any_order_and_keep_it() -> None:
    """lavaan 0.6-14 stops at the first that uses a later one; the values are those of the ordered model."""
    fit = sem.sem(f"{F4}\nd := e + 1\ne := a + b\ng := a*d", cases.hs())
    at = fit.estimates.set_index("label")["est"]
    assert list(fit.estimates.query("op == ':='")["lhs"]) == ["d", "e", "g"]
    assert at["e"] == pytest.approx(at["a"] + at["b"])
    assert at["d"] == pytest.approx(at["e"] + 1)
    assert at["g"] == pytest.approx(at["a"] * at["d"])
    assert parse_model(f"{F4}\nd := a**2").equations[0].rhs({"a": 3.0}) == 9


def test_a_definition_without_a_value_says_so() -> None:
    with pytest.warns(CxkitWarning, match="left empty: 'd := log\\(a-5\\)', 'e := 1/\\(a-a\\)'"):
        fit = sem.sem(f"{F4}\nd := log(a-5)\ne := 1/(a-a)", cases.hs())
    assert fit.estimates.query("op == ':='")["est"].isna().all()
    assert "without a finite value" in fit.note
    assert fit.estimates.query("op != ':='")["est"].notna().all()


def test_a_definition_so_steep_that_its_error_is_no_number_has_none() -> None:
    fit = sem.sem(f"{F4}\nd := exp(500 + 10*a)\ne := a + b", cases.hs())
    steep, plain = (fit.estimates.set_index("lhs").loc[name] for name in "de")
    assert np.isfinite(steep["est"])
    assert np.isnan(steep["se"])
    assert np.isfinite(plain["se"])
    assert "d := exp" in str(fit.summary())


def test_a_label_that_is_also_a_column_warns() -> None:
    with pytest.warns(CxkitWarning, match=r"in 'ageyr\*sex' the name 'ageyr' is read as a label"):
        sem.sem("f =~ x1 + x2 + x3 + x4\nf ~ ageyr*sex", cases.hs())
    with pytest.warns(
        CxkitWarning, match="'x5' is a latent variable of the model, so the column of that name is not used"
    ):
        sem.sem("x5 =~ x1 + x2 + x3 + x4", cases.hs())


def test_wlsmv_without_ordered_items_warns() -> None:
    with pytest.warns(CxkitWarning, match="estimator='WLSMV' without ordered items treats the answers as continuous"):
        sem.sem("f =~ x1 + x2 + x3 + x4", cases.hs(), estimator="WLSMV")


def test_ordered_takes_whatever_holds_names() -> None:
    names = ["x1", "x2"]
    fits = [
        quiet(sem.sem, "f =~ x1 + x2 + x4", cases.hs_cut(), ordered=ordered)
        for ordered in (names, pd.Index(names), np.array(names), pd.Series(names), set(names), iter(names))
    ]
    assert len({fit.settings["ordered"] for fit in fits}) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ordered": np.array([True, False])}, "ordered=array.* must be a name or a list of names"),
        ({"ordered": 3}, "ordered=3 must be a name or a list of names"),
        ({"group": ["school"]}, "group=\\['school'\\] must be the name of one column"),
        ({"std_lv": "no"}, "std_lv='no' must be True or False"),
        ({"fixed_x": 1}, "fixed_x=1 must be True or False"),
        ({"estimator": 3}, "estimator=3 must be a word in quotes"),
        ({"missing": None}, "missing=None must be a word in quotes"),
        ({"equal": 3}, "equal=3 must be a name or a list of names"),
        ({"cluster": 3}, "there is no column '3'"),
        ({"cluster": "one"}, "all respondents belong to one unit of 'one'"),
        ({"se": "robust"}, "There is no option se= here: standard errors follow from estimator="),
        ({"estimater": "ML"}, "There is no option estimater=. Did you mean 'estimator'"),
        ({"group_equal": "loadings", "equal": "intercepts"}, "group_equal= and equal= are the same option"),
    ],
)
def test_options_of_the_wrong_kind(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ModelError, match=words):
        quiet(sem.sem, "f =~ x1 + x2 + x4 + x5", cases.hs().assign(one=1), **options)


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (
            "f =˜ x1 + x2 + x3",
            "column 4: '˜' only looks like '~' \\(U\\+02DC SMALL TILDE\\).*Type '~' in its place",
        ),
        ("f ∼ x1", "'∼' only looks like '~'"),
        ("f =~ x1 + “a”*x2", "'“' only looks like '\"'"),
        ("f =~ x1 + 2×x2", "'×' only looks like '\\*'"),
        ("f =~ x1 + x2\na ≥ 0", "'≥' only looks like '>='"),
        ("f =~ x1\u200b + x2", "is invisible \\(U\\+200B ZERO WIDTH SPACE\\).*Delete it"),
    ],
)
def test_pasted_signs_are_named(model: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        parse_model(model)
    assert len(parse_model("f\u00a0=~ x1 +\u2009x2").statements) == 2


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("f =~ Item 1 + x4 + x5", "rename 'Item 1' to 'Item_1', or use sem.clean_names"),
        ("f =~ 2nd + x4 + x5", "rename '2nd' to 'x2nd', or use sem.clean_names"),
        ("f =~ x-3 + x4 + x5", "rename 'x-3' to 'x_3', or use sem.clean_names"),
        ("f =~ Item_1 + x4 + x5", "Did you mean 'Item 1'.*\n.*sem.clean_names\\(data\\) renames it"),
    ],
)
def test_columns_that_no_model_can_write_are_named(model: str, words: str) -> None:
    odd = cases.hs().rename(columns={"x1": "Item 1", "x2": "2nd", "x3": "x-3"})
    with pytest.raises(ModelError, match=words):
        sem.sem(model, odd)


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "ULSMV", "WLS", "DWLS"])
def test_a_likelihood_is_refused_where_there_is_none(estimator: str) -> None:
    """lavaan 0.6-14: "likelihood argument is only relevant if estimator = ML"; it was taken and changed nothing."""
    with pytest.raises(ModelError, match=f"'wishart' goes with maximum likelihood, not with estimator='{estimator}'"):
        sem.cfa(cases.HS, cases.hs(), estimator=estimator, likelihood="wishart")


def test_a_wishart_likelihood_of_weighted_and_of_incomplete_answers() -> None:
    """In R, cfa(model, d, missing = "fiml", likelihood = "wishart") with d$x1[1:20] <- NA has chi-square 83.934."""
    with pytest.raises(ModelError, match="'wishart' is for answers without weights="):
        sem.cfa(cases.HS, cases.hs(), weights="w", likelihood="wishart")
    data = cases.hs()
    data.loc[:19, "x1"] = np.nan
    assert sem.cfa(cases.HS, data, missing="fiml", likelihood="wishart").test.chisq == pytest.approx(83.934, abs=1e-3)


def test_clean_names() -> None:
    columns = ["Item 1", "Item_1", "2nd", "x-3", "ok", "", "?", "Größe (m)", ("a", 1), 7, "ok"]
    table = pd.DataFrame(np.ones((2, len(columns))), columns=pd.Index(columns, dtype=object, tupleize_cols=False))
    clean = sem.clean_names(table)
    names = ["Item_1_2", "Item_1", "x2nd", "x_3", "ok", "x", "x_2", "Größe_m", "a_1", "x7", "ok_2"]
    assert list(clean.columns) == names
    assert list(table.columns) == columns
    parse_model("f =~ " + " + ".join(names))
    assert list(sem.clean_names(clean).columns) == names
    with pytest.raises(ModelError, match="renames the columns of a DataFrame; this is a list"):
        sem.clean_names(columns)  # type: ignore[arg-type]


def test_words_of_lavaan_and_semopy_are_understood_and_teach_ours() -> None:
    data = cases.hs_holes()
    with pytest.warns(CxkitWarning, match="missing='ml' is called missing='fiml' here"):
        fit = sem.cfa(cases.HS, data, missing="ml")
    assert fit.test.chisq == pytest.approx(fitted("hs_missing_fiml").test.chisq)
    with pytest.warns(CxkitWarning, match="group_equal= is called equal= here"):
        fit = sem.cfa(cases.HS, cases.hs(), group="school", group_equal="loadings")
    assert fit.df == fitted("hs_school_ml.metric").df
    with pytest.raises(AttributeError, match=r"semopy's Model\(text\).fit\(data\) is sem.sem\(text, data\) here"):
        sem.Model  # noqa: B018
    with pytest.raises(AttributeError, match=r"modindices\(fit\) is fit.modification_indices\(\) here"):
        fit.modindices()
    with pytest.raises(AttributeError, match="A Fit has no 'estimate'. Did you mean 'estimates'"):
        fit.estimate  # noqa: B018
    assert not hasattr(fit, "__array__")


def test_summary_shows_the_fit_as_text() -> None:
    summary = fitted("hs_ml").summary()
    assert summary.startswith(str(fitted("hs_ml")))
    assert "As tables: fit.estimates, fit.measures" in repr(summary).splitlines()[-1]


def test_one_ordered_outcome_without_factors() -> None:
    """R: sem("y ~ ageyr", ordered = "y"): saturated, every residual measure 0."""
    data = cases.hs().assign(y=lambda d: (d["x5"] > 4).astype(int))
    fit = sem.sem("y ~ ageyr", data, ordered=["y"])
    assert "saturated" in fit.text
    assert fit.measures["crmr"] == pytest.approx(0, abs=1e-9)


# lavaan 0.6-14: cfa(model, HolzingerSwineford1939) and with group = "school"
@pytest.mark.parametrize(
    ("more", "chisq", "df", "of_schools"),
    [
        ("s =~ x4\ns ~~ 0*v + 0*t\ns ~~ 0.1*s", 24.361304, 8, (28.564894, 16)),
        ("m =~ 1*x2\nm ~~ 0.2*m\nm ~~ 0*v + 0*t", 24.361304, 8, (28.564894, 16)),
        ("ph =~ 0*x1\nph ~~ 0*ph\nph ~ 0.5*v\nt ~ b*ph", 24.361304, 8, (31.068114, 17)),
    ],
)
def test_an_item_alone_under_a_second_factor_keeps_its_error(more, chisq, df, of_schools) -> None:
    """Only an item that measures nothing else is fixed as free of error; others lost theirs in silence."""
    model = f"v =~ x1 + x2 + x3\nt =~ x4 + x5 + x6\n{more}"
    fit = quiet(sem.cfa, model, cases.hs())
    assert (fit.measures["chisq"], fit.measures["df"]) == (pytest.approx(chisq, abs=1e-5), df)
    fit = quiet(sem.cfa, model, cases.hs(), group="school")
    assert (fit.measures["chisq"], fit.measures["df"]) == (pytest.approx(of_schools[0], abs=1e-5), of_schools[1])
    alone = sem.sem("v =~ x1 + x2 + x3\ns =~ x4\ns ~ v", cases.hs())
    assert alone.estimates.query("lhs == 'x4' and op == '~~'")["est"].item() == 0


def test_a_factor_without_variance_has_no_standardised_mean() -> None:
    model = "v =~ x1 + x2 + x3\nph =~ 0*x1\nph ~~ 0*ph + 0*v + 0*t\nph ~ 0.5*1\nt =~ x4 + x5 + x6"
    fit = quiet(sem.cfa, model, cases.hs(), meanstructure=True)
    row = fit.estimates.query("lhs == 'ph' and op == '~1'")
    assert row[["std_lv", "std_all"]].isna().all(axis=None)
    assert not np.isinf(fit.estimates.select_dtypes("number")).any(axis=None)
