"""Duration distributions: closed forms, and distributions that come back from what they made."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bayes_a2m.decoding.duration import DurationDistribution, ObservedLength, fit_duration
from bayes_a2m.errors import InputError


def test_one_phase_is_geometric() -> None:
    distribution = DurationDistribution(3, (1.0,), (0.8,))
    lengths = np.arange(60)
    np.testing.assert_allclose(
        np.exp(distribution.log_pmf(59)), stats.geom(0.2, loc=2).pmf(lengths)
    )
    np.testing.assert_allclose(
        np.exp(distribution.log_survival(59)), stats.geom(0.2, loc=2).sf(lengths - 1)
    )
    assert distribution.mean == pytest.approx(2 + 5)


def test_equal_phases_are_negative_binomial() -> None:
    distribution = DurationDistribution(1, (1.0, 0.0, 0.0), (0.9, 0.9, 0.9))
    lengths = np.arange(200)
    expected = stats.nbinom(3, 0.1, loc=3).pmf(lengths)
    np.testing.assert_allclose(np.exp(distribution.log_pmf(199)), expected, atol=1e-14)


stays = st.lists(st.floats(0.0, 0.95), min_size=1, max_size=4)


@given(stays, st.integers(1, 8), st.integers(0, 1000))
def test_tables_fit_each_other(stay: list[float], minimum: int, seed: int) -> None:
    start = np.random.default_rng(seed).dirichlet(np.ones(len(stay)))
    distribution = DurationDistribution(minimum, tuple(start / start.sum()), tuple(stay))
    pmf, survival = np.exp(distribution.log_pmf(900)), np.exp(distribution.log_survival(900))
    assert pmf.sum() == pytest.approx(1.0, abs=1e-6)
    np.testing.assert_allclose(survival[:-1] - survival[1:], pmf[:-1], atol=1e-12)
    assert (pmf * np.arange(901)).sum() == pytest.approx(distribution.mean, abs=1e-3)
    assert DurationDistribution.from_dict(distribution.to_dict()) == distribution


def test_the_residual_is_what_is_left_at_a_random_moment() -> None:
    distribution = DurationDistribution(1, (0.7, 0.3), (0.8, 0.9))
    # of a segment met at random, lengths count in proportion; what is left is uniform in them
    survival = np.exp(distribution.log_survival(2000))
    expected = survival[1:] / survival[1:].sum()
    np.testing.assert_allclose(
        np.exp(distribution.residual().log_pmf(2000))[1:], expected, atol=1e-9
    )


def test_a_law_comes_back_from_cut_segments() -> None:
    generator = np.random.default_rng(0)
    distribution = DurationDistribution(9, (0.7, 0.3), (0.93, 0.98))
    pmf = np.exp(distribution.log_pmf(3000))
    window, observed = 400, []
    for _ in range(600):
        at = -int(generator.integers(0, 3000))
        while at < window:
            length = int(generator.choice(pmf.size, p=pmf / pmf.sum()))
            if at + length > 0:
                start, end = max(at, 0), min(at + length, window)
                observed.append(ObservedLength(end - start, at <= 0, at + length >= window))
            at += length
    found = fit_duration(observed, minimum=9, phases=2)
    # whole ones alone are too short: long ones are cut more often
    whole = np.mean([o.frames for o in observed if not (o.from_start or o.to_end)])
    assert whole < 0.9 * distribution.mean
    assert found.mean == pytest.approx(distribution.mean, rel=0.06)
    difference = np.abs(np.exp(found.log_survival(600)) - np.exp(distribution.log_survival(600)))
    assert difference.max() < 0.03


def test_segments_shorter_than_the_minimum_count_as_the_minimum() -> None:
    found = fit_duration([ObservedLength(2), ObservedLength(5), ObservedLength(7)], minimum=5)
    assert np.isfinite(found.log_pmf(10)[5:]).all()
    assert np.isneginf(found.log_pmf(10)[:5]).all()


@pytest.mark.parametrize(
    ("minimum", "start", "stay"),
    [
        (0, (1.0,), (0.5,)),
        (1, (), ()),
        (1, (1.0,), (0.5, 0.5)),
        (1, (0.7, 0.2), (0.5, 0.5)),
        (1, (1.0,), (1.0,)),
    ],
)
def test_what_is_no_law_is_refused(minimum, start, stay) -> None:
    with pytest.raises(InputError):
        DurationDistribution(minimum, start, stay)


def test_nothing_to_learn_from_is_refused() -> None:
    with pytest.raises(InputError, match="no segment"):
        fit_duration([])
    with pytest.raises(InputError, match="phase"):
        fit_duration([ObservedLength(3)], phases=0)
    with pytest.raises(InputError, match="stay"):
        DurationDistribution.from_dict({"minimum": 1, "start": [1.0]})
