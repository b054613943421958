"""Parameters cells such as people write for papermill: 45 of them, each with what a caller may override."""

from __future__ import annotations

from typing import Any

SHOW = (
    "hidden = ('In', 'Out', 'exit', 'quit', 'get_ipython', 'open', 'hidden')\n"
    "print({name: value for name, value in sorted(globals().items()) if name[0] != '_' and name not in hidden\n"
    "       and not callable(value) and not hasattr(value, '__loader__')})"
)
"""What the notebook of each cell does next: print all that the cell has set."""

CELLS: dict[str, tuple[str, dict[str, Any]]] = {
    "numbers": ("alpha = 0.05\nn_boot = 2000\nseed = 42", {"seed": 7}),
    "arithmetic": ("seconds = 60 * 60\ncache = 2 ** 20\nhalf = 1 / 2", {"seconds": 5}),
    "tuples": ("figsize = (12, 6)\nlimits = (0, None)", {"figsize": [3, 4]}),
    "f-string": ('year = 2024\nsource = f"data/{year}/sales.csv"', {"source": "mine.csv"}),
    "dates": (
        "import datetime\nstart = datetime.date(2024, 1, 1)\nend = datetime.date(2024, 12, 31)",
        {"end": "later"},
    ),
    "comments": ("# Where the data are\n# (ask the team)\ninput_path = 'in.csv'  # csv\noutput_path = None\n#", {}),
    "annotations": ('threshold: float = 1\nlabel: str = "a"\nrounds: int = 3', {"threshold": 0.5, "rounds": 4}),
    "dict of several lines": ('model = {\n    "depth": 3,  # levels\n    "eta": 0.1,\n}', {"model": {"depth": 5}}),
    "paths": ("from pathlib import Path\ndata_dir = Path('data')\nreport = data_dir / 'r.html'", {"data_dir": "other"}),
    "nothing yet": ("upstream = None\nproduct = None", {"product": {"nb": "out.ipynb"}}),
    "typing": (
        "from typing import Optional, List\nlimit: Optional[int] = None\nitems: List[str] = ['a']",
        {"limit": 3},
    ),
    "environment": ("import os\nregion = os.environ.get('NO_SUCH_REGION', 'EU')", {"region": "US"}),
    "today": ("import datetime\nday = datetime.date.today()\nis_set = day is not None", {"day": "2024-02-29"}),
    "numpy": ("import numpy as np\ngrid = np.linspace(0, 1, 5)\nstep = np.float64(0.5)", {"step": 0.25}),
    "semicolons": ("a = 1; b = 2; c = 'x'", {"b": 9}),
    "magic": ("%matplotlib inline\nsize = 3", {"size": 4}),
    "written numbers": ("rate = 1e-3\nshift = -5\nbig = 1_000_000\nmask = 0xFF", {"shift": -6}),
    "type comment": ("x = None  # type: int  how many\ny = 2", {"x": 3}),
    "chained": ("a = b = 0", {"a": 1}),
    "unpacked": ("low, high = 0.1, 0.9", {"high": 0.8}),
    "condition": ("debug = False\nif debug:\n    n = 10\nelse:\n    n = 1000", {"n": 5}),
    "comprehension": ("years = [2020 + k for k in range(5)]", {"years": [2024]}),
    "long text": ('query = """\nSELECT *\nFROM t -- 100 %\nWHERE x > 1\n"""', {"query": "SELECT 1"}),
    "raw text": ("folder = r'C:\\data\\in'\nname = 'it\\'s'", {"name": 'a "b"'}),
    "other literals": ("raw = b'x'\nletters = {'a'}\nz = 2j\nnumbered = {1: 'a'}", {}),
    "set twice": ("n = 10\nn = 20", {"n": 30}),
    "try": ("try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\nn = 1", {"n": 2}),
    "function": ("def usual():\n    inner = 2\n    return inner\nn = usual()", {"n": 3}),
    "lambda": ("key = lambda row: row['x']\nn = 1", {"n": 2}),
    "constructors": ("options = dict(a=1, b='x')\nnames = list('ab')\ncode = str(7)", {"code": "8"}),
    "logic": ("verbose = not True\nis_small = 1 < 2\nboth = verbose and is_small", {"verbose": True}),
    "inline condition": ("region = 'EU' if 1 else 'US'", {"region": "ASIA"}),
    "docstring": ('"""Parameters of this report."""\nn = 1', {"n": 2}),
    "speaking": ("print('parameters read')\nn = 1", {"n": 2}),
    "shell": ("!echo ready\nn = 1", {"n": 2}),
    "cell magic": ("%%capture\nn = 1\nprint('unseen')", {"n": 2}),
    "empty": ("# Parameters\n", {}),
    "json": ("import json\nsettings = json.loads('{\"a\": [1, 2]}')", {"settings": {"a": [3]}}),
    "other letters": ("größe = 3\nstadt = 'Zürich'", {"stadt": "Köln"}),
    "converted": ("import os\nworkers = int(os.environ.get('NO_SUCH_COUNT', '4'))", {"workers": 2}),
    "differences of dates": (
        "from datetime import datetime, timedelta\nlast = datetime(2024, 1, 31)\nfirst = last - timedelta(days=30)",
        {"last": "2024-03-01"},
    ),
    "nested": ("grid = [[1, 2], [3, (4, 5)]]\nconfig = {'a': {'b': [None, True]}}", {"grid": [[1]]}),
    "assertion": ("n = 3\nassert n > 2", {"n": 4}),
    "grown": ("n = 1\nn += 1\nitems = []\nitems.append(n)\nd = {}\nd['a'] = n", {"n": 5}),
    "loop": ("total = 0\nfor k in range(3):\n    total += k", {"total": 9}),
    "pandas": ("import pandas as pd\nday = pd.Timestamp('2024-01-31')\nrows = pd.Series([1, 2]).sum()", {"rows": 4}),
}
"""Name of the style -> the cell, and what is overridden."""
