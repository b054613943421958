"""What a kernel computed with: the packages that it loaded, its linear algebra, its processor, its fonts and style.

This runs in the kernel, after the last cell. What is not available there is left out: a report never fails for it.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from cxkit.files import sha256_of

QUESTION = f"__import__({__name__!r}, fromlist=['in_json']).in_json()"
"""The expression that asks a kernel for all of it."""


def in_json() -> str:
    """Everything as one text, which passes from the kernel to its client."""
    parts: Mapping[str, Callable[[], Any]] = {
        "versions": loaded_versions,
        "blas": linear_algebra,
        "simd": vector_extensions,
        "fonts": fonts_in_use,
        "style": style_in_use,
    }
    return json.dumps({name: told for name, part in parts.items() if (told := _asked(part)) is not None})


def _asked(part: Callable[[], Any]) -> Any:
    try:
        return part()
    except Exception:  # whatever a library of another version says: what it does not tell is not recorded
        return None


def loaded_versions() -> dict[str, str]:
    """Python, and every distribution of which a module is loaded, with its version.

    cxkit is named apart: where it is installed from a checkout no list tells which modules it has.
    """
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    owners = packages_distributions()
    names = {owner for top in tops for owner in owners.get(top, ())} | {"cxkit"}
    told = {name.lower(): version(name) for name in names}
    return {"python": platform.python_version(), **dict(sorted(told.items()))}


def linear_algebra() -> list[str]:
    """The libraries for linear algebra, each with its version and the processor that its code is made for."""
    from threadpoolctl import threadpool_info

    found = set()
    for one in threadpool_info():
        if one.get("user_api") == "blas":
            words = (one.get("internal_api"), one.get("version"), one.get("architecture"))
            found.add(" ".join(str(word) for word in words if word))
    return sorted(found)


def vector_extensions() -> list[str]:
    """The extensions of the processor that numpy's own loops use."""
    import numpy as np

    told = np.show_config(mode="dicts")
    assert told is not None
    return sorted(told["SIMD Extensions"].get("found", []))


def fonts_in_use() -> dict[str, str]:
    """The file of the font that pictures are written in unless they say otherwise, by its name and hash."""
    if "matplotlib.font_manager" not in sys.modules:
        return {}
    from matplotlib import rcParams
    from matplotlib.font_manager import FontProperties, findfont

    path = Path(findfont(FontProperties(family=rcParams["font.family"])))
    return {path.name: sha256_of(path)}


def style_in_use() -> dict[str, str]:
    """What a settings file of matplotlib had set before the notebook began, where that is not matplotlib's own."""
    if "matplotlib" not in sys.modules:
        return {}
    from matplotlib import rcParamsDefault, rcParamsOrig

    usual = {name: str(value) for name, value in dict.items(rcParamsDefault)}
    own = {name: str(value) for name, value in dict.items(rcParamsOrig) if str(value) != usual.get(name)}
    return {name: value for name, value in sorted(own.items()) if not name.startswith("backend")}
