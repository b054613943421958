"""ICC(1), ICC(2), r_wg(J) and r*wg(J) against R's multilevel 2.7.

See tests/reference/scripts/gaps.R and agreement.R for the calls.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cxkit as cx
from cxkit.statistics.intraclass import one_way
from cxkit.statistics.multiplicity import holm
from cxkit.statistics.unequal_spread import brown_forsythe
from tests.conftest import tiny_survey

CASES = [
    ("lq2002", "leadership", "lq2002_lead"),
    ("lq2002", "task_significance", "lq2002_tsig"),
    ("bhr2000", "leadership", "bhr2000_climate"),
]


def row(result, dimension):
    return result.frame.set_index("dimension").loc[dimension]


@pytest.mark.parametrize(("data", "dimension", "key"), CASES)
def test_icc_equals_multilevel(reference, data, dimension, key):
    # R: m <- aov(y ~ factor(g)); ICC1(m); ICC2(m)
    wanted = reference("gaps")["icc"][key]
    found = row(cx.group_reliability(cx.load_survey(data), by="organisation"), dimension)
    assert found["icc1"] == pytest.approx(wanted["icc1"], rel=1e-10)
    assert found["icc2"] == pytest.approx(wanted["icc2"], rel=1e-10)
    assert found["f_value"] == pytest.approx(wanted["f"], rel=1e-10)
    assert found["p_value"] == pytest.approx(wanted["p"], rel=1e-6)
    assert [found["ms_between"], found["ms_within"]] == pytest.approx(wanted["ms"], rel=1e-10)
    assert [found["df_between"], found["df_within"]] == wanted["df"]


@pytest.mark.parametrize(("data", "dimension", "key"), CASES)
def test_f_star_equals_the_moments_of_its_quadratic_forms(reference, data, dimension, key):
    """By traces of matrices, tests/reference/scripts/unequal_spread.R."""
    wanted = reference("unequal_spread")[key]
    found = row(cx.group_reliability(cx.load_survey(data), by="organisation"), dimension)
    for column, name in (("f_star", "f"), ("df1_star", "df1"), ("df2_star", "df2")):
        assert found[column] == pytest.approx(wanted[name], rel=1e-9)
    assert found["p_star"] == pytest.approx(wanted["p"], rel=1e-6)


def test_f_star_of_two_groups_is_welchs_test(reference):
    """R: oneway.test(y ~ g)."""
    wanted = reference("unequal_spread")["two_groups"]
    survey = cx.load_survey("bhr2000")
    scores, groups = survey.scores()["leadership"], survey.role("organisation").astype(float)
    parts = [scores[groups == name].dropna() for name in wanted["groups"]]
    sizes = np.array([len(part) for part in parts])
    found = brown_forsythe(
        np.array([part.mean() for part in parts]), np.array([part.var(ddof=1) for part in parts]), sizes
    )
    assert [found.f, found.df1, found.df2] == pytest.approx([wanted["f"], wanted["df1"], wanted["df2"]], rel=1e-9)
    assert found.p == pytest.approx(wanted["p"], rel=1e-8)


def test_people_who_all_answer_alike_have_no_f_star():
    same = brown_forsythe(np.array([3.0, 3.0]), np.zeros(2), np.array([5, 6]))
    apart = brown_forsythe(np.array([3.0, 4.0]), np.zeros(2), np.array([5, 6]))
    assert np.isnan(same.p)
    assert (apart.f, apart.p) == (np.inf, 0.0)


def normal(rng, groups):
    return rng.normal(size=len(groups))


def wider_where_small(rng, groups):
    return rng.normal(size=len(groups)) * np.where(np.bincount(groups)[groups] < 10, 3.0, 0.8)


def mostly_the_highest(rng, groups):
    """One item on five points: 88 of 100 give the highest answer."""
    return np.searchsorted([-2.6, -2.2, -1.8, -1.2], rng.normal(size=len(groups))).astype(float)


@pytest.mark.parametrize(
    ("sizes", "scores", "misled"),
    [
        ([6] * 6 + [60] * 3, wider_where_small, "p_value"),  # F alone: 76 of 100
        ([5, 5, 6, 6, 7, 7, 8, 8, 30, 40, 50, 60], wider_where_small, "p_value"),
        ([5, 300], mostly_the_highest, "p_star"),  # F* alone: 54 of 100
        ([5, 5, 300], mostly_the_highest, "p_star"),
        ([12] * 12, normal, ""),
    ],
)
def test_groups_without_a_difference_are_rarely_told_apart(sizes, scores, misled):
    """The larger p of F and F* keeps the error rate where either of them does not."""
    rng = np.random.default_rng(7)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    drawn = [scores(rng, groups) for _ in range(500)]
    found = pd.DataFrame([one_way(y, groups) for y in drawn])[["p_value", "p_star"]]
    assert (found.max(axis=1) < 0.05).mean() <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 500)
    if misled:
        assert (found[misled] < 0.05).mean() > 0.2


def test_no_dimension_is_told_from_nothing_whose_share_is_negative():
    """Five people who all gave the same skewed answer: F* 50, p < .001, ICC(1) -.001."""
    rng, found = np.random.default_rng(8), 0
    units = np.repeat(["a", "b"], [5, 300])
    for _ in range(40):
        answers = np.repeat(1 + mostly_the_highest(rng, np.zeros(305, dtype=int))[:, None], 3, axis=1)
        frame = cx.group_reliability(tiny_survey(answers, unit=units)).frame
        found += bool((frame["p_star"] < 0.05).any())
        assert (frame.loc[frame["p_adjusted"] < 0.05, "icc1"] > 0).all()
    assert found > 5, "the case itself is broken"


@pytest.mark.parametrize(("data", "dimension", "key"), CASES)
def test_rwg_equals_multilevel(reference, data, dimension, key):
    # R: rwg.j(items, g, ranvar = (5^2 - 1) / 12)
    wanted = reference("gaps")["rwg"][key]
    result = cx.within_group_agreement(cx.load_survey(data), by="organisation")
    groups = result.groups[result.groups["dimension"] == dimension].set_index("group")
    everyone = dict(zip(wanted["group"], zip(wanted["rwg_j"], wanted["size"], strict=True), strict=True))
    large = {g: v for g, v in everyone.items() if v[1] >= 5}
    assert groups["rwg_j"].to_dict() == pytest.approx({g: v[0] for g, v in large.items()}, abs=1e-12)
    assert groups["n"].to_dict() == {g: v[1] for g, v in large.items()}
    if large == everyone:
        assert row(result, dimension)["rwg_j"] == pytest.approx(wanted["mean"], rel=1e-12)
        assert row(result, dimension)["rwg_j_median"] == pytest.approx(wanted["median"], rel=1e-12)


@pytest.mark.parametrize(("data", "dimension", "key"), CASES)
def test_lindells_index_equals_multilevel(reference, data, dimension, key):
    # R: rwg.j.lindell(items, g, ranvar = (5^2 - 1) / 12)
    wanted = reference("agreement")[key]
    result = cx.within_group_agreement(cx.load_survey(data), by="organisation")
    groups = result.groups[result.groups["dimension"] == dimension].set_index("group")
    everyone = dict(zip(wanted["group"], wanted["rwg_j_star"], strict=True))
    assert groups["rwg_j_star"].to_dict() == pytest.approx({g: everyone[g] for g in groups.index}, abs=1e-12)
    if len(groups) == len(everyone):
        found = row(result, dimension)
        names = {
            "rwg_j_star": "mean",
            "rwg_j_star_median": "median",
            "rwg_j": "james_mean",
            "rwg_j_median": "james_median",
        }
        assert {name: found[name] for name in names} == pytest.approx(
            {n: wanted[w] for n, w in names.items()}, rel=1e-12
        )


def test_each_index_stands_under_the_name_of_its_source():
    """James's .868 and Lindell's .393 of the same answers (11 items on leadership): R's rwg.j and rwg.j.lindell."""
    result = cx.within_group_agreement(cx.load_survey("lq2002"), by="organisation")
    printed = result.table.set_index("Dimension").loc["Leadership climate"]
    assert (printed["Mean r_wg(J)"], printed["Mean r*wg(J)"]) == ("0.87", "0.39")
    assert {"james1984", "lindell1999"} <= set(result.references)
    assert {v.measure for v in result.verdicts} == {"r_wg(J)"}  # the bands of LeBreton & Senter are of r_wg
    assert "r_wg(J)" in result.text
    assert "r*wg(J)" in result.text


