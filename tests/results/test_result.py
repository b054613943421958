"""What every result can do, shown on the smallest one: say, show, draw, and save whole or not at all."""

from __future__ import annotations

import csv
import dataclasses
import io
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar
from zipfile import ZipFile

import docx
import matplotlib as mpl
import numpy as np
import openpyxl
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from cxkit.errors import AnalysisError
from cxkit.results import figures, files, tables
from cxkit.results.result import Result
from cxkit.results.thresholds import ALPHA_NUNNALLY, Verdicts, judge
from cxkit.survey.survey import DataStamp

STAMP = DataStamp(name="culture <2024>", hash="0123456789ab")
FRAME = pd.DataFrame(
    {"item": ["L1", "=1+1", "<b>"], "alpha": [1 / 3, np.nan, 0.9], "n": [2043, 12, 0], "reversed": [True, False, False]}
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Tiny(Result):
    title: ClassVar[str] = "Tiny & small"
    cites: ClassVar[tuple[str, ...]] = ("cronbach1951",)

    @property
    def text(self) -> str:
        return 'Alpha is "0.33" <fine>.'


class Drawn(Tiny):
    def draw(self, axes: Axes) -> None:
        axes.barh(range(len(self.frame)), self.frame["n"])


def tiny(kind: type[Tiny] = Tiny, **fields: object) -> Tiny:
    return kind(**{"frame": FRAME, "n": 1234, "settings": {}, "data": STAMP, **fields})


@pytest.fixture(autouse=True)
def _no_figures_left():
    plt.close("all")  # what other files of tests left open
    yield
    plt.close("all")


class TestWhatItSays:
    def test_str(self):
        assert str(tiny()) == (
            "Tiny & small\n"
            "Item     α      n  Reversed\n"
            "---------------------------\n"
            "L1    0.33  2,043  yes\n"
            "=1+1     –     12\n"
            "<b>   0.90      0\n"
            "n = 1,234. Data: culture <2024>, answers 0123456789ab. Sources: Cronbach 1951."
        )

    @pytest.mark.parametrize(
        ("fields", "note"),
        [
            ({"n_dropped": 3}, "n = 1,234, 3 dropped for missing answers. Data: culture <2024>, answers 0123456789ab. "
                               "Sources: Cronbach 1951."),
            (
                {"data": dataclasses.replace(STAMP, synthetic=True, has_weights=True)},
                "Synthetic data. n = 1,234. Data: culture <2024> (synthetic), answers 0123456789ab. Weights are not "
                "used. Sources: Cronbach 1951.",
            ),
            (
                {"verdicts": judge(ALPHA_NUNNALLY, ["a", "b"], [0.5, 0.9])},
                "n = 1,234. Data: culture <2024>, answers 0123456789ab. "
                "Sources: Cronbach 1951; Nunnally & Bernstein 1994.",
            ),
        ],
    )  # fmt: skip
    def test_note(self, fields, note):
        assert tiny(**fields).note == note

    def test_references_are_those_of_the_method_and_then_of_the_cut_offs_each_once(self):
        assert tiny(verdicts=judge(ALPHA_NUNNALLY, ["a", "b"], [0.5, 0.9])).references == (
            "cronbach1951", "nunnally1994",
        )  # fmt: skip
        assert tiny(verdicts=Verdicts()).references == ("cronbach1951",)

    def test_html_is_escaped_and_the_same_every_time(self):
        page = tiny()._repr_html_()
        assert page == tiny()._repr_html_()
        assert "<caption>Tiny &amp; small</caption>" in page
        assert "culture &lt;2024&gt;" in page
        assert "<b>" not in page

    def test_it_cannot_be_changed_and_has_no_positions(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            tiny().n = 3
        with pytest.raises(TypeError):
            Tiny(FRAME)


class TestFigures:
    def test_on_new_axes_and_on_given_ones(self):
        assert isinstance(tiny(Drawn).plot(), Axes)
        _, ax = plt.subplots()
        assert tiny(Drawn).plot(ax) is ax
        assert len(ax.patches) == 3

    def test_synthetic_data_are_marked_in_the_picture(self):
        made = tiny(Drawn, data=dataclasses.replace(STAMP, synthetic=True))
        assert [text.get_text() for text in made.plot().texts] == ["synthetic data"]
        assert [text.get_text() for text in tiny(Drawn).plot().texts] == []
        assert made.picture().caption.startswith("Tiny & small. Synthetic data. n = 1,234.")

    def test_without_a_figure_it_says_so_and_opens_none(self):
        for draw in (tiny().plot, tiny().picture):
            with pytest.raises(AnalysisError) as refused:
                draw()
            assert str(refused.value) == "There is no figure of 'Tiny & small'; its table is in .frame."
        assert plt.get_fignums() == []

    def test_a_picture_repeats_byte_by_byte_and_leaves_no_trace(self):
        before = dict(mpl.rcParams)
        first, second = tiny(Drawn).picture(), tiny(Drawn).picture()
        assert first.png == second.png
        assert first.png.startswith(b"\x89PNG")
        assert plt.get_fignums() == []
        assert dict(mpl.rcParams) == before

    def test_a_picture_is_described(self):
        picture = tiny(Drawn).picture()
        assert picture.alt == 'Alpha is "0.33" <fine>.'
        assert 'alt="Alpha is &quot;0.33&quot; &lt;fine&gt;."' in picture._repr_html_()
        assert repr(picture) == '[Figure: Alpha is "0.33" <fine>.]'
        assert isinstance(picture, figures.Picture)

    def test_more_rows_make_a_taller_figure(self):
        assert tiny().figure_size == tiny(frame=FRAME.iloc[:1]).figure_size
        assert tiny(frame=pd.concat([FRAME] * 9)).figure_size[1] > tiny().figure_size[1] * 3


SUFFIXES = (".csv", ".md", ".html", ".tex", ".xlsx", ".docx")


class TestWrite:
    def test_csv_is_not_rounded(self, tmp_path):
        path = tiny().write(tmp_path / "t.csv")
        assert path == tmp_path / "t.csv"
        assert path.read_bytes() == (
            b"item,alpha,n,reversed\nL1,0.3333333333333333,2043,True\n'=1+1,,12,False\n<b>,0.9,0,False\n"
        )
        read = pd.read_csv(path).replace({"item": {"'=1+1": "=1+1"}})  # the apostrophe keeps it from being a formula
        pd.testing.assert_frame_equal(read.astype({"item": object}), FRAME.astype({"item": object}))

    def test_text_formats_are_those_of_the_tables(self, tmp_path):
        one = tiny()
        kind = {"title": one.title, "note": one.note}
        assert one.write(tmp_path / "t.md").read_text() == tables.as_markdown(one.table, **kind)
        assert one.write(tmp_path / "t.tex").read_text() == tables.as_latex(one.table, **kind)
        page = one.write(tmp_path / "t.html").read_text()
        assert page.startswith('<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Tiny &amp; small</title>')
        assert one._repr_html_() in page

    def test_excel_holds_numbers_and_no_formulas(self, tmp_path):
        book = openpyxl.load_workbook(tiny().write(str(tmp_path / "t.xlsx")))
        rows = [list(row) for row in book.active.iter_rows(values_only=True)]
        assert rows[0][0] == "Tiny & small"
        assert rows[2:6] == [
            ["item", "alpha", "n", "reversed"],
            ["L1", 1 / 3, 2043, True],
            ["=1+1", None, 12, False],
            ["<b>", 0.9, 0, False],
        ]
        assert book.active["A5"].data_type == "s"
        assert rows[7][0] == tiny().note
        book.close()

    def test_excel_takes_any_scalar(self, tmp_path):
        odd = pd.DataFrame(
            {"item": ["a"], "when": [pd.Timestamp(2024, 5, 3)], "span": [pd.Interval(0, 1)], "x": [np.inf]}
        )
        book = openpyxl.load_workbook(tiny(frame=odd).write(tmp_path / "t.xlsx"))
        assert [cell.value for cell in book.active[4]] == ["a", "2024-05-03 00:00:00", "(0, 1]", "inf"]
        book.close()

    def test_word_holds_the_printed_table(self, tmp_path):
        document = docx.Document(str(tiny().write(tmp_path / "t.docx")))
        assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
            ["Item", "α", "n", "Reversed"],
            ["L1", "0.33", "2,043", "yes"],
            ["=1+1", "–", "12", ""],
            ["<b>", "0.90", "0", ""],
        ]
        assert [document.paragraphs[0].text, document.paragraphs[-1].text] == ["Tiny & small", tiny().note]

    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_bytes_repeat_whatever_the_time(self, tmp_path, monkeypatch, suffix):
        first = tiny().write(tmp_path / f"a{suffix}").read_bytes()
        later = time.time() + 86_400 * 400
        monkeypatch.setattr(time, "time", lambda: later)
        assert tiny().write(tmp_path / f"b{suffix.upper()}").read_bytes() == first
        if suffix in (".xlsx", ".docx"):
            with ZipFile(io.BytesIO(first)) as archive:
                assert {entry.date_time[:1] for entry in archive.infolist()} == {(1980,)}

    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_a_table_without_rows(self, tmp_path, suffix):
        assert tiny(frame=FRAME.iloc[:0]).write(tmp_path / f"t{suffix}").stat().st_size > 0

    def test_a_failing_writer_leaves_the_older_file(self, tmp_path, monkeypatch):
        path = tmp_path / "t.md"
        path.write_text("older")

        def fail(*_: object, **__: object) -> str:
            raise RuntimeError("no")

        monkeypatch.setattr(files, "as_markdown", fail)
        with pytest.raises(RuntimeError):
            tiny().write(path)
        assert path.read_text() == "older"
        assert [p.name for p in tmp_path.iterdir()] == ["t.md"]

    def test_a_full_disk_leaves_the_older_file_and_nothing_else(self, tmp_path, monkeypatch):
        path = tmp_path / "t.md"
        path.write_text("older")

        def fail(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(AnalysisError) as refused:
            tiny().write(path)
        assert str(refused.value) == f"'{path}' cannot be written: No space left on device."
        assert path.read_text() == "older"
        assert [p.name for p in tmp_path.iterdir()] == ["t.md"]

    def test_others_may_read_what_was_written(self, tmp_path):
        assert tiny().write(tmp_path / "t.csv").stat().st_mode & 0o777 == 0o644

    def test_paths_that_cannot_be_written(self, tmp_path):
        def refusal(path: Path) -> str:
            with pytest.raises(AnalysisError) as refused:
                tiny().write(path)
            return str(refused.value).replace(str(tmp_path), "here")

        assert refusal(tmp_path / "t.xls") == "'t.xls': tables are not written as '.xls'. Did you mean '.xlsx'?"
        assert refusal(tmp_path / "t.pdf") == (
            "'t.pdf': tables are not written as '.pdf'. Known: .csv, .md, .html, .tex, .xlsx, .docx."
        )
        assert refusal(tmp_path / "no" / "t.md") == "'here/no/t.md' cannot be written: there is no folder here/no."
        (tmp_path / "t.md").mkdir()
        assert refusal(tmp_path / "t.md") == "'here/t.md' cannot be written: Is a directory."


def test_nothing_of_the_result_changes():
    frame = FRAME.copy()
    one = tiny(Drawn, frame=frame)
    _ = str(one), one._repr_html_(), one.picture(), one.table
    pd.testing.assert_frame_equal(frame, FRAME)


def test_no_text_of_a_csv_file_is_a_formula():
    texts = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "Sales", "=~", "-", "-.32", "-5"]
    frame = pd.DataFrame({"=unit": pd.Series(texts), "mean": [-1.5] * len(texts)})
    rows = list(csv.reader(io.StringIO(files._csv(frame).decode(), newline="")))
    assert rows[0] == ["'=unit", "mean"]
    assert [row[0] for row in rows[1:]] == [*(f"'{text}" for text in texts[:5]), "'\n=1", *texts[6:]]
    assert {row[1] for row in rows[1:]} == {"-1.5"}
    units = pd.DataFrame({"unit": pd.Categorical(["=A1", "b"])})
    assert files._csv(units).decode() == "unit\n'=A1\nb\n"
