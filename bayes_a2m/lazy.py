"""Names of a package are loaded when they are first used, from its stub file.

The stub ``__init__.pyi`` lists them for type checkers, one line ``from .room import Name as Name``
each (SPEC 1 of Scientific Python, https://scientific-python.org/specs/spec-0001/). A dozen lines
stand here in place of its library, so that the runtime without torch has a dependency less.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

IMPORT = re.compile(r"from (\.[\w.]*) import (\w+) as \2")
"""A line of a stub file."""


def attach_stub(
    package: str, file: str
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make ``__getattr__``, ``__dir__`` and ``__all__`` of a package.

    Parameters
    ----------
    package, file
        ``__name__`` and ``__file__`` of the package.

    >>> get, _, names = attach_stub("bayes_a2m", str(Path(__file__).with_name("__init__.py")))
    >>> "Vocabulary" in names, get("Vocabulary").__name__
    (True, 'Vocabulary')
    """
    text = Path(file).with_suffix(".pyi").read_text(encoding="utf-8")
    places = {name: module for module, name in IMPORT.findall(text)}

    def load(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"No {package} attribute {name}")
        if places[name] == ".":
            return import_module(f"{package}.{name}")
        value = getattr(import_module(places[name], package), name)
        # kept, so that the next use costs nothing
        sys.modules[package].__dict__.setdefault(name, value)
        return value

    names = sorted(places)
    return load, lambda: names.copy(), names