def test_the_assignment_that_asks_for_lindells_index_accepts_the_kits_own_answer():
    """The model solution, written out by hand in the assignment, against the kit's column of that name."""
    survey = cx.load_survey(
        "assignments/organisational-gaps/data/survey.csv", instrument="culture8", respondent={"unit": "unit"}
    )
    complete = survey.items_of("empowerment").dropna()
    by_unit = complete.groupby(survey.role("unit").astype("str")[complete.index])
    solution = 1 - by_unit.var()[by_unit.size() >= 5].mean(axis=1) / ((7**2 - 1) / 12)
    groups = cx.within_group_agreement(survey, by="unit").groups
    kit = groups[groups["dimension"] == "empowerment"].set_index("group")
    assert kit["rwg_j_star"].to_dict() == pytest.approx(solution.to_dict(), abs=1e-12)
    assert not np.allclose(kit["rwg_j"], solution[kit.index], atol=0.0006)  # the tolerance of the marking


def test_rwg_against_skewed_answers_equals_multilevel(reference):
    # R: rwg.j(items, g, ranvar = 1.34)
    wanted = reference("gaps")["rwg"]["bhr2000_climate_skewed"]
    result = cx.within_group_agreement(cx.load_survey("bhr2000"), by="organisation", null=1.34)
    assert result.frame["rwg_j"].item() == pytest.approx(wanted["mean"], rel=1e-12)
    star = reference("agreement")["bhr2000_climate_skewed"]
    assert result.frame["rwg_j_star"].item() == pytest.approx(star["mean"], rel=1e-12)


