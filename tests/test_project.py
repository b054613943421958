"""The project's own files keep what they promise."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import cxkit as cx
from tools import house

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"matplotlib": "matplotlib-base", "factor-analyzer": "factor_analyzer"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def split(requirement: str) -> tuple[str, str]:
    name = re.match(r"[\w.-]+", requirement).group()
    return CONDA_NAMES.get(name, name), requirement[len(name) :]


def test_environment_yml_equals_pyproject():
    wanted = dict(
        map(
            split,
            [
                *PROJECT["dependencies"],
                *(
                    p
                    for extra in ("reports", "pdf", "spss", "ods", "cluster")
                    for p in PROJECT["optional-dependencies"][extra]
                ),
            ],
        )
    )
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    packages = dict(split(entry) for entry in listed if isinstance(entry, str))
    assert packages.pop("python") == PROJECT["requires-python"]
    assert packages.pop("pip") == ""
    assert packages == wanted


def test_the_lock_holds_every_dependency_with_hashes_and_no_addresses():
    lock = (ROOT / "constraints.txt").read_text()
    assert "://" not in lock
    locked = set(re.findall(r"^([\w.-]+)==", lock, flags=re.M))
    extras = [r for group in PROJECT["optional-dependencies"].values() for r in group]
    assert {re.match(r"[\w.-]+", r).group() for r in [*PROJECT["dependencies"], *extras]} <= locked
    entries = re.split(r"\n(?=[\w.-]+==)", lock)
    assert all("--hash=sha256:" in entry for entry in entries)


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cx.__version__ == PROJECT["version"] == str(citation["version"])
    assert f"## {cx.__version__}" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("module", ["cxkit", "cxkit.cli"])
def test_importing_loads_nothing_heavy(module):
    heavy = "numpy pandas scipy matplotlib seaborn sklearn factor_analyzer papermill nbformat IPython"
    code = f"import sys, {module}; print([m for m in '{heavy}'.split() if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_every_public_name_can_be_loaded_and_is_documented():
    for name in cx.__all__:
        value = getattr(cx, name)
        assert name == "__version__" or (value.__doc__ and len(value.__doc__) > 20), name
    assert set(cx.__all__) <= set(dir(cx))
    with pytest.raises(AttributeError, match="has no attribute 'cronbach'"):
        _ = cx.cronbach


def test_ci_is_make_targets_only_and_calls_the_readmes_test_command():
    steps = (ROOT / ".ci" / "run").read_text().splitlines()
    commands = [line for line in steps if line and not line.startswith(("#", "set "))]
    assert all(line.startswith("make ") for line in commands)
    assert any(line.endswith(" test") for line in commands)
    assert "make test" in (ROOT / "README.md").read_text()


def test_nobody_is_told_to_install_cxkit_from_an_index_where_it_is_not():
    """`pip install "cxkit[pdf]"` fails for whoever types it in another Python than cxkit's own."""
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("cxkit/**/*.py"), *ROOT.glob("notebooks/*.ipynb")]
    texts = {path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in files if path.name != "CHANGELOG.md"}
    assert [path for path, text in texts.items() if re.search(r"""pip install[^\w-]+cxkit""", text)] == []


def test_no_modules_import_each_other_in_a_circle():
    assert house.circles(house.import_graph()) == []


def test_a_circle_would_be_found_wherever_its_imports_stand(tmp_path):
    package = tmp_path / "cxkit"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text("def f():\n    from cxkit import two\n")
    (package / "two.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from cxkit.one import f\n"
    )
    assert house.circles(house.import_graph(tmp_path)) == [["cxkit.one", "cxkit.two"]]


ALONE = """
import sys
from importlib.abc import MetaPathFinder

GROUND = ("cxkit.sem", "cxkit.statistics", "cxkit.errors", "cxkit.kept", "cxkit.one_thread", "cxkit.ties",
          "cxkit.without_contents", "cxkit.factor_analyzer_guard")

class Blocked(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.startswith("cxkit.") and not name.startswith(GROUND):
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
import numpy as np, pandas as pd
from cxkit import sem

rng = np.random.default_rng(1)
factor = rng.standard_normal(300)
data = pd.DataFrame({f"x{k}": factor + rng.standard_normal(300) for k in range(1, 5)})
fit = sem.cfa("f =~ x1 + x2 + x3 + x4", data)
for name in ("estimates", "measures", "standardized", "text", "note"):
    getattr(fit, name)
fit.residuals("standardized"), fit.modification_indices(), fit.scores(), fit.reliability(), fit.bootstrap(10)
print(fit.df)
"""


def test_sem_runs_with_everything_else_of_cxkit_blocked():
    run = subprocess.run([sys.executable, "-c", ALONE], capture_output=True, text=True, check=False)
    assert (run.stdout.strip(), run.stderr) == ("2", "")
