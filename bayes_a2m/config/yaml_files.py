"""YAML files that inherit from one another, with dotted overrides and errors in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from bayes_a2m.errors import InputError, suggest
from bayes_a2m.files import is_given
from bayes_a2m.files.atomic import real_path
from bayes_a2m.files.yaml import parse_yaml, read_yaml

Find: TypeAlias = Callable[[str], Path]
"""A function that finds the file of a name that ships."""

BASES = 20
"""How many files may inherit from one another."""


def shipped_files() -> dict[str, Path]:
    """The files of the experiments and studies that ship, by name."""
    folder = Path(str(resources.files("bayes_a2m.experiments")))
    return {p.stem: p for p in sorted(folder.glob("*.yaml"))}


def is_study(path: Path) -> bool:
    """Whether a file that ships is a study: it has arms."""
    values = read_yaml(path)
    return isinstance(values, dict) and "arms" in values


def find_file(
    name: str | Path, known: Mapping[str, Path], *, what: str, hints: Mapping[str, str]
) -> Path:
    """Find the file that is meant: a path as it is, or a name that ships.

    Parameters
    ----------
    name
        A path, or one of ``known``.
    known
        The files that ship, by name.
    what
        The kind of file that is looked for, in a word, for the error.
    hints
        Messages for names that are something else.

    Raises
    ------
    InputError
        If there is neither (the nearest name is suggested).
    """
    path, word = Path(name), str(name)
    if is_given(path) and not (path.is_dir() and path.suffix not in (".yaml", ".yml")):
        return path  # a folder may have the name of what ships
    if path.suffix in (".yaml", ".yml"):
        raise InputError(f"{path}: no such {what} file")
    if word in known:
        return known[word]
    if word in hints:
        raise InputError(hints[word])
    raise InputError(
        f"no {what} called {word!r}{suggest(word, known)}; those that ship: "
        f"{', '.join(known)}; or give a YAML file"
    )


def read(path: Path, find: Find, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a file's values over those of its base.

    Parameters
    ----------
    path
        The file.
    find
        Finds a base that does not lie beside the file: a name that ships.
    seen
        The files whose bases led here.

    Raises
    ------
    InputError
        If a file is no mapping in YAML, or its bases lead back to itself.
    """
    if real_path(path) in seen:
        raise InputError(f"{path}: its base: leads back to itself")
    if len(seen) > BASES:
        raise InputError(f"{path}: its base: has a base, and so on, more than {BASES} times")
    values = read_yaml(path)
    values = {} if values is None else values
    if not isinstance(values, dict):
        raise InputError(f"{path}: an experiment is a mapping of settings")
    base = values.pop("base", None)
    if base is None:
        return values
    beside = path.parent / str(base)
    parent = beside if is_given(beside) and not beside.is_dir() else find(str(base))
    return _merged(read(parent, find, (*seen, real_path(path))), values)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``; a mapping with another ``name`` or ``kind`` replaces it."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _another(old, value):
            result[key] = _merged(old, value)
        else:
            result[key] = value
    return result


def _another(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether both name a thing, and not the same one."""
    return any(key in new and new[key] != old.get(key) for key in ("name", "kind"))


def override(values: dict[str, Any], setting: str) -> None:
    """Put ``a.b=c`` into nested values.

    Raises
    ------
    InputError
        If the setting is not written so, or ``a`` is no group of settings.
    """
    dotted, equals, text = setting.partition("=")
    keys = dotted.strip().split(".")
    if not equals or not all(keys):
        raise InputError(f"--set {setting}: write it as key.key=value")
    try:
        value = parse_yaml(text)
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        raise InputError(f"--set {setting}: the value is not YAML") from error
    if isinstance(value, str):
        value = _as_number(value)
    put(values, dotted.strip(), value, source=f"--set {setting}")


def put(values: dict[str, Any], dotted: str, value: Any, *, source: str) -> None:
    """Put a value under a dotted key; ``source`` is named in the error.

    A group that takes another ``name`` or ``kind`` (``network.name``) keeps its other settings.

    Raises
    ------
    InputError
        If a part of the key is no group of settings.

    >>> values = {"training": {"epochs": 30}}
    >>> put(values, "training.batch", 4, source="an example")
    >>> values
    {'training': {'epochs': 30, 'batch': 4}}
    """
    keys = dotted.split(".")
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise InputError(f"{source}: {key} is no group of settings")
        values = inner
    values[keys[-1]] = value


def _as_number(text: str) -> str | float:
    """YAML 1.1 reads ``3e-3`` as text, which nobody means."""
    try:
        return float(text)
    except ValueError:
        return text
