"""Small notebooks such as papermill is given, with what goes well and wrong in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import nbformat

from tests.running.building import code, words

FILES = {
    "beside.py": "value = 7\n",
    "in.csv": "a,b\n1,2\n",
    "failing.py": "raise RuntimeError('from a script')\n",
}
"""What lies beside the notebooks."""
_PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="  # one dot
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


@dataclass(frozen=True)
class Small:
    """A notebook, and the parameters that its caller sets."""

    cells: tuple[Any, ...]
    given: dict[str, Any] = field(default_factory=dict)
    kernel: dict[str, str] | None = field(default_factory=lambda: dict(PYTHON))
    language: str = "python"

    def node(self) -> nbformat.NotebookNode:
        """The notebook itself."""
        made = nbformat.v4.new_notebook()
        if self.kernel is not None:
            made.metadata.kernelspec = dict(self.kernel)
            made.metadata.language_info = {"name": self.language}
        made.cells = [code(cell) if isinstance(cell, str) else cell for cell in self.cells]
        for number, cell in enumerate(made.cells):
            cell.id = f"cell-{number}"
        return made


def _small(*cells: Any, **options: Any) -> Small:
    return Small(cells, **options)


NOTEBOOKS: dict[str, Small] = {
    "widgets": _small(
        "from ipywidgets import IntSlider, Output\nslider = IntSlider(value=3)\nslider.value",
        "out = Output()\nwith out:\n    print('inside')\nprint('after')",
    ),
    "magics": _small("%precision 2\n3.14159", "%%capture said\nprint('unseen')", "said.stdout", "%alias_magic t time"),
    "shell": _small("!echo from the shell", "lines = !printf 'a\\nb\\n'\nlist(lines)", "!false", "print('on')"),
    "module beside": _small("import beside\nbeside.value"),
    "file beside": _small("print(open('in.csv').read())"),
    "image": _small(f"import base64\nfrom IPython.display import Image\nImage(base64.b64decode('{_PIXEL}'))"),
    "figure": _small("import matplotlib.pyplot as plt\nfig, ax = plt.subplots(figsize=(2, 1))\nax.plot([1, 2]);"),
    "exit by 0": _small("print(1)", "import sys\nsys.exit(0)", "print(2)"),
    "exit without status": _small("import sys\ndef leave():\n    sys.exit()\nleave()", "print(2)"),
    "exit raised": _small("raise SystemExit", "print(2)"),
    "exit by 1": _small("import sys\nsys.exit(1)", "print(2)"),
    "exit by a text": _small("import sys\nsys.exit('nothing to do')", "print(2)"),
    "exit by None": _small("import sys\nsys.exit(None)", "print(2)"),
    "exit()": _small("print(1)", "exit()", "print(2)"),
    "quit": _small("print(1)", "quit", "print(2)"),
    "exit at the end": _small("print(1)", "exit()"),
    "exit of the process": _small("import os\nos._exit(0)", "print(2)"),
    "another kernel": _small("print(1)", kernel={**PYTHON, "name": "conda-env-study-py"}),
    "no kernel": _small("print(1)", kernel=None),
    "another language": _small("cat(1)", kernel={"name": "ir", "display_name": "R", "language": "R"}, language="R"),
    "large output": _small("print('x' * 5_000)", "list(range(1000))"),
    "many lines": _small("for k in range(1000):\n    print(k)"),
    "display that raises": _small(
        "class Broken:\n    def _repr_html_(self):\n        raise ValueError('no table')\nBroken()", "print('on')"
    ),
    "input": _small("name = input('Who? ')", "print(2)"),
    "warnings": _small("import warnings\nwarnings.warn('careful')\nprint('on')"),
    "standard error": _small("import sys\nprint('out')\nprint('err', file=sys.stderr)"),
    "unknown magic": _small("%nosuch", "print(2)"),
    "unknown cell magic": _small("%%nosuch\nx = 1", "print(2)"),
    "magic of wrong use": _small("%cd /no/such/folder", "print(2)"),
    "extension that is missing": _small("%load_ext nosuch", "print(2)"),
    "script that fails": _small("%run failing.py", "print(2)"),
    "bash that fails": _small("%%bash\necho before\nexit 3", "print(2)"),
    "await": _small("import asyncio\nawait asyncio.sleep(0.01)\nasync def f():\n    return 3\nawait f()"),
    "html": _small(
        "from IPython.display import HTML, Markdown, Latex, display\ndisplay(HTML('<b>a</b>'), Markdown('*b*'))",
        "display(Latex('$x$'))\nHTML('<script>1</script>')",
    ),
    "updated display": _small(
        "from IPython.display import display, clear_output\nhandle = display('one', display_id='d')\n"
        "handle.update('two')\nprint('gone')\nclear_output()\nprint('stays')"
    ),
    "empty": _small(),
    "empty cells": _small("", "   ", "# nothing"),
    "no parameters cell": _small("print(1)"),
    "no parameters cell, one set": _small("x = 1\nprint(x)", given={"x": 5}),
    "two parameters cells": _small(
        code("x = 1", "parameters"), code("x = 2", "parameters"), "print(x)", given={"x": 5}
    ),
    "parameters cell not first": _small("import os", code("x = 1", "parameters"), "print(x)", given={"x": 5}),
    "injected before": _small(
        code("x = 1", "parameters"), code("x = 3", "injected-parameters"), "print(x)", given={"x": 5}
    ),
    "a name that is misspelt": _small(code("seed = 1", "parameters"), "print(seed)", given={"sed": 5}),
    "a value of another kind": _small(code("seed = 1", "parameters"), "print(seed)", given={"seed": "five"}),
    "markdown only": _small(words("# Title"), words("Text.")),
    "raw cells": _small(nbformat.v4.new_raw_cell("raw"), "print(1)"),
    "meant to raise": _small(code("1 / 0", "raises-exception"), "print('on')"),
    "raises": _small("def f():\n    raise KeyError('k')", "f()", "print(2)"),
    "raises from another": _small("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise ValueError('b') from e"),
    "not Python": _small("x = = 1", "print(2)"),
    "shown traceback": _small("try:\n    1 / 0\nexcept Exception:\n    get_ipython().showtraceback()", "print('on')"),
    "carriage returns": _small("for k in range(3):\n    print(k, end='\\r')\nprint('done')"),
    "thread": _small("import threading\nt = threading.Thread(target=print, args=('t',))\nt.start()\nt.join()"),
    "child process": _small("import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'print(3)'], check=True);"),
    "logging": _small("import logging\nlogging.warning('careful')"),
    "table": _small("import pandas as pd\npd.DataFrame({'a': [1, 2]})"),
    "other letters": _small("print('Zürich – 東京 🙂')", "'\\ud83d'"),
    "assertion": _small("assert 1 == 2, 'not equal'"),
    "interrupted by itself": _small("raise KeyboardInterrupt", "print(2)"),
}
"""What it shows -> the notebook."""

_GOES_ON = "contained runs give every cell its turn, also after one that fails"
_ENDS = "a clean stop here; in papermill the kernel leaves while the next cells run, and how that ends is chance"
_CHECKED = "parameters are checked before anything runs"

REASONS: dict[str, str] = {
    "widgets": "what an `Output` widget has caught is printed, as reports have no widgets",
    "exit by 1": _GOES_ON,
    "exit by a text": _GOES_ON,
    "input": _GOES_ON,
    "unknown magic": _GOES_ON,
    "unknown cell magic": _GOES_ON,
    "extension that is missing": _GOES_ON,
    "bash that fails": _GOES_ON,
    "raises": _GOES_ON,
    "not Python": _GOES_ON,
    "interrupted by itself": _GOES_ON,
    "magic of wrong use": "contained runs work in a folder of their own, which IPython names here",
    "exit()": _ENDS,
    "quit": _ENDS,
    "exit at the end": _ENDS,
    "another kernel": "the kernel is always this Python",
    "no kernel": "the kernel is always this Python",
    "no parameters cell, one set": _CHECKED,
    "a name that is misspelt": _CHECKED,
    "a value of another kind": _CHECKED,
    "meant to raise": "the cell is tagged `raises-exception`, which papermill runs on after and fails for at the end",
}
"""What comes out otherwise than by papermill, and why that is better."""
