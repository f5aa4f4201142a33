from __future__ import annotations

import numpy as np
import pytest

from bayes_a2m.datasets.synthetic.glottis import pulse_spectrum, tilt


@pytest.mark.parametrize("frequency", [3.0, 50.0, 220.0, 1000.0, 7000.0])
def test_the_spectrum_is_the_fourier_transform_of_the_pulse(frequency: float) -> None:
    period, open_quotient = 1 / 140, 0.6
    u = (np.arange(200000) + 0.5) / 200000
    pulse = 2 * u - 3 * u**2
    wanted = np.mean(pulse * np.exp(-2j * np.pi * frequency * open_quotient * period * u))
    got = pulse_spectrum(
        np.array([frequency]), np.array([period]), np.array([open_quotient]), np.array([0.0])
    )
    assert got[0, 0] == pytest.approx(open_quotient * wanted, abs=1e-6)


def test_the_flow_ends_where_it_started() -> None:
    got = pulse_spectrum(np.array([0.0]), np.array([0.01]), np.array([0.5]), np.array([6.0]))
    assert got[0, 0] == 0


@pytest.mark.parametrize("decibels", [0.0, 6.0, 24.0])
def test_tilt_is_what_is_lost_at_3_khz(decibels: float) -> None:
    loss = -20 * np.log10(np.abs(tilt(np.array([0.0, 3000.0]), np.array([decibels]))))[0]
    assert loss == pytest.approx([0.0, decibels], abs=1e-9)
