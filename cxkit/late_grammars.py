"""Import nbformat without grammars that no notebook needs and that take longer than everything else of it.

nbformat checks notebooks by jsonschema, which imports `rfc3987_syntax` for the formats "iri" and "iri-reference"; that
module builds 38 parsers when it is imported (rfc3987-syntax 1.1: a second of computing). A stand-in takes its place,
and imports it when somebody asks for one of these formats, or for anything else in it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

GRAMMARS = "rfc3987_syntax"


def load_grammars_late() -> None:
    """Put the stand-in in place, unless the module is imported already or is not installed."""
    if GRAMMARS in sys.modules or find_spec(GRAMMARS) is None:
        return
    late = ModuleType(GRAMMARS, "A stand-in of cxkit.late_grammars, until the module is needed.")

    def whole() -> ModuleType:
        if sys.modules.get(GRAMMARS) is late:
            del sys.modules[GRAMMARS]
        return import_module(GRAMMARS)

    def is_valid_syntax(*args: Any, **kwargs: Any) -> Any:
        return whole().is_valid_syntax(*args, **kwargs)

    def other(name: str) -> Any:
        if name.startswith("__"):  # import asks a module for such names, to see whether it is a package
            raise AttributeError(name)
        return getattr(whole(), name)

    late.is_valid_syntax = is_valid_syntax  # type: ignore[attr-defined]  # jsonschema imports it by name
    late.__getattr__ = other  # type: ignore[method-assign]
    sys.modules[GRAMMARS] = late
