"""YAML files: plain values, in bounds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bayes_a2m.errors import InputError
from bayes_a2m.files.reading import read_text, reading

LIMIT = 4 * 2**20
"""Bytes that a YAML file may have."""

DEPTH = 40
"""How deep values may be nested."""

ALIASES = 100
"""References to other parts of a file; a few of references to references become billions."""


class _BoundedLoader(yaml.SafeLoader):
    """The safe loader, which makes plain values alone, with bounds."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._depth = self._aliases = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """As the safe loader, counting."""
        self._aliases += self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > DEPTH:
            raise InputError(f"is nested more than {DEPTH} deep")
        if self._aliases > ALIASES:
            raise InputError(f"refers to other parts of itself more than {ALIASES} times")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def parse_yaml(text: str) -> Any:
    """The value of a YAML text.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML.
    InputError
        If it is nested too deep, or refers to itself too often.

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