def test_icc_of_groups_without_differences_within_is_one():
    result = cx.group_reliability(tiny_survey([[1, 1, 1]] * 5 + [[4, 4, 4]] * 5, unit=list("aaaaabbbbb")))
    assert result.frame[["icc1", "icc2"]].to_numpy().tolist() == [[1.0, 1.0]]


@given(st.permutations(range(20)))
def test_order_of_respondents_is_irrelevant(order):
    rng = np.random.default_rng(1)
    answers, units = rng.integers(1, 6, (20, 3)), np.repeat(list("abcd"), 5)
    one = cx.group_reliability(tiny_survey(answers, unit=units)).frame
    other = cx.group_reliability(tiny_survey(answers[order], unit=units[order])).frame
    np.testing.assert_allclose(one["icc1"], other["icc1"], rtol=1e-10)


def test_interval_of_icc1_covers_the_truth():
    """Simulation: 40 groups of 10, ICC(1) = .20; 400 surveys. The exact F interval covers 95 % of the time."""
    rng = np.random.default_rng(20260101)
    covered = 0
    for _ in range(400):
        scores = rng.normal(0, np.sqrt(0.2), (40, 1)) + rng.normal(0, np.sqrt(0.8), (40, 10))
        found = one_way(scores.ravel(), np.repeat(np.arange(40), 10))
        covered += found["ci_low"] <= 0.2 <= found["ci_high"]
    assert 0.925 <= covered / 400 <= 0.975  # four standard errors of 400 draws are .044


def test_small_groups_are_neither_counted_nor_shown():
    answers, units = np.tile([[2, 3, 3]], (22, 1)), ["small"] * 4 + ["next"] * 8 + ["large"] * 10
    answers[::2] += 1
    result = cx.within_group_agreement(tiny_survey(answers, unit=units))
    assert result.groups["group"].tolist() == ["large"]
    assert result.frame["n"].item() == 10


