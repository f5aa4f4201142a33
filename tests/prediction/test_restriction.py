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


def test_missed_pitches_count_for_the_nearest_and_silence_keeps_its_own() -> None:
    """C3 48, E3 52 and G3 55 sound: 49 is an attempt at 48, 50 at either 48 or 52, 84 at 55."""
    probs = np.zeros((1, 50))
    for pitch, p in ((0, 0.3), (48, 0.1), (49, 0.2), (50, 0.2), (84, 0.2)):
        probs[0, 0 if pitch == 0 else pitch - 35] = p
    whole = FramePosterior.from_probs([probs], vocabulary=WHOLE)
    some = restricted(whole, LABELLED, others="missed").mean()[0, 0]
    np.testing.assert_allclose(some, [0.3, 0.4, 0.1, 0.2], atol=1e-6)


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
