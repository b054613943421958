"""How numbers are printed, escaped and set: golden text, because a reader sees exactly this."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxkit.results import rounding, tables
from cxkit.results.columns import COLUMNS
from cxkit.results.rounding import fixed, probability, share, whole


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (fixed(2), 0.125, "0.12"),
        (fixed(2), -0.126, "−0.13"),
        (fixed(2), -0.004, "0.00"),
        (fixed(2), -0.0, "0.00"),
        (fixed(0), -12.0, "−12"),
        (fixed(1), 1234.56, "1234.6"),
        (probability, 0.0004, "< .001"),
        (probability, 0.001, ".001"),
        (probability, 0.0499, ".050"),
        (probability, 1.0, "1.000"),
        (share, 0.0, "0%"),
        (share, 0.0004, "< 0.1%"),
        (share, 0.004, "0.4%"),
        (share, 0.126, "13%"),
        (share, 1.0, "100%"),
        (whole, 0.4, "0"),
        (whole, -0.4, "0"),
        (whole, -7.0, "−7"),
        (whole, 2043.0, "2,043"),
        (whole, -2043.0, "−2,043"),
    ],
)
def test_numbers(show, value, text):
    assert show(value) == text


FRAME = pd.DataFrame(
    {
        "item": ["L1", "L|2", "S_1*"],
        "reversed": [True, False, False],
        "mean": [4.126, -0.5, np.nan],
        "n": [2043, 12, 0],
        "p_value": [0.0002, 0.04, 0.5],
    }
)


class TestPrinted:
    def test_headings_and_rounding_by_column(self):
        table = tables.printed(FRAME)
        assert list(table) == ["Item", "Reversed", "Mean", "n", "p"]
        assert table.to_numpy().tolist() == [
            ["L1", "yes", "4.13", "2,043", "< .001"],
            ["L|2", "", "−0.50", "12", ".040"],
            ["S_1*", "", "–", "0", ".500"],
        ]

    def test_a_column_without_a_heading_of_its_own_gets_its_name(self):
        assert list(tables.printed(pd.DataFrame({"odd_name": [1.0]}))) == ["Odd name"]

    def test_chosen_columns_in_their_order(self):
        assert list(tables.printed(FRAME, ("n", "item", "not_here"))) == ["n", "Item"]

    def test_an_interval_in_one_cell(self):
        frame = pd.DataFrame({"ci_low": [-0.1, 0.5, np.nan], "ci_high": [0.2, 0.501, np.nan]})
        table = tables.printed(frame, ("ci_low..ci_high",))
        assert list(table) == ["95 % interval"]
        assert table.iloc[:, 0].tolist() == ["−0.10 to 0.20", "0.50", "–"]

    def test_no_rows_and_no_columns(self):
        assert tables.printed(FRAME.iloc[:0]).shape == (0, 5)
        assert tables.printed(pd.DataFrame()).shape == (0, 0)

    @pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, np.float32("nan")])
    def test_every_kind_of_missing_is_a_dash(self, missing):
        assert tables.printed(pd.DataFrame({"unit": pd.Series([missing], dtype=object)})).iloc[0, 0] == "–"

    @pytest.mark.parametrize("dtype", ["float32", "Float64", "Int64"])
    def test_missing_numbers_of_every_type_are_dashes(self, dtype):
        assert tables.printed(pd.DataFrame({"mean": pd.Series([None, 1], dtype=dtype)})).iloc[0, 0] == "–"

    def test_hidden_rows_show_neither_numbers_nor_truth_values(self):
        frame = FRAME.assign(hidden=[True, False, False])
        table = tables.printed(frame)
        assert table.iloc[0].tolist() == ["L1", "hidden", "hidden", "hidden", "hidden"]
        pd.testing.assert_frame_equal(table.iloc[1:], tables.printed(FRAME).iloc[1:])
        assert tables.printed(frame.assign(ci_low=1.0, ci_high=2.0), ("ci_low..ci_high",)).iloc[0, 0] == "hidden"

    def test_the_frame_is_not_changed(self):
        before = FRAME.copy()
        tables.printed(FRAME)
        pd.testing.assert_frame_equal(FRAME, before)


TABLE = tables.printed(FRAME)
ODD = pd.DataFrame({"A<b>": ['<script>"&'], "Unit": ["5th & last"], "n": ["3"]})


class TestAsText:
    def test_golden(self):
        assert tables.as_text(TABLE) == (
            "Item  Reversed   Mean      n       p\n"
            "------------------------------------\n"
            "L1    yes        4.13  2,043  < .001\n"
            "L|2             −0.50     12    .040\n"
            "S_1*                –      0    .500"
        )

    def test_no_rows(self):
        assert tables.as_text(TABLE.iloc[:0]) == "(no rows)"


class TestAsHtml:
    def test_golden(self):
        left, right = ' style="text-align:left"', ' style="text-align:right"'
        number = ' style="text-align:right;white-space:nowrap"'
        name = ' style="text-align:left;white-space:nowrap"'
        assert tables.as_html(TABLE.iloc[:1, [0, 2, 4]], title="T", note="N") == (
            '<div class="cx-result"><table class="cx-table"><caption>T</caption>\n'
            f"<thead><tr><th scope=col{left}>Item</th><th scope=col{right}>Mean</th><th scope=col{right}>p</th></tr>"
            "</thead>\n<tbody>\n"
            f"<tr><td{name}>L1</td><td{number}>4.13</td><td{number}>&lt; .001</td></tr>\n"
            '</tbody></table><p class="cx-note">N</p></div>'
        )

    def test_everything_is_escaped(self):
        page = tables.as_html(ODD, title="<i>", note='"<u>"')
        for escaped in ("A&lt;b&gt;", "&lt;script&gt;&quot;&amp;", "&lt;i&gt;", "&quot;&lt;u&gt;&quot;"):
            assert escaped in page
        for raw in ("<script", "<i>", "<u>", "<b>"):
            assert raw not in page

    def test_groups_become_headings(self):
        table = pd.DataFrame({"Dimension": ["<A>", "<A>", "B"], "Item": ["1", "2", "3"]})
        page = tables.as_html(table, title="T", group="Dimension")
        assert page.count('class="cx-group"') == 2
        assert page.count("&lt;A&gt;") == 1
        assert "Dimension" not in page
        assert [page.index(part) for part in ("&lt;A&gt;", ">1<", ">2<", ">B<", ">3<")] == sorted(
            page.index(part) for part in ("&lt;A&gt;", ">1<", ">2<", ">B<", ">3<")
        )

    def test_no_rows(self):
        assert "<tbody>\n\n</tbody>" in tables.as_html(TABLE.iloc[:0], title="T")


def test_markdown():
    assert tables.as_markdown(TABLE, title="T_1", note="r*wg(J)\n| x") == (
        "**T\\_1**\n"
        "\n"
        "| Item | Reversed | Mean | n | p |\n"
        "| :--- | :--- | ---: | ---: | ---: |\n"
        "| L1 | yes | 4.13 | 2,043 | \\< .001 |\n"
        "| L\\|2 |  | −0.50 | 12 | .040 |\n"
        "| S\\_1\\* |  | – | 0 | .500 |\n"
        "\n"
        "*r\\*wg(J) \\| x*\n"
    )


def test_latex():
    assert tables.as_latex(TABLE, title="α & χ² 5 %", note="{a}_b ~^\\ $#") == (
        "\\begin{table}\n"
        "\\caption{$\\alpha$ \\& $\\chi$$^2$ 5 \\%}\n"
        "\\begin{tabular}{llrrr}\n"
        "\\toprule\n"
        "Item & Reversed & Mean & n & p \\\\\n"
        "\\midrule\n"
        "L1 & yes & 4.13 & 2,043 & $<$ .001 \\\\\n"
        "L$|$2 &  & $-$0.50 & 12 & .040 \\\\\n"
        "S\\_1* &  & -- & 0 & .500 \\\\\n"
        "\\bottomrule\n"
        "\\end{tabular}\n"
        "\\par\\footnotesize \\{a\\}\\_b \\~{}\\^{}\\textbackslash{} \\$\\#\n"
        "\\end{table}\n"
    )


def test_the_first_column_names_rows_even_by_numbers():
    assert tables.right_aligned(pd.DataFrame({"a": ["1"], "b": ["2"], "c": ["–"], "d": ["x"]})) == [
        False, True, True, False,
    ]  # fmt: skip


def test_headings_are_said_once():
    assert all(column.heading.strip() == column.heading != "" for column in COLUMNS.values())
    assert list(COLUMNS) == [name.lower() for name in COLUMNS]


def test_a_column_of_counts_is_printed_whole_whatever_its_name():
    table = tables.printed(
        pd.DataFrame({"components": [0, 1], "never_heard_of": [3, 12], "unnamed_share": [0.5, 0.25]})
    )
    assert table.to_numpy().tolist() == [["0", "3", "0.50"], ["1", "12", "0.25"]]


@pytest.mark.parametrize("bound", [0.0, 0.1, -0.5])
@pytest.mark.parametrize("off", [-0.3, -0.004, -0.0004, -0.00004, 0.00004, 0.0004, 0.004, 0.3])
def test_a_value_off_a_bound_is_not_printed_at_it(bound, off):
    printed = float(rounding.clear_of(bound + off, bound).replace("−", "-"))
    assert (printed - bound) * off > 0
    assert rounding.clear_of(bound, bound) == rounding.TWO_DIGITS(bound)
