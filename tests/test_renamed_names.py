"""Every name of the first version that has another name now can still be had, with a warning."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from bayes_a2m import renamed

ROWS = [(module, old, new) for module, names in renamed.NAMES.items() for old, new in names.items()]


@pytest.mark.parametrize(("module", "old", "new"), ROWS, ids=[f"{m}:{old}" for m, old, _ in ROWS])
def test_the_old_name_is_the_new_thing_and_warns(module: str, old: str, new: str) -> None:
    renamed.install()
    place, _, name = new.partition(":")
    home = import_module(f"bayes_a2m.{module}")
    if old in vars(home):  # the module itself still uses it
        got = vars(home)[old]
    else:
        told = rf"bayes_a2m\.{module}\.{old} is .*{re.escape(name)} now"
        with pytest.warns(DeprecationWarning, match=told):
            got = getattr(home, old)
    expected = getattr(import_module(f"bayes_a2m.{place}"), name.removesuffix("()"))
    if name.endswith("()"):
        assert got == expected()
    else:
        assert got is expected


PUBLIC = Path(__file__).parent / "fixtures" / "names_0_1_0.txt"
"""The public names of the first version: a module a line, and its names."""


def lost(line: str) -> set[str]:
    """The names of a module that can no longer be had."""
    module, *names = line.split()
    home = import_module("bayes_a2m" if module == "." else f"bayes_a2m.{module}")
    missing = {name for name in names if not hasattr(home, name)}
    return missing - set(renamed.GONE.get(module, {}))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_public_name_of_the_first_version_is_lost_without_a_word() -> None:
    lines = PUBLIC.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 200
    assert {line.split()[0]: lost(line) for line in lines if lost(line)} == {}


def test_a_name_that_is_gone_says_what_to_use() -> None:
    module = import_module("bayes_a2m.studies.differences")
    with pytest.raises(AttributeError, match=r"no attribute 'better_of': use .*\.better"):
        _ = module.better_of


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    module = import_module("bayes_a2m.datasets.splits")
    with pytest.raises(AttributeError, match=r"'bayes_a2m\.datasets\.splits' has no attribute"):
        _ = module.nothing_of_the_kind
