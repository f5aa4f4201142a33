"""The octave rule and the sounding offset, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.baselines.pitch import cents, closeness, search_range, sounding, window_for
from bayes_a2m.music import Vocabulary

BELOW = Vocabulary((60, 64, 67), sounding_offset=-12)


def test_what_sounds_is_an_octave_below_what_is_written() -> None:
    np.testing.assert_allclose(sounding(BELOW), [130.813, 164.814, 195.998], atol=1e-3)


@pytest.mark.parametrize(
    ("hertz", "fold", "exact"),
    [
        (130.8128, [0, -400, 500], [0, -400, -700]),
        (261.6256, [0, -400, 500], [1200, 800, 500]),
        (65.4064, [0, -400, 500], [-1200, -1600, -1900]),
        (164.8138, [400, 0, -300], [400, 0, -300]),
    ],
)
def test_octaves_are_folded_or_not(hertz: float, fold: list[int], exact: list[int]) -> None:
    np.testing.assert_allclose(cents(hertz, BELOW, "fold"), fold, atol=0.01)
    np.testing.assert_allclose(cents(hertz, BELOW, "exact"), exact, atol=0.01)


def test_no_frequency_is_far_from_every_pitch() -> None:
    far = cents([np.nan, 0.0, -3.0, np.inf], BELOW, "fold")
    assert np.isinf(far).all()
    assert not closeness(far, 100.0).any()


def test_closeness_halves_where_a_gaussian_does() -> None:
    np.testing.assert_allclose(
        closeness(np.array([0.0, 117.741, -117.741]), 100.0), [1, 0.5, 0.5], atol=1e-5
    )


def test_the_search_holds_octave_errors_within_what_samples_say() -> None:
    lowest, highest = search_range(BELOW, 16000)
    assert lowest == pytest.approx(65.4064, abs=1e-3)
    assert highest == pytest.approx(4 * 195.998, abs=1e-2)
    assert search_range(Vocabulary((96,)), 8000)[1] == 2000
    assert window_for(BELOW, 44100) == 4096
