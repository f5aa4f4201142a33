"""Bands hold what they say: of known distributions, undefined points, simulated recordings."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from bayes_a2m.errors import InputError
from bayes_a2m.resampling.bands import Band, band
from bayes_a2m.resampling.bootstrap import resample_weights


def test_independent_normal_curves_have_the_known_critical_value() -> None:
    places = 7
    scale = np.linspace(0.5, 3, places)
    curves = 2 + scale * np.random.default_rng(0).standard_normal((20_000, places))
    one = band(curves, np.full(places, 2.0))
    # P(max of 7 |Z| <= c) = 0.95, so P(|Z| <= c) = 0.95^(1/7)
    times = stats.norm.ppf((1 + 0.95 ** (1 / places)) / 2)
    np.testing.assert_allclose((one.high - 2) / scale, times, rtol=0.03)
    np.testing.assert_allclose(one.high - 2, 2 - one.low)


def test_the_share_of_curves_within_is_the_level() -> None:
    generator = np.random.default_rng(1)
    curves = np.cumsum(generator.standard_normal((999, 30)), axis=1)
    value = np.zeros(30)
    for level, floor in ((0.95, 0.0), (0.8, 0.0), (0.8, 0.5), (0.9, 1.0)):
        one = band(curves, value, level=level, floor=floor)
        within = ((curves >= one.low) & (curves <= one.high)).all(axis=1).mean()
        assert level <= within <= level + 2 / 999
    pointwise = band(curves, value, simultaneous=False)
    np.testing.assert_allclose(pointwise.low, np.quantile(curves, 0.025, axis=0))
    np.testing.assert_allclose(pointwise.high, np.quantile(curves, 0.975, axis=0))
    wholly = ((curves >= pointwise.low) & (curves <= pointwise.high)).all(axis=1).mean()
    assert wholly < 0.85  # each place at 95 %, the curve at much less


def test_a_floor_widens_the_narrow_and_one_makes_all_alike() -> None:
    curves = np.random.default_rng(2).standard_normal((500, 3)) * [0.0, 0.1, 1.0]
    plain, floored, alike = (band(curves, np.zeros(3), floor=f) for f in (0.0, 0.5, 1.0))
    assert plain.high[0] == plain.low[0] == 0.0  # never differs: no width, and no say
    np.testing.assert_allclose(floored.high[:2], floored.high[2] / 2)
    np.testing.assert_allclose(alike.high, alike.high[2])


def test_a_place_that_never_differs_does_not_enter_by_rounding() -> None:
    curves = np.random.default_rng(3).standard_normal((500, 2))
    curves[:, 0] = 0.3 + 1e-17 * np.arange(500)
    one = band(curves, np.array([0.1 + 0.2, 0.0]))
    np.testing.assert_allclose([one.low[0], one.high[0]], 0.3)
    assert one.high[1] == pytest.approx(band(curves[:, 1:], np.zeros(1)).high[0])


@pytest.mark.parametrize("simultaneous", [True, False])
def test_undefined_values_are_left_out(simultaneous: bool) -> None:
    generator = np.random.default_rng(4)
    full = generator.standard_normal((400, 2))
    curves = np.full((800, 5), np.nan)
    curves[:400, :2] = full  # the other resamples are undefined there
    curves[:1, 2] = 1.0  # one resample: nothing to tell
    curves[:, 4] = generator.standard_normal(800)
    value = np.array([0.0, 0.0, 1.0, 0.0, np.nan])
    one = band(curves, value, simultaneous=simultaneous)
    alone = band(full, np.zeros(2), simultaneous=simultaneous)
    np.testing.assert_allclose(one.low[:2], alone.low)
    np.testing.assert_allclose(one.high[:2], alone.high)
    assert np.isnan(one.low[2:]).all()
    assert np.isnan(one.high[2:]).all()
    nothing = band(np.full((9, 2), np.nan), np.zeros(2), simultaneous=simultaneous)
    assert np.isnan(nothing.low).all()


def test_a_resample_undefined_in_one_place_counts_in_the_others() -> None:
    curves = np.random.default_rng(6).standard_normal((2000, 3))
    holed = curves.copy()
    holed[::2, 1] = np.nan
    whole, one = band(curves, np.zeros(3)), band(holed, np.zeros(3))
    np.testing.assert_allclose(one.high, whole.high, rtol=0.07)
    largest = np.nanmax(np.abs(holed) / np.nanstd(holed, axis=0, ddof=1), axis=1)
    times = np.quantile(largest, 0.95, method="higher")
    np.testing.assert_allclose(one.high, times * np.nanstd(holed, axis=0, ddof=1))


def test_coverage_of_a_mean_curve_by_recordings() -> None:
    """Rates over 300 repetitions: 0.95 is wanted, Monte Carlo error 0.013, few recordings 0.02."""
    generator = np.random.default_rng(5)
    recordings, places, repetitions = 60, 8, 300
    held = np.zeros(2)
    for _ in range(repetitions):
        own = generator.standard_normal((recordings, 1))
        sums = own + generator.standard_normal((recordings, places))
        weights = resample_weights(recordings, 400, generator)
        curves, value = weights @ sums / recordings, sums.mean(axis=0)
        for i, simultaneous in enumerate((True, False)):
            one = band(curves, value, simultaneous=simultaneous)
            held[i] += ((one.low <= 0) & (one.high >= 0)).all()
    assert 0.95 - 0.045 < held[0] / repetitions < 0.985
    assert held[1] / repetitions < 0.85


def test_what_is_no_curve_is_refused() -> None:
    curves = np.zeros((5, 3))
    for bad in (np.zeros(2), np.zeros((1, 3))):
        with pytest.raises(InputError, match="value for every place"):
            band(curves, bad)
    with pytest.raises(InputError, match="resampled curves"):
        band(np.zeros((0, 3)), np.zeros(3))
    for level in (0.0, 1.0):
        with pytest.raises(InputError, match="level"):
            band(curves, np.zeros(3), level=level)
    with pytest.raises(InputError, match="floor"):
        band(curves, np.zeros(3), floor=1.5)
    with pytest.raises(InputError, match="every place"):
        Band(np.zeros(2), np.zeros(2), np.zeros(3))