def test_a_survey_without_groups_says_how_to_name_them():
    with pytest.raises(cx.AnalysisError, match="does not say the unit of its respondents .* respondent={'unit'"):
        cx.group_reliability(tiny_survey(np.full((4, 3), 2)))


def test_one_group_is_refused():
    with pytest.raises(cx.AnalysisError, match="'Dimension 1' has 4 scores in 1 groups by unit; it needs two groups"):
        cx.group_reliability(tiny_survey(np.full((4, 3), 2), unit=["a"] * 4))


def test_no_group_of_five_is_refused():
    with pytest.raises(cx.AnalysisError, match="No dimension of 'tiny' has a unit with 5 complete answers"):
        cx.within_group_agreement(tiny_survey(np.full((4, 3), 2), unit=["a"] * 4))


def test_scale_scores_have_no_rwg():
    with pytest.raises(cx.AnalysisError, match="on a scale with options"):
        cx.within_group_agreement(cx.load_survey("univbct").subset(wave="0"))


def test_notes_say_whose_n_they_tell_and_what_p_and_negative_icc2_mean():
    survey = cx.load_survey("culture_synthetic").subset(organisation="Synthetic 28")
    reliability, agreement = cx.group_reliability(survey), cx.within_group_agreement(survey)
    for found in (reliability, agreement):
        most = found.frame.loc[found.frame["n"].idxmax(), "title"]
        assert found.note.endswith(f"n and who is left out are those of '{most}', which has most answers.")
    assert (reliability.frame["icc2"] < 0).any()
    assert (
        "p is adjusted for the number of dimensions (Holm's method); each interval is of its dimension alone."
        in reliability.note
    )
    assert "A negative ICC(2) (its values have no lower end) means" in reliability.note


