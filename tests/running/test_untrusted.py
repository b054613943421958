"""Text from strangers: readable, writable, bounded; whatever they wrote."""

from __future__ import annotations

import ast
import json
import time
import tracemalloc

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxkit.errors import NotebookError
from cxkit.running.isolation.messages import TooMuch, size_of
from cxkit.running.notebooks import notebook
from cxkit.running.notebooks.notebook import read_notebook, tags
from cxkit.running.plan import plan_run
from cxkit.running.queue import batch
from cxkit.running.run import parameterised
from cxkit.running.untrusted import Unbounded, parts_of, read_json, text_of_repr, writable
from tests.running.building import code, words

ANY_TEXT = st.text(st.characters(categories=("L", "N", "P", "S", "Z", "Cc", "Cs")), max_size=20)
ANY_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(ANY_DATA)
@settings(max_examples=60, deadline=None)
def test_whatever_json_a_stranger_wrote_can_be_written_again(data):
    told = json.dumps(data)
    read = read_json(told)
    json.dumps(read, ensure_ascii=False).encode("utf-8")
    assert parts_of(told) >= 1
    if "\\ud" not in told:
        assert json.dumps(read) == told


def test_halves_of_a_character_that_belong_together_are_joined():
    assert writable("a\ud83d\ude00b\ud83d") == "a\U0001f600b\N{REPLACEMENT CHARACTER}"
    assert read_json(b'["\xed\xa0\xbd", "\\ud83d\\ude00"]') == ["\N{REPLACEMENT CHARACTER}", "\U0001f600"]


