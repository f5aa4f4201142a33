"""Scores of notes' probabilities: by hand, and of notes whose probabilities are true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from bayes_a2m.errors import InputError
from bayes_a2m.metrics.note_calibration import (
    IntervalStatistics,
    NoteCalibrationStatistics,
    NoteOutcomes,
    overlap_pairs,
    rank_correlation,
)
from bayes_a2m.metrics.notes import NoteStatistics
from bayes_a2m.music import Note

C, E = 60, 64
SUNG = [Note(0.5, 1.5, C), Note(2.0, 3.0, E), Note(3.2, 3.9, C)]


def fresh(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def statistics(outcomes: list[NoteOutcomes]) -> NoteCalibrationStatistics:
    return NoteCalibrationStatistics.stack(
        [NoteCalibrationStatistics.of(one, fresh(i)) for i, one in enumerate(outcomes)]
    )


def scores(outcomes: list[NoteOutcomes]) -> dict[str, float]:
    found = statistics(outcomes).metrics_of(np.ones((1, len(outcomes))))
    return {name: float(value[0]) for name, value in found.items()}


def made(p: np.ndarray, right: np.ndarray, missed: int = 0) -> NoteOutcomes:
    found = np.array([True] * int(right.sum()) + [False] * missed, dtype=bool)
    return NoteOutcomes(p, right, found)


def test_by_hand() -> None:
    predicted = [Note(0.52, 1.5, C), Note(2.2, 3.0, E), Note(0.53, 1.0, C)]
    one = NoteOutcomes.of(SUNG, predicted, [0.9, 0.4, 0.2], 4.0)
    assert one.right.sum() == 1
    assert one.found.tolist() == [True, False, False]
    got = scores([one])
    first = bool(one.right[0])  # of two that match one, either may be it
    squares = (0.1**2 + 0.4**2 + 0.2**2) if first else (0.9**2 + 0.4**2 + 0.8**2)
    assert got["note_brier"] == pytest.approx((squares + 2) / 3)
    assert got["note_precision"] == pytest.approx(1 / 3)
    assert got["note_recall"] == pytest.approx(1 / 3)
    assert got["note_confidence"] == pytest.approx(0.5)


def test_the_event_is_that_of_onset_f1() -> None:
    generator = fresh(1)
    for _ in range(20):
        predicted = [
            Note(n.onset + float(generator.normal(0, 0.06)), n.offset, n.pitch) for n in SUNG
        ]
        for tolerance, name in ((0.05, "onset_50ms"), (0.1, "onset_100ms")):
            one = NoteOutcomes.of(SUNG, predicted, [0.5] * 3, 4.0, tolerance=tolerance)
            counts = NoteStatistics.of(SUNG, predicted, 4.0)
            assert one.right.sum() == one.found.sum() == getattr(counts, name)[0]


def test_to_say_little_wins_nothing() -> None:
    both = NoteOutcomes.of(SUNG, SUNG, [0.9, 0.5, 0.5], 4.0)
    one = NoteOutcomes.of(SUNG, SUNG[:1], [0.9], 4.0)
    assert scores([one])["note_ece"] == pytest.approx(0.1)
    assert scores([one])["note_brier"] > scores([both])["note_brier"]
    nothing = NoteOutcomes.of(SUNG, [], [], 4.0)
    assert scores([nothing])["note_brier"] == 1.0
    assert np.isnan(scores([nothing])["note_ece"])


def test_crumbs_are_no_reference() -> None:
    one = NoteOutcomes.of([Note(3.97, 5.0, C)], [], [], 4.0)
    assert one.found.size == 0


def test_an_unknown_confidence_is_not_zero() -> None:
    one = NoteOutcomes.of(SUNG, SUNG, [0.9, np.nan, 0.8], 4.0)
    got = scores([one])
    assert got["note_ece"] == pytest.approx(0.15)
    assert got["note_recall"] == 1.0
    assert np.isnan(got["note_brier"])


def test_true_probabilities_have_no_debiased_error() -> None:
    generator = fresh(2)
    parts = []
    for _ in range(150):
        p = generator.beta(6, 1, size=6)
        parts.append(made(p, generator.random(6) < p))
    got = scores(parts)
    assert 0.01 < got["note_ece_by_chance"] < 0.04
    assert abs(got["note_ece_debiased"]) < 0.012
    assert got["note_ece"] == pytest.approx(got["note_ece_by_chance"] + got["note_ece_debiased"])
    assert statistics(parts).test(fresh()).ks_p > 0.01
    sure = [made(one.probability**0.2, one.right) for one in parts]
    assert scores(sure)["note_ece_debiased"] > 0.05
    assert statistics(sure).test(fresh()).ks_p < 0.01


def test_the_bias_is_that_of_866_notes() -> None:
    generator = fresh(5)
    p = generator.beta(8, 1.2, size=866)
    got = scores([made(p, generator.random(866) < p)])
    assert got["note_ece_by_chance"] == pytest.approx(0.022, abs=0.008)


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    generator = fresh(3)
    p = np.round(generator.random(60), 2)
    right = generator.random(60) < p
    pairs = [(a > b) + (a == b) / 2 for a in p[right] for b in p[~right]]
    assert scores([made(p, right)])["note_auroc"] == pytest.approx(np.mean(pairs), abs=0.01)


def test_nearly_sure_notes_are_in_order_too() -> None:
    """Most notes are nearly sure, and which of them are wrong is the question."""
    generator = fresh(4)
    p = 1 / (1 + np.exp(-generator.uniform(4, 11, size=300)))  # 0.982 to 0.99998
    right = generator.random(300) < 0.5 + 0.5 * (p > np.median(p))
    pairs = [(a > b) + (a == b) / 2 for a in p[right] for b in p[~right]]
    assert scores([made(p, right)])["note_auroc"] == pytest.approx(np.mean(pairs), abs=0.01)


@given(st.integers(0, 1000))
def test_resamples_are_recordings_counted_so_often(seed: int) -> None:
    generator = fresh(seed)
    parts = [
        made(p := generator.random(4), generator.random(4) < p, missed=int(generator.integers(3)))
        for _ in range(4)
    ]
    weights = generator.integers(0, 3, size=4)
    if not weights.any():
        return
    found = statistics(parts).metrics_of(weights[None])
    order = np.repeat(np.arange(4), weights)
    whole = statistics(parts).select(order).metrics_of(np.ones((1, order.size)))
    for name in found:
        np.testing.assert_allclose(found[name], whole[name], atol=1e-12)


def test_reliability_by_bin() -> None:
    got = statistics([made(np.array([0.95, 0.92, 0.15]), np.array([True, False, False]))])
    bins = got.reliability()
    assert bins["notes"][9] == 2
    assert bins["accuracy"][9] == 0.5
    assert bins["confidence"][9] == pytest.approx(0.935)
    assert np.isnan(bins["accuracy"][5])


def test_intervals_hold_or_not() -> None:
    predicted = [Note(0.4, 1.4, C), Note(2.6, 3.1, E), Note(0.2, 0.3, E)]
    intervals = [(0.3, 0.55), (2.4, 2.7), (0.1, 0.3)]
    got = IntervalStatistics.of(SUNG, predicted, intervals, 4.0)
    assert (got.intervals[0], got.held[0]) == (2, 1)  # 600 ms off is still the same note
    assert got.metrics_of([[1]])["coverage"][0] == 0.5
    assert got.metrics_of([[1]])["width"][0] == pytest.approx(0.275)
    ends = IntervalStatistics.of(SUNG, predicted, [(1.3, 1.6)] * 3, 4.0, time="offset")
    assert ends.held[0] == 1
    unknown = IntervalStatistics.of(SUNG, predicted, [(np.nan, np.nan)] * 3, 4.0)
    assert unknown.intervals[0] == 0


def test_overlap_pairs_take_the_longest_together_first() -> None:
    pairs = overlap_pairs([Note(0, 2, C), Note(2, 3, C)], [Note(0.1, 2.9, C), Note(2.5, 3, C)])
    assert pairs == [(0, 0), (1, 1)]
    assert overlap_pairs([Note(0, 1, C)], [Note(1, 2, C), Note(0, 1, E)]) == []


def test_rank_correlation_is_scipys() -> None:
    generator = fresh(4)
    x, y = generator.normal(size=(2, 30))
    y = np.round(x + y, 1)
    assert rank_correlation(x, y, np.ones((1, 30), dtype=int))[0] == pytest.approx(
        spearmanr(x, y).statistic
    )
    weights = generator.integers(0, 3, size=30)
    often = np.repeat(np.arange(30), weights)
    assert rank_correlation(x, y, weights[None])[0] == pytest.approx(
        spearmanr(x[often], y[often]).statistic
    )
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5.0), np.ones((1, 5), dtype=int))[0])
    assert rank_correlation([1, np.nan, 3], [1, 5, 3], np.ones((1, 3), dtype=int))[0] > 0.999


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: NoteOutcomes.of(SUNG, SUNG, [0.5], 4.0),
        lambda: NoteOutcomes.of(SUNG, SUNG, [0.5, 1.5, 0.5], 4.0),
        lambda: IntervalStatistics.of(SUNG, SUNG, [(0, 1)], 4.0),
        lambda: IntervalStatistics.of(SUNG, SUNG, [(0, 1)] * 3, 4.0, time="pitch"),
        lambda: rank_correlation([1, 2], [1, 2, 3], [[1, 1]]),
    ],
)
def test_what_does_not_fit_is_refused(wrong) -> None:
    with pytest.raises(InputError):
        wrong()
