"""Linear prediction against processes whose coefficients, cepstra and periods are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from bayes_a2m.baselines import linear_prediction as lp
from bayes_a2m.errors import InputError

# resonances at 500 and 1500 Hz, of 16,000 samples a second
POLES = np.array([0.9 * np.exp(1j * np.pi * f / 8000) for f in (500.0, 1500.0)])
ALL_POLE = np.real(np.poly(np.concatenate([POLES, POLES.conj()])))


def test_an_all_pole_processes_coefficients_are_recovered() -> None:
    excitation = np.random.default_rng(0).standard_normal(200_000)
    process = lfilter([1.0], ALL_POLE, excitation)
    found, error = lp.coefficients(process[None], 4)
    np.testing.assert_allclose(found[0], ALL_POLE, atol=0.02)
    # nearer still to what least squares finds in the same samples
    before = np.stack([process[3 - i : -1 - i] for i in range(4)], axis=1)
    squares, *_ = np.linalg.lstsq(-before, process[4:])
    np.testing.assert_allclose(found[0, 1:], squares, atol=0.01)
    assert error[0] / len(process) == pytest.approx(1.0, rel=0.02)
    # a higher order foretells nothing more
    more, left = lp.coefficients(process[None], 8)
    np.testing.assert_allclose(more[0, 5:], 0, atol=0.02)
    assert left[0] == pytest.approx(error[0], rel=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 24))
def test_levinson_and_durbin_solve_the_normal_equations(seed: int, order: int) -> None:
    frames = np.random.default_rng(seed).standard_normal((3, 200))
    correlation = lp.autocorrelation(frames, order)
    a, error = lp.levinson_durbin(correlation)
    for i in range(3):
        r = correlation[i]
        np.testing.assert_allclose(a[i, 1:], -solve_toeplitz(r[:-1], r[1:]), atol=1e-8)
        assert error[i] == pytest.approx(r @ a[i])  # Makhoul 1975, equation 13
        assert np.abs(np.roots(a[i])).max() < 1  # stable


def test_autocorrelation_is_the_sum_of_products() -> None:
    frames = np.random.default_rng(1).standard_normal((2, 50))
    for lag in (0, 1, 7, 49):
        wanted = (frames[:, : 50 - lag] * frames[:, lag:]).sum(axis=1)
        np.testing.assert_allclose(lp.autocorrelation(frames, 49)[:, lag], wanted, atol=1e-10)


def test_the_cepstrum_is_that_of_the_log_spectrum() -> None:
    found = lp.cepstrum(ALL_POLE, 40)
    spectrum = -np.log(np.abs(np.fft.fft(ALL_POLE, 4096)))
    # of a minimum-phase filter: twice the real cepstrum after quefrency zero
    np.testing.assert_allclose(found, 2 * np.fft.ifft(spectrum).real[1:41], atol=1e-9)


def test_the_residual_is_the_excitation() -> None:
    excitation = np.zeros(600)
    excitation[::80] = 1.0
    sound = lfilter([1.0], ALL_POLE, excitation)
    np.testing.assert_allclose(lp.residual(sound, ALL_POLE)[:600], excitation, atol=1e-9)


@pytest.mark.parametrize("hertz", [90.0, 130.81, 196.0, 311.0])
def test_the_residuals_period_is_the_pitch(hertz: float) -> None:
    rate, length = 16000, 2048
    time = np.arange(length) / rate
    pulses = sum(np.cos(2 * np.pi * h * hertz * time) for h in range(1, int(4000 / hertz)))
    window = np.hanning(length + 1)[:-1]
    frame = (lfilter([1.0], ALL_POLE, pulses) * window)[None]
    predictor, _ = lp.coefficients(frame, 12)
    correlation = lp.residual_correlation(frame, predictor, window, 301, lowpass=0.125)
    found = lp.pitch(correlation, 20, 300)
    assert 1200 * abs(np.log2(rate / found.period[0] / hertz)) < 15
    assert found.height[0] > 0.85


def test_noise_and_digital_silence_have_no_period() -> None:
    window = np.hanning(2049)[:-1]
    noise = np.random.default_rng(0).standard_normal(2048) * window
    frames = np.stack([noise, np.zeros(2048)])
    predictor, error = lp.coefficients(frames, 12)
    assert np.isfinite(predictor).all()
    np.testing.assert_array_equal(predictor[1], [1.0] + 12 * [0.0])
    found = lp.pitch(lp.residual_correlation(frames, predictor, window, 301), 20, 300)
    assert found.height[0] < 0.4
    assert found.height[1] == 0.0
    assert error[1] < 1e-8


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InputError, match="no autocorrelation at lag 8"):
        lp.autocorrelation(np.ones(8), 8)
    with pytest.raises(InputError, match="without energy"):
        lp.levinson_durbin(np.zeros((2, 3)))
    with pytest.raises(InputError, match="no peaks between lags 5 and 9 of 10"):
        lp.pitch(np.zeros((1, 10)), 5, 9)
