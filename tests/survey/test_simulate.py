"""The simulated survey: does it hold what its truth says?"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxkit.errors import AnalysisError
from cxkit.survey import simulate as module
from cxkit.survey.datasets import load_survey
from cxkit.survey.shipped_instruments import load_instrument
from cxkit.survey.simulate import Simulated, simulate_culture
from cxkit.survey.simulation_truth import ItemModel

FOLDER = Path(__file__).parents[2] / "datasets" / "culture_synthetic"


@cache
def simulated(organisations: int = 48, fewest: int = 12, most: int = 160, seed: int = module.SEED) -> Simulated:
    return simulate_culture(organisations=organisations, respondents=(fewest, most), seed=seed)


def careful(data: Simulated) -> pd.DataFrame:
    """Scores, level, function and organisation of those who read the questions."""
    people = data.frame[["organisation", "level", "function"]]
    return data.survey.scores().join(people)[data.truth.respondents["manner"] == "careful"]


def reduced_eigenvalues(answers: pd.DataFrame) -> np.ndarray:
    """Eigenvalues of the correlations with squared multiple correlations in the diagonal."""
    reduced = answers.corr().to_numpy(copy=True)
    np.fill_diagonal(reduced, 1 - 1 / np.diag(np.linalg.inv(reduced)))
    return np.linalg.eigvalsh(reduced)[::-1]


def factors_beyond_chance(answers: pd.DataFrame) -> int:
    """Parallel analysis of common factors: eigenvalues above the 95th percentile of uncorrelated answers."""
    generator = np.random.default_rng(1)
    chance = [reduced_eigenvalues(pd.DataFrame(generator.standard_normal(answers.shape))) for _ in range(20)]
    return int(np.argmin(reduced_eigenvalues(answers) > np.quantile(chance, 0.95, axis=0)))


class TestTheSameAgain:
    @pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.glob("*.csv")))
    def test_the_shipped_files_are_what_the_generator_writes(self, name):
        # If this fails after a deliberate change: python tools/write_culture_synthetic.py
        assert (FOLDER / name).read_bytes() == simulated().files[name].encode("utf-8")

    def test_every_file_is_shipped(self):
        assert {path.name for path in FOLDER.glob("*.csv")} == set(simulated().files)

    def test_reading_the_file_gives_the_survey_of_the_generator(self):
        assert load_survey("culture_synthetic").hash == simulated().survey.hash

    def test_the_seed_decides(self):
        again = simulate_culture(organisations=3, seed=5)
        pd.testing.assert_frame_equal(again.frame, simulate_culture(organisations=3, seed=5).frame)
        assert not again.frame.equals(simulate_culture(organisations=3, seed=6).frame)

    def test_only_uniform_numbers_are_drawn(self):
        # The first number of this generator stands in numpy's own documentation: np.random.default_rng(12345).random()
        draws = module._Draws(12345)
        assert draws.uniform(1)[0] == pytest.approx(0.22733602246716966, abs=1e-15)
        # R: qnorm(0.316758339709752), the second number of the same stream
        assert draws.normal(1)[0] == pytest.approx(-0.47678296207419, abs=1e-12)


class TestTruthIsFound:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_organisation_means(self, seed):
        data = simulated(40, 30, 160, seed)
        groups = careful(data).groupby("organisation")[data.instrument.dimension_keys]
        truth = data.truth.organisations.pivot(index="organisation", columns="dimension", values="true_score")
        mean, error = groups.mean(), groups.std() / np.sqrt(groups.count())
        z = ((mean - truth[mean.columns]) / error).drop("Synthetic 40").to_numpy()
        # 39 organisations on 8 correlated dimensions: a bias of a fifth of a standard error would show.
        assert abs(z.mean()) < 0.2
        assert 0.85 < z.std() < 1.15

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_level_gaps(self, seed):
        data = simulated(150, 30, 160, seed)
        people = careful(data)
        for row in data.truth.gaps.itertuples():
            upper = people.loc[people["level"] == row.level, row.dimension].dropna()
            staff = people.loc[people["level"] == row.against, row.dimension].dropna()
            error = np.sqrt(upper.var() / len(upper) + staff.var() / len(staff))
            gap = upper.mean() - staff.mean()
            pooled = np.sqrt(
                ((len(upper) - 1) * upper.var() + (len(staff) - 1) * staff.var()) / (len(upper) + len(staff) - 2)
            )
            # 48 gaps are tested over the three seeds: 3.5 standard errors leave a chance of 2 % for the least lucky.
            assert abs(gap - row.true_gap) < 3.5 * error
            assert abs(gap / pooled - row.true_d) < 3.5 * error / pooled

    def test_managers_are_half_as_much_more_positive_as_executives(self):
        effects = simulated().truth.gaps.pivot(index="dimension", columns="level", values="effect")
        assert effects["Managers"].to_numpy() == pytest.approx(effects["Executives"].to_numpy() / 2, abs=1e-12)

    def test_gaps_of_size_zero_are_zero(self):
        gaps = simulated().truth.gaps
        none = gaps[gaps["effect"] == 0]
        assert sorted(set(none["dimension"])) == ["competitor_insight", "peripheral_vision"]
        assert (none[["true_gap", "true_d"]] == 0).all().all()
        assert (gaps.loc[gaps["effect"] > 0, ["true_gap", "true_d"]] > 0).all().all()

    def test_organisations_differ_as_much_as_they_should_and_go_together(self):
        truth = simulated(500, 1, 2, 4).truth.organisations
        culture = truth.pivot(index="organisation", columns="dimension", values="culture")
        assert culture.std().mean() == pytest.approx(module.ORGANISATION_SD, abs=0.03)
        off_diagonal = culture.corr().to_numpy()[np.triu_indices(8, 1)]
        assert off_diagonal.mean() == pytest.approx(module.ORGANISATION_GENERAL, abs=0.05)

    def test_functions_differ_by_their_effects(self):
        data = simulated(150, 30, 160, 1)
        effects = data.truth.functions.pivot(index="function", columns="dimension", values="effect")
        means = careful(data).groupby("function")[data.instrument.dimension_keys].mean()
        assert (effects.loc["Service", "customer_insight"], effects.loc["Finance", "customer_insight"]) == (0.25, -0.25)
        shown, true = means - means.mean(), effects[means.columns] - effects.mean()[means.columns]
        # Answers are a little flatter than the metric behind them, because the scale ends at 1 and 7.
        assert np.polyfit(true.to_numpy().ravel(), shown.to_numpy().ravel(), 1)[0] == pytest.approx(0.93, abs=0.08)
        assert np.corrcoef(true.to_numpy().ravel(), shown.to_numpy().ravel())[0, 1] > 0.95

    def test_standardised_loadings_give_the_correlations_of_items(self):
        # Two items of a dimension correlate by the product of their loadings; seven categories take a few per cent off.
        data = simulated(150, 30, 160, 1)
        answers = data.survey.answers[data.truth.respondents["manner"] == "careful"]
        loadings = data.truth.items.set_index("item")["standardised"]
        for first, second in [("CI1", "CI2"), ("CI1", "CI4"), ("SA3", "SA4"), ("EM1", "EM5")]:
            product = loadings[first] * loadings[second]
            assert answers[first].corr(answers[second]) == pytest.approx(0.95 * product, abs=0.035)

    def test_reversed_items_have_something_of_their_own(self):
        # Of items in different dimensions, two reversed ones have the method factor in common besides culture.
        data = simulated(150, 30, 160, 1)
        answers = data.survey.answers[data.truth.respondents["manner"] == "careful"]
        pairs = [("CI4", "PV4"), ("CF4", "XC3"), ("MF4", "SA4"), ("CI4", "SA4"), ("CF4", "PV4")]
        together = np.mean([answers[a].corr(answers[b]) for a, b in pairs])
        apart = np.mean([answers[a].corr(answers[b[:2] + "5"]) for a, b in pairs])
        assert together > apart + 0.03

    def test_enps_goes_with_culture(self):
        data = simulated(150, 30, 160, 1)
        people = careful(data)
        culture = people[data.instrument.dimension_keys].mean(axis=1)
        assert 0.45 < culture.corr(data.survey.given["ENPS"]) < 0.65

    def test_industries_do_not_differ(self):
        data = simulated(500, 1, 2, 4)
        industry = data.frame.groupby("organisation")["industry"].first()
        culture = data.truth.organisations.groupby("organisation")["culture"].mean()
        groups = [culture[industry == name] for name in module.INDUSTRIES]
        between = np.var([g.mean() for g in groups], ddof=1) * np.mean([len(g) for g in groups])
        assert between / culture.var() < 3.1  # F(5, 494): R: qf(.99, 5, 494) is 3.05


class TestHowPeopleAnswer:
    def test_six_per_cent_are_careless(self):
        manner = simulated(150, 30, 160, 1).truth.respondents["manner"]
        error = np.sqrt(0.03 * 0.97 / len(manner))
        assert (manner == "straightliner").mean() == pytest.approx(0.03, abs=3.5 * error)
        assert (manner == "random").mean() == pytest.approx(0.03, abs=3.5 * error)

    def test_straightliners_give_one_answer_and_random_answerers_all(self):
        data = simulated()
        statements = data.survey.given.drop(columns="ENPS")
        manner = data.truth.respondents["manner"]
        assert (statements[manner == "straightliner"].nunique(axis=1) == 1).all()
        assert set(statements[manner == "straightliner"].stack().dropna()) == {3, 4, 5, 6}
        shares = statements[manner == "random"].stack().dropna().value_counts(normalize=True)
        assert sorted(shares.index) == [1, 2, 3, 4, 5, 6, 7]
        assert shares.to_numpy() == pytest.approx(np.full(7, 1 / 7), abs=0.02)

    def test_answers_are_missing_at_random_and_after_a_break_off(self):
        data = simulated(150, 30, 160, 1)
        gone = data.survey.given.isna()
        breaks_off = data.truth.respondents["breaks_off"]
        assert gone[~breaks_off].to_numpy().mean() == pytest.approx(0.01, abs=0.001)
        assert breaks_off.mean() == pytest.approx(0.03, abs=0.006)
        assert gone.loc[breaks_off, "ENPS"].all()
        assert gone.loc[breaks_off, "SA5"].mean() > 0.95
        assert gone.loc[breaks_off, "CI1":"CF3"].to_numpy().mean() < 0.05
        assert gone[~breaks_off].mean().max() < 0.015

    def test_straightliners_make_a_ninth_factor(self):
        data = simulated()
        answers = data.survey.answers.drop(columns="ENPS").dropna()
        people = data.truth.respondents.loc[answers.index, "manner"]
        assert factors_beyond_chance(answers) == 9
        assert factors_beyond_chance(answers[people == "careful"]) == 8

    def test_reversed_items_are_held_as_ticked(self):
        data = simulated()
        for key in ("CI4", "CF4", "MF4", "PV4", "XC3", "SA4"):
            other = key[:2] + "1"
            assert data.survey.given[key].corr(data.survey.given[other]) < -0.2
            assert data.survey.answers[key].corr(data.survey.answers[other]) > 0.2


class TestWhoIsAsked:
    def test_sizes(self):
        sizes = simulated().frame.groupby("organisation").size()
        assert len(sizes) == 48
        assert sizes["Synthetic 48"] == 4
        assert sizes.drop("Synthetic 48").between(12, 160).all()
        assert sizes.median() < sizes.mean()

    def test_some_cells_are_too_small_to_report(self):
        cells = simulated().frame.groupby(["organisation", "function", "level"]).size()
        assert (cells < 5).sum() > 100

    def test_shares_of_levels_and_functions(self):
        frame = simulated(150, 30, 160, 1).frame
        levels, functions = (frame[c].value_counts(normalize=True) for c in ("level", "function"))
        assert [levels[name] for name in module.LEVELS] == pytest.approx(module.LEVEL_SHARES, abs=0.015)
        assert [functions[name] for name in module.FUNCTIONS] == pytest.approx(module.FUNCTION_SHARES, abs=0.015)

    def test_a_unit_belongs_to_one_function_of_one_organisation(self):
        frame = simulated().frame
        assert (frame.groupby("unit")[["organisation", "function"]].nunique() == 1).all().all()
        assert frame.groupby("unit").size().max() <= module.UNIT_SIZE

    def test_everything_that_shows_says_synthetic(self):
        data = simulated()
        assert data.frame["organisation"].str.startswith("Synthetic ").all()
        assert data.survey.about.synthetic
        assert "synthetic" in str(data.survey)
        assert "synthetic" in str(data.survey.stamp)


class TestOtherInstruments:
    @pytest.mark.parametrize("name", ["lq2002", "bfi", "customersat"])
    def test_any_scale_of_whole_numbers(self, name):
        instrument = load_instrument(name)
        data = simulate_culture(organisations=10, instrument=instrument, seed=2)
        for key, item in instrument.items.items():
            given = data.survey.given[key].dropna()
            assert (given.min(), given.max()) == (item.scale.low, item.scale.high)
        groups = careful(data).groupby("organisation")[instrument.dimension_keys]
        truth = data.truth.organisations.pivot(index="organisation", columns="dimension", values="true_score")
        mean, error = groups.mean(), groups.std() / np.sqrt(groups.count())
        z = ((mean - truth[mean.columns]) / error).drop("Synthetic 10").to_numpy()
        assert abs(z.mean()) < 0.7
        assert 0.7 < np.sqrt((z**2).mean()) < 1.4

    def test_a_continuous_scale_is_refused(self):
        with pytest.raises(AnalysisError, match=r"in 'hs1939' the scale of x1, x2, x3, x4, x5 is continuous\."):
            simulate_culture(instrument=load_instrument("hs1939"))

    def test_single_items_alone_are_refused(self):
        with pytest.raises(AnalysisError, match=r"'single_items' has no dimensions"):
            simulate_culture(instrument=load_instrument("single_items"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"organisations": 1}, r"organisations=1: a benchmark needs at least 2\."),
        ({"respondents": (20, 10)}, r"respondents=\(20, 10\): say the fewest, then the most, from 1\."),
        ({"respondents": (0, 10)}, r"respondents=\(0, 10\)"),
    ],
)
def test_contradictory_numbers_are_refused(options, words):
    with pytest.raises(AnalysisError, match=words):
        simulate_culture(**options)


class TestItemModel:
    model = ItemModel(
        key="X1",
        dimension=0,
        reversed=False,
        low=1.0,
        loading=1.1,
        error_sd=0.9,
        method_sd=0.3,
        thresholds=np.array([1.5, 2.4, 3.6, 4.5, 5.4, 6.6]),
    )

    def test_the_spread_of_persons_is_integrated_exactly(self):
        # The mean over persons spread around 4.3 equals the weighted mean of persons at each position.
        steps = np.arange(-7, 7.005, 0.01)
        weights = np.exp(-(steps**2) / 2) / np.exp(-(steps**2) / 2).sum()
        by_sum = (weights * self.model.mean(4.3 + 0.8 * steps)).sum()
        assert self.model.mean(np.array([4.3]), spread=0.8)[0] == pytest.approx(by_sum, abs=1e-9)

    def test_variance_from_the_probabilities_of_the_answers(self):
        at = np.array([2.0, 4.3, 6.9])
        reached = self.model.reached(at, 0.0)
        padded = np.hstack([np.ones((3, 1)), reached, np.zeros((3, 1))])
        probability = padded[:, :-1] - padded[:, 1:]
        answers = np.arange(1, 8)
        mean = probability @ answers
        variance = probability @ answers**2 - mean**2
        assert self.model.mean(at) == pytest.approx(mean, abs=1e-12)
        assert self.model.variance(at) == pytest.approx(variance, abs=1e-12)
