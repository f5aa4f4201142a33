"""YAML files: plain values, in bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bayes_a2m.errors import InputError
from bayes_a2m.files.reading import read_text, reading

LIMIT = 2**20
"""Bytes that a YAML file may have."""

DEPTH = 40
"""How deep values may be nested."""

VALUES = 50_000
"""How many values there may be, with everything counted as often as it is referred to."""


class _BoundedLoader(yaml.SafeLoader):
    """The safe loader, which makes plain values alone, with bounds.

    A value may be referred to, and what refers to it may be referred to again, so that a few
    lines stand for billions of values: each reference counts for all that it stands for.
    """

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._values = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As the safe loader, counting."""
        is_reference = self.check_event(yaml.AliasEvent)
        before = self._values
        self._depth += 1
        if self._depth > DEPTH:
            raise InputError(f"is nested more than {DEPTH} deep")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if is_reference and id(node) not in self._sizes:
            raise InputError("refers to a part of itself that is not at its end yet")
        self._values += self._sizes[id(node)] if is_reference else 1
        if self._values > VALUES:
            raise InputError(f"stands for more than {VALUES:,} values")
        self._sizes.setdefault(id(node), self._values - before)
        return node


def parse_yaml(text: str) -> Any:
    """The value of a YAML text.

    Raises
    ------
    yaml.YAMLError, ValueError
        If it is no YAML, or a number or a date in it is none.
    InputError
        If it is nested too deep, or stands for too much.

    >>> parse_yaml("a: [1, 2.5, x]")
    {'a': [1, 2.5, 'x']}
    """
    loader = _BoundedLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def read_yaml(path: Path) -> Any:
    """The value of a YAML file.

    Raises
    ------
    InputError
        If it cannot be read, is no YAML, or exceeds the bounds.
    """
    text = read_text(path, "YAML", limit=LIMIT)
    with reading(path, "YAML"):
        return parse_yaml(text)
