"""Every name of the first version that has another name now can still be had, with a warning."""

from __future__ import annotations

from importlib import import_module

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
        told = rf"bayes_a2m\.{module}\.{old} is .*{name} now"
        with pytest.warns(DeprecationWarning, match=told):
            got = getattr(home, old)
    assert got is getattr(import_module(f"bayes_a2m.{place}"), name)


def test_a_name_that_never_was_is_an_attribute_error() -> None:
    module = import_module("bayes_a2m.datasets.splits")
    with pytest.raises(AttributeError, match=r"'bayes_a2m\.datasets\.splits' has no attribute"):
        _ = module.nothing_of_the_kind