@pytest.mark.parametrize(
    "bomb",
    ["[" + "{}," * 1_400_000 + "{}]", '{"a":[' + "[]," * 1_400_000 + "[]]}", "[" * 100_000],
    ids=["empty dictionaries", "empty lists", "depth"],
)
def test_json_that_fills_memory_is_refused_before_it_is_read(bomb):
    tracemalloc.start()
    try:
        with pytest.raises(Unbounded):
            read_json(bomb, most_parts=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 3 * len(bomb) + (1 << 20)
    finally:
        tracemalloc.stop()


def test_commas_within_texts_are_no_values():
    table = json.dumps({"text/plain": "1,2,3\n" * 400_000})
    assert parts_of(table) < 10
    assert read_json(table)["text/plain"].startswith("1,2,3")


@given(ANY_TEXT)
def test_a_text_is_read_from_its_repr(text):
    assert text_of_repr(repr(text)) == writable(text)


@pytest.mark.parametrize("shown", ["", "'", "0", "[1]", "b'x'", "None", "'a", "'" + r"\U99999999" + "'"])
def test_what_is_no_repr_of_a_text_is_nothing(shown):
    assert text_of_repr(shown) is None


def test_a_long_row_of_numbers_in_place_of_a_text_costs_no_memory():
    """Through `ast.literal_eval` 1.5 million times "0," took 1.2 GB; here a tenth of that is shown."""
    shown = "0," * 20_000
    tracemalloc.start()
    try:
        ast.literal_eval(shown)
        harm = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert text_of_repr(shown) is None
        assert tracemalloc.get_traced_memory()[1] < harm / 5
    finally:
        tracemalloc.stop()
    assert harm > 50 * len(shown), "the attack itself is broken"


def test_every_value_of_a_message_is_charged_an_empty_one_as_well():
    assert size_of([[]] * 10_000) > 500_000
    assert size_of({"application/json": [{}] * 10_000}) > 500_000
    assert size_of("x" * 1000) >= 1000
    assert isinstance(TooMuch(), dict)


def test_metadata_of_the_wrong_kind_are_none(tmp_path):
    book = {"nbformat": 4, "cells": [{"cell_type": "code", "source": [1], "metadata": ["x"]}]}
    (tmp_path / "odd.ipynb").write_text(json.dumps(book))
    cell = read_notebook(tmp_path / "odd.ipynb")["cells"][0]
    assert (cell["metadata"], cell["source"], tags(cell)) == ({}, "1", [])
    assert tags({"metadata": {"tags": 5}}) == []


def test_half_an_emoji_in_a_text_cell_does_not_end_a_batch(write_notebook, tmp_path):
    """In a cell of markdown it ended a batch with "something went wrong inside cxkit"."""
    path = write_notebook(code("print('on')"), words("# A title"), to="half.ipynb")
    book = json.loads((tmp_path / "half.ipynb").read_text())
    book["cells"][-1]["source"] = "cut in half: \ud83d"
    (tmp_path / "half.ipynb").write_text(json.dumps(book))
    with pytest.raises(UnicodeEncodeError):
        nbformat.writes(nbformat.read(path, as_version=4)).encode("utf-8")
    run = parameterised(plan_run(path))
    nbformat.writes(run).encode("utf-8")
    assert run.cells[-1].source == "cut in half: \N{REPLACEMENT CHARACTER}"


def test_output_that_breaks_the_report_fails_its_own_run_and_the_next_goes_on(write_notebook, monkeypatch):
    write_notebook(code("print('on')"), to="a.ipynb")
    left = batch.Executed(None, "", 1.0)
    task = batch._Task.planned(batch.PlannedRun(name="a", notebook=batch.Path("a.ipynb")), batch.Path("out"), "html")
    monkeypatch.setattr(batch._Task, "_completed", lambda *_: "\ud83d".encode())
    record = task.finished(batch.Outcome("a", value=left), "contained")
    assert record.state == "failed"
    assert record.note.startswith("its output cannot be written: UnicodeEncodeError")
    record.note.encode()


def test_metadata_without_end_cost_a_run_no_memory_and_no_time(tmp_path):
    """4 MB of empty dictionaries in a notebook's metadata took 3.5 GB and 136 s; here an eighth of that is shown."""
    many = [{}] * 80_000
    cell = {"cell_type": "code", "id": "a", "source": "x = 1", "metadata": {"y": many, "tags": ["parameters"]}}
    text = {"cell_type": "markdown", "source": ["# A", " title"], "metadata": {}, "attachments": {"a": many}, "z": many}
    odd = {"cell_type": "code", "source": "y = 2", "metadata": [], "outputs": many, "execution_count": None}
    own = {"cxkit": {"language": "de"}, "kernelspec": {"name": "python3", "display_name": "x"}, "many": many}
    book = {"nbformat": 4, "nbformat_minor": 5, "metadata": own, "cells": [cell, text, odd]}
    path = tmp_path / "heavy.ipynb"
    path.write_text(json.dumps(book))
    tracemalloc.start()
    began = time.process_time()
    try:
        light = parameterised(plan_run(path, {"x": 2}))
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - began < 20, "it took eighty"
    assert [one.source.splitlines()[-1] for one in light.cells] == ["x = 1", "x = 2", "# A title", "y = 2"]
    assert light.cells[0].metadata.tags == ["parameters"]
    assert light.metadata.cxkit == {"language": "de"}
    assert "many" not in light.metadata


def test_a_notebook_of_ordinary_size_keeps_its_metadata(write_notebook):
    path = write_notebook(code("x"), words("# A"))
    book = json.loads(path.read_text())
    book["metadata"]["own"] = {"a": [1, {"b": 2}]}
    path.write_text(json.dumps(book))
    assert parameterised(plan_run(path)).metadata.own == {"a": [1, {"b": 2}]}


def test_a_file_of_too_many_values_or_too_large_is_no_notebook(tmp_path, monkeypatch):
    path = tmp_path / "a.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "cells": [], "metadata": {"x": [[]] * 200_000}}))
    monkeypatch.setattr(notebook, "MOST_VALUES", 150_000)
    with pytest.raises(NotebookError, match="more than 150,000 values; clear its outputs"):
        read_notebook(path)
    monkeypatch.setattr(notebook, "LARGEST", 1 << 18)
    with pytest.raises(NotebookError, match="larger than 0 MB. Clear its outputs"):
        read_notebook(path)
