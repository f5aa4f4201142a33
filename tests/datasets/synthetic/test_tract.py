from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic import tract

FREQUENCIES = np.arange(0.0, 8000.0, 1.0)
FAR = np.array([[1000.0, 60000.0, 70000.0, 80000.0, 90000.0]])


def test_nothing_is_lost_at_0_hz() -> None:
    formants = np.array([tract.VOWELS["i"], tract.VOWELS["ɑ"]])
    got = tract.response(np.array([0.0]), formants, np.full((2, 5), 100.0), scale=1.1)
    assert np.abs(got) == pytest.approx(np.ones((2, 1)))


def test_a_formant_peaks_at_its_centre_and_is_as_wide_as_asked() -> None:
    widths = np.full((1, 5), 80.0)
    power = np.abs(tract.response(FREQUENCIES, FAR, widths, scale=20.0)[0]) ** 2
    peak = int(np.argmax(power))
    assert FREQUENCIES[peak] == pytest.approx(1000, abs=5)
    half = FREQUENCIES[power >= power[peak] / 2]
    assert half[-1] - half[0] == pytest.approx(80, abs=3)


def test_higher_poles_are_those_of_a_uniform_tube() -> None:
    """Against the product of the resonances themselves, the 6th to the 400,000th."""
    frequencies = np.array([200.0, 2500.0, 5000.0, 7500.0])
    s = 1j * frequencies + tract.HIGHER_BANDWIDTH / 2
    zero = tract.HIGHER_BANDWIDTH / 2
    odd = (2 * np.arange(5, 400_000) + 1) * tract.TUBE_HZ
    product = np.array([np.prod((1 + (zero / odd) ** 2) / (1 + (x / odd) ** 2)) for x in s])
    assert tract.higher_poles(frequencies, 1.0) == pytest.approx(product, rel=0.01)


def test_the_first_formant_stays_above_the_pitch() -> None:
    f0 = np.array([150.0, 500.0, 900.0])
    track = tract.formant_track(np.tile(tract.VOWELS["u"], (3, 1)), f0, cluster=0.0)
    assert np.all(track[:, 0] >= f0)
    assert np.all(track[:, 1] > track[:, 0])
    assert track[0].tolist() == list(tract.VOWELS["u"])


def test_a_full_cluster_is_one_formant_thrice() -> None:
    track = tract.formant_track(np.array([tract.VOWELS["i"]]), np.array([150.0]), cluster=1.0)
    assert np.ptp(track[0, 2:]) == pytest.approx(0)
