"""Nobody can be worked out from a table: the rules as properties over all tables, and the attacks they stop."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxkit.errors import AnalysisError
from cxkit.results.references import reference
from cxkit.survey.privacy import MINIMUM_CELL, audit_cells, hidden_note, hide_few, hide_small_cells, join_few

SIZES = st.lists(st.integers(0, 30), min_size=1, max_size=12)
MINIMA = st.integers(1, 12)


def table(sizes: list[int]) -> pd.DataFrame:
    means = np.linspace(3.0, 5.0, len(sizes))
    return pd.DataFrame({"group": [f"G{i}" for i in range(len(sizes))], "n": sizes, "mean": means, "clear": means > 4})


def hidden(sizes: list[int], **options: object) -> list[bool]:
    return hide_small_cells(table(sizes), **options)["hidden"].tolist()


class TestTheRule:
    @pytest.mark.parametrize(
        ("sizes", "expected"),
        [
            ([5, 6, 7], [False, False, False]),  # five are enough
            ([4, 6, 7], [True, True, False]),  # the hidden mean would be the total minus the others
            ([7, 6, 4], [False, True, True]),  # the next smallest, wherever it stands
            ([4, 7, 7], [True, True, False]),  # of equals the first
            ([2, 2, 9, 8], [True, True, False, True]),  # four people together are still too few
            ([2, 3, 9, 8], [True, True, False, False]),  # five are not
            ([0, 3, 9, 8], [True, True, False, True]),  # an empty row protects nobody
            ([3], [True]),
            ([9], [False]),
            ([1, 1], [True, True]),
        ],
    )
    def test_by_hand(self, sizes, expected):
        assert hidden(sizes) == expected

    def test_without_a_total_only_small_rows_are_hidden(self):
        assert hidden([4, 6, 7], total_shown=False) == [True, False, False]

    def test_families_are_protected_one_by_one(self):
        frame = table([4, 6, 7, 4, 6, 7]).assign(dimension=list("aaabbb"), n=[4, 6, 7, 8, 6, 7])
        assert hide_small_cells(frame, group="dimension")["hidden"].tolist() == [True, True, False] + [False] * 3
        both = hide_small_cells(frame.assign(wave=1), group=["dimension", "wave"])
        assert both["hidden"].tolist() == [True, True, False] + [False] * 3
        assert both["wave"].tolist() == [1] * 6

    def test_an_unknown_number_of_respondents_is_hidden(self):
        frame = table([9, 9, 9]).assign(n=[np.nan, 9, 8])
        assert hide_small_cells(frame)["hidden"].tolist() == [True, False, True]

    @given(SIZES, MINIMA)
    def test_no_visible_row_is_small(self, sizes, minimum):
        shown = hide_small_cells(table(sizes), minimum=minimum)
        assert (shown.loc[~shown["hidden"], "n"] >= minimum).all()

    @given(SIZES, MINIMA)
    def test_never_one_row_alone(self, sizes, minimum):
        assert sum(hidden(sizes, minimum=minimum)) != 1 or len(sizes) == 1

    @given(SIZES, MINIMA)
    def test_hidden_people_are_enough_together_or_everybody_is_hidden(self, sizes, minimum):
        covered = hidden(sizes, minimum=minimum)
        together = sum(n for n, is_hidden in zip(sizes, covered, strict=True) if is_hidden)
        assert not any(covered) or together >= minimum or all(covered)

    @given(SIZES, MINIMA)
    def test_nothing_is_hidden_without_need(self, sizes, minimum):
        covered = hidden(sizes, minimum=minimum)
        assert any(covered) == any(n < minimum for n in sizes)
        # Beside the small rows only the smallest of the others: whatever is hidden is no larger than what is shown.
        shown = [n for n, is_hidden in zip(sizes, covered, strict=True) if not is_hidden]
        assert not shown or max([n for n, h in zip(sizes, covered, strict=True) if h], default=0) <= min(shown)

    @given(SIZES, MINIMA)
    def test_the_audit_agrees(self, sizes, minimum):
        frame = hide_small_cells(table(sizes), minimum=minimum)
        safe = sum(frame["hidden"]) != 1 and (sum(sizes) >= minimum or not frame["hidden"].any())
        if safe:
            audit_cells(frame, total=sum(sizes), minimum=minimum)
        else:
            with pytest.raises(AnalysisError, match="does not protect"):
                audit_cells(frame, total=sum(sizes), minimum=minimum)


class TestWhatIsHidden:
    def test_numbers_and_truth_values_go_and_names_stay(self):
        shown = hide_small_cells(table([4, 6, 7]).assign(rank=[3, 2, 1], wave=[1, 2, 3]), keep=["wave"])
        assert shown["group"].tolist() == ["G0", "G1", "G2"]
        assert shown["wave"].tolist() == [1, 2, 3]
        assert shown[["n", "mean", "clear", "rank"]].notna().all(axis=1).tolist() == [False, False, True]
        assert shown["hidden"].dtype == bool
        assert shown.loc[2, ["n", "mean", "clear", "rank"]].tolist() == [7, 5.0, True, 1]

    def test_types_do_not_depend_on_who_is_hidden(self):
        assert (hide_small_cells(table([4, 6, 7])).dtypes == hide_small_cells(table([8, 6, 7])).dtypes).all()

    def test_the_argument_is_not_changed(self):
        frame = table([4, 6, 7])
        before = frame.copy()
        hide_small_cells(frame)
        pd.testing.assert_frame_equal(frame, before)

    def test_an_empty_table(self):
        assert hide_small_cells(table([9]).iloc[:0])["hidden"].tolist() == []


class TestErrors:
    @pytest.mark.parametrize(
        ("frame", "options", "message"),
        [
            (table([9]), {"n": "N"}, "The table has no column 'N'. Did you mean 'n'?"),
            (table([9]), {"group": "groups"}, "The table has no column 'groups'. Did you mean 'group'?"),
            (table([9]), {"minimum": 0}, "minimum=0 must be a number of respondents, at least 1."),
            (table([-1]), {}, "The column 'n' holds negative numbers; it must count respondents."),
            (
                table([9]).assign(hidden=False), {},
                "The table has a column 'hidden' already; hide the small cells of the full table, once.",
            ),
        ],
    )  # fmt: skip
    def test_what_cannot_be_hidden(self, frame, options, message):
        with pytest.raises(AnalysisError) as refused:
            hide_small_cells(frame, **options)
        assert str(refused.value) == message


class TestAudit:
    def test_it_names_the_row_that_the_total_gives_away(self):
        frame = hide_small_cells(table([4, 6, 7]), total_shown=False)
        with pytest.raises(AnalysisError) as refused:
            audit_cells(frame)
        assert str(refused.value) == (
            "The table does not protect its respondents: 'G0' hidden alone: the total minus the visible rows gives it "
            "away. Do not publish it."
        )
        audit_cells(frame, total_shown=False)

    def test_the_attack_that_it_names_works(self):
        full = table([4, 6, 7])
        total = np.average(full["mean"], weights=full["n"])
        printed = hide_small_cells(full, total_shown=False)
        visible = printed[~printed["hidden"]]
        recovered = (17 * total - (visible["n"] * visible["mean"]).sum()) / (17 - visible["n"].sum())
        assert recovered == pytest.approx(full["mean"][0], abs=1e-12)

    def test_a_small_row_in_sight(self):
        with pytest.raises(AnalysisError, match="'G0' shown with fewer than 5 respondents"):
            audit_cells(table([4, 6, 7]).assign(hidden=False))

    def test_a_number_left_in_a_hidden_row(self):
        with pytest.raises(AnalysisError, match="'G0'; 'G1' hidden, but with numbers left in the row"):
            audit_cells(table([4, 6, 7]).assign(hidden=[True, True, False]))

    def test_too_few_people_together(self):
        frame = hide_small_cells(table([2, 2, 9]), total_shown=False)
        audit_cells(frame)
        with pytest.raises(AnalysisError, match="'G0'; 'G1' hidden, but together only 4 respondents"):
            audit_cells(frame, total=13)

    def test_families_and_many_rows(self):
        frame = table([4, 6, 7] * 7).assign(dimension=np.repeat(list("abcdefg"), 3))
        safe = hide_small_cells(frame, group="dimension")
        audit_cells(safe, group="dimension", total=dict.fromkeys("abcdefg", 17))
        with pytest.raises(AnalysisError, match=r"'G0, a'; .*'G12, e' and 2 more shown with fewer than 5 respondents"):
            audit_cells(frame.assign(hidden=False), group="dimension")

    def test_rows_without_a_name_and_a_table_without_hidden(self):
        with pytest.raises(AnalysisError, match="'row 0' shown"):
            audit_cells(pd.DataFrame({"n": [3], "hidden": [False]}))
        with pytest.raises(AnalysisError, match="no column 'hidden'"):
            audit_cells(table([3]))


@pytest.mark.parametrize(
    ("sizes", "noun", "note"),
    [
        ([9, 9], "group", ""),
        (
            [2, 2, 2] + [9] * 9, "group",
            "3 of 12 groups are hidden: fewer than 5 respondents, or needed to protect one that is.",
        ),
        ([3], "unit", "1 of 1 unit is hidden: fewer than 5 respondents, or needed to protect one that is."),
    ],
)  # fmt: skip
def test_the_note_below_the_table(sizes, noun, note):
    assert hidden_note(hide_small_cells(table(sizes)), noun=noun) == note


def test_the_source_is_in_the_bibliography():
    assert MINIMUM_CELL == 5
    assert "Hundepool et al. (2012)" in hide_small_cells.__doc__
    assert reference("hundepool2012").short == "Hundepool et al. 2012"


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_no_count_of_few_is_shown_or_follows_from_the_total(counts):
    hidden = hide_few(np.array(counts))
    shown = np.array(counts)[~hidden]
    assert not ((shown > 0) & (shown < 5)).any()
    left = sum(counts) - shown.sum()
    assert left == 0 or left >= 5 or left == sum(counts)
    assert hidden.sum() != 1 or left == sum(counts)


@given(st.lists(st.integers(0, 12), min_size=1, max_size=6))
def test_joined_counts_are_of_nobody_or_of_five_or_more(counts):
    starts = join_few(counts)
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    joined = [sum(counts[a:b]) for a, b in zip(starts, [*starts[1:], len(counts)], strict=True)]
    assert all(n == 0 or n >= 5 for n in joined) or sum(counts) < 5
