"""Distribution functions by hand, and bands that hold the true curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from bayes_a2m.diagnostics.ecdf import QUANTITIES, Ecdf, ecdf, ecdfs_of
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.prediction.posterior import FramePosterior
from tests.calibration.simulation import simulate

Floats = NDArray[np.float64]


def fresh(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def bounds(one: Ecdf) -> tuple[Floats, Floats]:
    assert one.low is not None
    assert one.high is not None
    return one.low, one.high


def test_by_hand_with_atoms() -> None:
    # 0.2 twice, 0.5 five times, 0.9 three times: F is 0, 0.2, 0.7, 1
    values = [np.array([0.5, 0.2, 0.5, 0.9]), np.array([0.9, 0.5, 0.5]), np.array([0.9, 0.2, 0.5])]
    one = ecdf(values, points=11, generator=fresh())
    before = [np.nextafter(v, -1) for v in (0.2, 0.5, 0.9)]
    assert one.x.tolist() == [before[0], 0.2, before[1], 0.5, before[2], 0.9]
    np.testing.assert_allclose(one.value, [0, 0.2, 0.2, 0.7, 0.7, 1])
    assert (one.frames, one.recordings, one.median) == (10, 3, 0.5)


def test_masks_leave_frames_out() -> None:
    values = [np.array([0.1, 9.0]), np.array([0.3, 0.2, 9.0]), np.array([9.0])]
    masks = [one < 1 for one in values]
    one = ecdf(values, masks, points=3, generator=fresh())
    np.testing.assert_allclose(one.x, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(one.value, [1 / 3, 2 / 3, 1])
    assert (one.frames, one.recordings) == (3, 2)


@pytest.mark.parametrize("decimals", [1, 9])
def test_it_is_that_of_scipy(decimals: int) -> None:
    values = [fresh(k).normal(size=20 * k).round(decimals) for k in range(1, 8)]
    one = ecdf(values, generator=fresh())
    expected = stats.ecdf(np.concatenate(values)).cdf.evaluate(one.x)
    np.testing.assert_allclose(one.value, expected)
    # nowhere between two places does F rise by more than two steps of the grid: jumps have theirs
    assert (np.diff(one.value)[np.diff(one.x) > 1e-9] <= 2 / 199).all()


def test_the_band_is_that_of_drawing_recordings() -> None:
    values = [fresh(k).uniform(0, 1 + k / 5, size=5 + k) for k in range(6)]
    one = ecdf(values, points=9, resamples=50, generator=fresh(), simultaneous=False)
    drawn = fresh().multinomial(6, np.full(6, 1 / 6), size=50)
    curves = []
    for row in drawn:
        pooled = np.concatenate([np.repeat(v, k) for v, k in zip(values, row, strict=True)])
        curves.append([(pooled <= x).mean() for x in one.x])
    stretched = one.value + (np.array(curves) - one.value) * np.sqrt(6 / 5)
    low, high = np.quantile(stretched, [0.025, 0.975], axis=0).clip(0, 1)
    np.testing.assert_allclose(bounds(one), (low, high))
    whole = ecdf(values, points=9, resamples=50, generator=fresh())
    # 48 of 50 are 95 % or more
    width = np.sort(np.abs(stretched - whole.value).max(axis=1))[47]
    expected = np.array([whole.value - width, whole.value + width]).clip(0, 1)
    np.testing.assert_allclose(bounds(whole), expected)
    assert (np.diff(bounds(whole)) >= 0).all()


# --- coverage ---------------------------------------------------------------------------------


def _confidences(recordings: int, generator: np.random.Generator) -> list[Floats]:
    return [one.max(axis=1) for one in simulate(recordings, 60, generator).probs]


def _holds(one: Ecdf, truth: Floats) -> bool:
    """Whether the whole curve is within: F rises, so between places it is between theirs."""
    true = np.searchsorted(truth, one.x, side="right") / truth.size
    low, high = bounds(one)
    return bool(((low <= true) & (true <= high)).all())


def test_bands_hold_the_whole_true_curve_and_those_of_frames_do_not() -> None:
    """Rates: 0.95 of 1,000 repetitions with 40 recordings; 0.16 of 100 from resampling frames."""
    truth = np.sort(np.concatenate(_confidences(8000, fresh(5))))
    generator = fresh(6)
    held = []
    for _ in range(200):
        one = ecdf(_confidences(40, generator), resamples=300, generator=generator)
        held.append(_holds(one, truth))
    # 0.95 less two Monte Carlo errors (0.03) and 0.01 for the few recordings
    assert np.mean(held) >= 0.91
    naive = []
    for _ in range(60):
        frames: Sequence[Floats] = np.split(
            pooled := np.concatenate(_confidences(40, generator)), pooled.size
        )
        naive.append(_holds(ecdf(frames, resamples=100, generator=generator), truth))
    assert np.mean(naive) < 0.4


def test_a_narrower_level_is_narrower_and_pointwise_is_narrowest() -> None:
    values = _confidences(30, fresh(1))
    wide, narrow = (ecdf(values, generator=fresh(), level=level) for level in (0.95, 0.5))
    point = ecdf(values, generator=fresh(), simultaneous=False)
    middle = wide.x.size // 2
    widths = [np.diff(bounds(one), axis=0)[0, middle] for one in (narrow, point, wide)]
    assert widths[0] < widths[2] < 0.4
    assert widths[1] < widths[2]


# --- of a posterior ---------------------------------------------------------------------------


def posterior(draws: int = 5, padding: int = 0, order: Sequence[int] = range(6)) -> FramePosterior:
    simulated = simulate(6, 50, fresh(3))
    arrays = []
    for k in order:
        distribution = simulated.probs[k]
        logits = np.log(distribution) + 0.4 * fresh(k).standard_normal((draws, *distribution.shape))
        arrays.append((logits - np.log(np.exp(logits).sum(-1, keepdims=True)))[None])
    ids = [str(k) for k in order]
    post = FramePosterior.of_recordings(arrays, ids, Vocabulary(), FrameGrid())
    if not padding:
        return post
    nonsense = np.full((1, draws, 6, padding, 4), -0.1, dtype=np.float32)
    padded = np.concatenate([post.log_probs, nonsense], axis=3)
    return FramePosterior(padded, post.lengths, post.ids)


LABELS = simulate(6, 50, fresh(3)).labels


def test_right_and_wrong_are_those_of_the_frames() -> None:
    post = posterior()
    found = ecdfs_of(post, LABELS, "confidence", generator=fresh())
    assert list(found) == ["right", "wrong"]
    flat = np.concatenate([post.of(k) for k in range(6)]).astype(np.float64)
    right = flat.argmax(axis=1) == np.concatenate(LABELS)
    for name, member in (("right", right), ("wrong", ~right)):
        one = found[name]
        confidence = flat.max(axis=1)[member]
        assert one.frames == member.sum()
        expected = [(confidence <= x).mean() for x in one.x]
        np.testing.assert_allclose(one.value, expected, atol=1e-12)


def test_a_class_reads_its_own_variance() -> None:
    post = posterior()
    probs = np.exp(post.log_probs.astype(np.float64))[0]
    called = post.mean().argmax(axis=-1)
    for by in ("class", "called"):
        found = ecdfs_of(post, LABELS, "class_variance", by=by, generator=fresh())
        for k, name in enumerate(post.vocabulary.names):
            of_class = [
                probs[:, i, : len(one), k].var(axis=0)[(one if by == "class" else c) == k]
                for i, (one, c) in enumerate(
                    zip(LABELS, (called[i, : len(x)] for i, x in enumerate(LABELS)), strict=True)
                )
            ]
            values = np.concatenate(of_class)
            assert found[name].frames == values.size
            assert found[name].x[-1] == pytest.approx(values.max(), rel=1e-4)
            assert found[name].median == pytest.approx(
                np.quantile(values, 0.5, method="inverted_cdf"), rel=0.2
            )
    of_called = ecdfs_of(post, LABELS, "variance", by="called", generator=fresh())
    again = ecdfs_of(post, LABELS, "class_variance", by="called", generator=fresh())
    for name, one in of_called.items():
        np.testing.assert_allclose(one.x, again[name].x)


@pytest.mark.parametrize("quantity", list(QUANTITIES))
def test_padding_changes_nothing_and_order_no_curve(quantity: str) -> None:
    by = "class"
    plain = ecdfs_of(posterior(), LABELS, quantity, by=by, generator=fresh())
    padded = ecdfs_of(posterior(padding=7), LABELS, quantity, by=by, generator=fresh())
    order = [3, 0, 5, 1, 4, 2]
    labels = [LABELS[k] for k in order]
    moved = ecdfs_of(posterior(order=order), labels, quantity, by=by, generator=fresh())
    assert list(plain) == list(padded) == list(moved)
    for name, one in plain.items():
        for other in (padded[name], moved[name]):
            np.testing.assert_array_equal(one.x, other.x)
            np.testing.assert_array_equal(one.value, other.value)
        np.testing.assert_array_equal(bounds(one), bounds(padded[name]))


def test_any_function_is_a_quantity() -> None:
    found = ecdfs_of(posterior(), LABELS, lambda p: p.margin(), generator=fresh())
    assert found["wrong"].median < found["right"].median


def test_groups_without_frames_are_left_out_and_one_recording_has_no_band() -> None:
    distribution = np.full((4, 4), 0.1)
    distribution[[0, 1, 2, 3], [0, 1, 1, 3]] = 0.7
    post = FramePosterior.from_probs([distribution, distribution, distribution])
    labels = [np.array([0, 1, 1, 3])] * 3
    assert list(ecdfs_of(post, labels, "confidence", generator=fresh())) == ["right"]
    found = ecdfs_of(post, labels, "entropy", by="class", generator=fresh())
    assert list(found) == ["silence", "C4", "G4"]  # E4 never occurs
    labels[2] = np.array([0, 1, 2, 3])
    found = ecdfs_of(post, labels, "variance", by="class", generator=fresh())
    assert (found["E4"].frames, found["E4"].recordings) == (1, 1)
    assert found["E4"].low is None
    # a single draw has no variance: an atom at 0, and F jumps there
    np.testing.assert_array_equal(found["C4"].value, [0, 1])
    assert ecdf([[0.5, 0.6]], generator=fresh()).high is None


def test_what_makes_no_sense_is_refused() -> None:
    post = posterior()
    with pytest.raises(InputError, match="did you mean 'right'"):
        ecdfs_of(post, LABELS, "entropy", by="rigth", generator=fresh())
    with pytest.raises(InputError, match="did you mean 'entropy'"):
        ecdfs_of(post, LABELS, "entropi", generator=fresh())
    with pytest.raises(InputError, match="by 'class'"):
        ecdfs_of(post, LABELS, "class_variance", generator=fresh())
    with pytest.raises(InputError, match="quantity must be"):
        ecdfs_of(post, LABELS, lambda p: p.mean()[0], generator=fresh())
    with pytest.raises(InputError, match="labels of 5"):
        ecdfs_of(post, LABELS[:5], "entropy", generator=fresh())
    with pytest.raises(InputError, match="no frame"):
        ecdf([[0.1]], [np.array([False])], generator=fresh())
    with pytest.raises(InputError, match="no frame"):
        ecdf([], generator=fresh())
    with pytest.raises(InputError, match="finite"):
        ecdf([[0.1, np.nan]], generator=fresh())
    with pytest.raises(InputError, match="booleans"):
        ecdf([[0.1]], [[1]], generator=fresh())
    with pytest.raises(InputError, match="as many and as long"):
        ecdf([[0.1]], [[True, True]], generator=fresh())
    with pytest.raises(InputError, match="1-D"):
        ecdf([[[0.1]]], generator=fresh())
    with pytest.raises(InputError, match="2 points"):
        ecdf([[0.1]], points=1, generator=fresh())
    with pytest.raises(InputError, match="both bounds"):
        Ecdf(np.zeros(2), 1, 1, np.zeros(2), np.zeros(2))
