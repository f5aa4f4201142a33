"""Transforms of notes are uniform where the model is true, and not where it is too sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.diagnostics.note_pit import note_pits, note_statistics
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note
from tests.decoding.note_simulation import simulated, with_lag


@pytest.mark.slow
def test_a_true_model_is_uniform_and_one_too_sure_is_not() -> None:
    true = with_lag(0.02)
    post, notes, _ = simulated(150, 220, seed=31, noise=1.7, model=true)
    found = note_pits(
        note_posteriors(post, true, np.random.default_rng(0), paths_per_draw=60),
        notes,
        np.random.default_rng(1),
    )
    for one in found.values():
        assert one.ks()[1] > 0.01
    sure = replace(true, power=4.0)
    found = note_pits(
        note_posteriors(post, sure, np.random.default_rng(0), paths_per_draw=60),
        notes,
        np.random.default_rng(1),
    )
    assert found["silence"].ks()[1] < 0.01
    assert found["silence"].dispersion() > 3


def test_statistics_by_hand() -> None:
    assert note_statistics([], 2.0) == {"silence": 1.0, "notes": 0.0, "onset": np.inf}
    overlapping = [Note(0.0, 1.0, 60), Note(0.5, 1.5, 64)]
    assert note_statistics(overlapping, 2.0) == {"silence": 0.25, "notes": 2.0, "onset": 0.0}


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match="references"):
        note_pits([], [], np.random.default_rng(0))
