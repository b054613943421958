"""A report comes out the same on every processor: code for older ones, which this one runs, stands in for them.

`make report` and `cxkit verify out/reports` under the same variables try all reports, which takes minutes.
"""

from __future__ import annotations

import platform

import nbformat
import pytest

from cxkit.running.provenance.verify import verify_report
from cxkit.running.run import run_notebook
from tests.processors import PROCESSORS, flags
from tests.running.building import code, notebook_of

ANALYSES = [
    "import cxkit as cx\nfrom cxkit import sem\nsurvey = cx.load_survey('hs1939')",
    "cx.item_analysis(survey)",
    "cx.omega(survey)",
    "cx.exploratory_factors(survey, n_factors=3)",
    "cx.hierarchical_omega(survey)",
    "structure = cx.confirm_structure(survey)\nstructure",
    "cx.find_misfit(structure)",
    "cx.discriminant_validity(survey)",
    "cx.convergent_validity(survey)",
    # Saturated: what is 0 but for the last bits
    "fit = sem.sem('visual =~ x1 + x2 + x3', survey.answers)\ncx.declare('srmr', float(fit.measures['srmr']))",
    "sem.cfa('f =~ x1 + x2 + x3 + x4', survey.answers).modification_indices()",
    "lq = cx.load_survey('lq2002')\ncx.within_group_agreement(lq, by='organisation')",
    "cx.group_reliability(lq, by='organisation')",
    "norm = cx.build_norm(lq, leave_out='2')\nnorm",
    "cx.percentile_benchmark(lq.subset(organisation='2'), norm, seed=1)",
]
WITHOUT_AVX = {"NPY_DISABLE_CPU_FEATURES": "X86_V3", "OPENBLAS_CORETYPE": "Prescott"}

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64" or not flags(), reason="the kinds of processors are named here for one family"
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        nbformat.write(notebook_of(*map(code, ANALYSES)), "lesson.ipynb")
        run_notebook("lesson.ipynb", output="report.html", progress=False)
    return folder


@pytest.mark.parametrize("variables", [*PROCESSORS, WITHOUT_AVX], ids=lambda one: " ".join(one.values()))
def test_the_report_comes_out_the_same(made, variables, monkeypatch):
    monkeypatch.chdir(made)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = verify_report("report.html")
    assert found.findings == (), found.text
    assert found.compared >= len(ANALYSES) - 3
    is_ours = variables.get("OPENBLAS_CORETYPE") in {"Haswell", "Zen", "SkylakeX"}
    assert is_ours or any("linear algebra was" in one for one in found.remarks)
