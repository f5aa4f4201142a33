"""Classes and pitches, and what the classes are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary

pitch_sets = st.sets(st.integers(0, 127), min_size=1, max_size=13).map(lambda s: tuple(sorted(s)))


@settings(deadline=None)
@given(pitch_sets)
def test_classes_and_pitches_are_one_to_one(pitches: tuple[int, ...]) -> None:
    vocabulary = Vocabulary(pitches)
    assert len(vocabulary) == len(pitches) + 1 == len(vocabulary.names)
    assert [vocabulary.pitch_of(vocabulary.class_of(p)) for p in pitches] == list(pitches)
    assert [vocabulary.class_of(p) for p in pitches] == list(range(1, len(vocabulary)))
    assert len(set(vocabulary.names)) == len(vocabulary)


@pytest.mark.parametrize(
    ("pitch", "name"), [(0, "C-1"), (59, "B3"), (60, "C4"), (61, "C#4"), (69, "A4"), (127, "G9")]
)
def test_names_are_scientific(pitch: int, name: str) -> None:
    assert Vocabulary((pitch,)).names == ("silence", name)


def test_middle_c_may_be_called_otherwise() -> None:
    vocabulary = Vocabulary((48, 59, 60), middle_c="C3")
    assert vocabulary.names == ("silence", "C2", "B2", "C3")
    assert Vocabulary((0,), middle_c="C-1").names == ("silence", "C-6")


def test_pitches_from_numpy_become_plain() -> None:
    vocabulary = Vocabulary(tuple(np.array([60, 64])))
    assert vocabulary == Vocabulary((60, 64))
    assert all(type(p) is int for p in vocabulary.pitches)
    assert Vocabulary([60, 64]) == Vocabulary((60, 64))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pitches": ()}, "at least one MIDI number"),
        ({"pitches": (128,)}, "from 0 to 127"),
        ({"pitches": (-1, 60)}, "from 0 to 127"),
        ({"pitches": (64, 60)}, "ascend, each once"),
        ({"pitches": (60, 60)}, "ascend, each once"),
        ({"pitches": (60.5, 64)}, "whole MIDI numbers"),
        ({"pitches": "60"}, "whole MIDI numbers"),
        ({"middle_c": "A4"}, "must be a C"),
        ({"middle_c": "C"}, "must be a C"),
    ],
)
def test_what_is_no_vocabulary_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Vocabulary(**settings)


def test_strangers_are_refused() -> None:
    vocabulary = Vocabulary()
    with pytest.raises(InputError, match=r"62 \(D4\) is not in the vocabulary C4, E4, G4"):
        vocabulary.class_of(62)
    for klass in (0, 4, -1):
        with pytest.raises(InputError, match="classes 1 to 3 are"):
            vocabulary.pitch_of(klass)