def test_the_interval_of_icc2_is_psychs(reference):
    # R: psych::ICC(x, lmer = FALSE)$results["Average_raters_absolute", ], row ICC1k: the ratings of Shrout and Fleiss
    # (1979), and twelve members of each company of lq2002
    wanted = reference("agreement")
    rated = np.array([[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float)
    survey = cx.load_survey("lq2002")
    people = pd.DataFrame({"g": survey.role("organisation"), "y": survey.scores(answered=1)["leadership"]}).dropna()
    companies = [own.to_numpy()[:12] for _, own in people.groupby("g", observed=True)["y"] if len(own) >= 12]
    for key, table in (("icc1k_shrout", rated), ("icc1k_lq2002_lead", np.array(companies))):
        units = np.repeat(np.arange(len(table)), table.shape[1])
        found = one_way(table.ravel(), units)
        ends = [found[name] for name in ("f_value", "icc2", "icc2_low", "icc2_high")]
        assert ends == pytest.approx([wanted[key][name] for name in ("f", "icc", "low", "high")], rel=1e-10), key


def test_the_interval_of_icc2_is_printed_with_its_sources():
    result = cx.group_reliability(cx.load_survey("lq2002"), by="organisation")
    first = result.frame.iloc[0]
    assert result.table["ICC(2), 95 % interval"].iloc[0] == f"{first['icc2_low']:.3f} to {first['icc2_high']:.3f}"
    assert {"shrout1979", "mcgraw1996"} <= set(result.references)
    assert "Shrout & Fleiss 1979" in result.note
    assert "McGraw & Wong 1996" in result.note


def test_agreement_in_a_single_group_is_that_of_the_group():
    survey = tiny_survey(np.tile([[4, 4, 5, 3, 1, 5], [4, 5, 5, 2, 5, 1], [5, 4, 4, 3, 3, 2]], (4, 1)), unit=["A"] * 12)
    found = cx.within_group_agreement(survey)
    own, other = found.frame["rwg_j"], found.frame["rwg_j_star"]
    assert found.text == (
        f"In the only group by unit that may be shown, 'A', agreement is highest on Dimension 1 (r_wg(J) {own[0]:.2f}) "
        f"and lowest on Dimension 2 ({own[1]:.2f}), against answers given at random. r*wg(J), which does not rise with "
        f"the number of items, lies between {other.min():.2f} and {other.max():.2f}.".replace("-", "\u2212")
    )
    assert list(found.table.columns) == ["Dimension", "Items", "n", "Groups", "r_wg(J)", "r*wg(J)"]
    for said in (found.text, str(found), found.alt):
        assert "median" not in said.lower()
        assert "mean" not in said.lower()


def test_means_are_called_reliable_by_the_interval_of_icc2_and_not_by_the_estimate():
    rng = np.random.default_rng(8)
    units = np.repeat(np.arange(5), 6)
    shift = np.array([[0.0, 0.45, 3.0]])
    scores = rng.normal(0, 1, (30, 3)) + np.linspace(-1, 1, 5)[units][:, None] * shift * 1.6
    found = cx.group_reliability(tiny_survey(np.repeat(3 + scores, 3, axis=1), unit=units.astype(str)))
    frame = found.frame
    sure, never = (frame["icc2_low"] >= 0.7).sum(), (frame["icc2_high"] < 0.7).sum()
    assert (sure, never) == (1, 0)
    assert (
        "the means are reliable enough to be compared (ICC(2) of .70 or more in the whole 95 % interval) on 1 of 3 "
        "dimensions, and on 2 the interval leaves it open."
    ) in found.text
    told = [v.verdict for v in found.verdicts if v.measure == "ICC(2)"]
    assert told == ["left open by the interval"] * 2 + ["group means reliable"]
    # Spearman and Brown's formula leads from the interval of ICC(1) to that of ICC(2)
    size = frame["mean_group_size"]
    for end in ("low", "high"):
        one = frame[f"ci_{end}"]
        assert frame[f"icc2_{end}"].to_numpy() == pytest.approx((size * one / (1 + (size - 1) * one)).to_numpy())


class TestTheSentenceOfReliability:
    """How much lies between groups is said where it can be told from 0, allowing for the number of dimensions."""

    def shares(self, rng, between):
        units = np.repeat(np.arange(12), 12)
        means = rng.normal(0, 1, (12, 3)) * np.sqrt(between)
        scores = means[units] + rng.normal(0, 1, (144, 3)) * np.sqrt(1 - np.array(between))
        answers = np.repeat(3 + scores, 3, axis=1) + rng.normal(0, 0.1, (144, 9))
        return tiny_survey(answers, unit=units.astype(str))

    def test_surveys_without_differences_rarely_name_one(self):
        rng = np.random.default_rng(20261201)
        surveys, alarms = 60, 0
        for _ in range(surveys):
            result = cx.group_reliability(self.shares(rng, [0.0, 0.0, 0.0]))
            if (
                "can be told from 0 on 0 of 3 dimensions, allowing for their number, and may be up to"
                not in result.text
            ):
                alarms += 1
            assert "explains" not in result.text
        assert alarms / surveys <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / surveys)

    def test_the_largest_share_that_is_no_chance_has_its_interval(self):
        result = cx.group_reliability(self.shares(np.random.default_rng(3), [0.4, 0.0, 0.3]))
        clear = result.frame[result.frame["p_adjusted"] < 0.05]
        most = clear.loc[clear["icc1"].idxmax()]
        assert len(clear) == 2
        assert "told from 0 on 2 of 3 dimensions, allowing for their number; it is " in result.text
        interval = f"(95 % interval {most['ci_low']:.0%} to {most['ci_high']:.0%})"
        assert f"{most['icc1']:.0%} {interval} on {most['title']}, the largest of these" in result.text
        # R: p.adjust(p, "holm")
        assert result.frame["p_adjusted"].to_numpy() == pytest.approx(
            holm(result.frame[["p_value", "p_star"]].max(axis=1).to_numpy())
        )
        assert "adjusted for the number of dimensions (Holm's method)" in result.note
