"""A posterior over many pitches, restricted to some: conditional probabilities, found by sound."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.errors import InputError
from bayes_a2m.music import Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.restriction import other_mass, places_of, restricted

WHOLE = Vocabulary(tuple(range(36, 85)))
LABELLED = Vocabulary((60, 64, 67), sounding_offset=-12)


def posterior(seed: int = 0) -> FramePosterior:
    """Two draws of three frames, with onsets."""
    generator = np.random.default_rng(seed)
    probs = generator.dirichlet(np.full(50, 0.3), size=(2, 3))
    return FramePosterior.from_probs([probs], vocabulary=WHOLE, onsets=[np.array([0.1, 0.5, 0.2])])


def test_it_is_the_distribution_given_the_pitches() -> None:
    whole = posterior()
    some = restricted(whole, LABELLED)
    # C4 is labelled where C3 sounds: MIDI 48, the thirteenth of the pitches from 36
    chosen = np.exp(whole.log_probs)[..., [0, 13, 17, 20]]
    expected = chosen / chosen.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(np.exp(some.log_probs), expected, rtol=1e-4, atol=1e-9)
    assert some.vocabulary == LABELLED
    np.testing.assert_array_equal(some.onset_log_probs, whole.onset_log_probs)


def test_all_pitches_are_no_restriction() -> None:
    whole = posterior()
    np.testing.assert_allclose(restricted(whole, WHOLE).mean(), whole.mean(), atol=1e-6)
    np.testing.assert_allclose(other_mass(whole, WHOLE), 0, atol=1e-5)


def test_what_is_left_out_is_another_pitch() -> None:
    whole = posterior()
    kept = whole.mean()[..., [0, 13, 17, 20]].sum(axis=-1)
    np.testing.assert_allclose(other_mass(whole, LABELLED), 1 - kept, atol=1e-6)


def test_a_pitch_that_is_not_there_is_named() -> None:
    with pytest.raises(InputError, match="C2"):
        places_of(Vocabulary((36, 60), sounding_offset=-12), WHOLE)
