"""Exact inference is exact: against all segmentations, autograd's gradients, and frequencies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from bayes_a2m.decoding.duration import DurationDistribution
from bayes_a2m.decoding.semi_markov import Segments, SemiMarkov
from bayes_a2m.errors import InputError
from tests.decoding import semi_markov_oracle as oracle

MODEL = oracle.MODEL


@pytest.mark.parametrize("frames", [1, 2, 5, 6])
def test_log_z_and_the_likeliest_are_those_of_all_segmentations(frames: int) -> None:
    psi, onset = oracle.evidence(frames, seed=frames)
    lattice = MODEL.infer(psi, onset)
    every = list(oracle.segmentations(frames, 3))
    scores = np.array([oracle.score(MODEL, psi, onset, one) for one in every])
    assert lattice.log_z == pytest.approx(np.logaddexp.reduce(scores), abs=1e-10)
    best = lattice.likeliest()
    assert oracle.score(MODEL, psi, onset, best) == pytest.approx(scores.max(), abs=1e-10)
    for one, score in list(zip(every, scores, strict=True))[::37]:
        assert lattice.log_scores(one)[0] == pytest.approx(score, abs=1e-10)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "model",
    [
        MODEL,
        replace(MODEL, repeat=0.0, legato=0.0),
        replace(MODEL, notes=DurationDistribution(4, (0.2, 0.3, 0.5), (0.9, 0.0, 0.5))),
        replace(MODEL, rests=DurationDistribution(3, (1.0,), (0.2,)), popularity=(0.9, 0.1)),
    ],
)
def test_probabilities_of_segments_are_gradients_of_log_z(model: SemiMarkov, seed: int) -> None:
    frames = 9
    psi, onset = oracle.evidence(frames, seed=seed)
    lattice = model.infer(psi, onset)
    log_z, gradient = oracle.by_autograd(model, psi, onset)
    assert lattice.log_z == pytest.approx(log_z, abs=1e-9)
    for s in range(frames):
        for e in range(s + 1, frames + 1):
            for k in range(3):
                found = np.exp(lattice.log_segment(k, s, e))
                assert found == pytest.approx(gradient[s, e, k], abs=1e-10)
    # onsets, offsets and frames are sums of the same segments
    np.testing.assert_allclose(lattice.onsets(), gradient.sum(axis=1), atol=1e-10)
    np.testing.assert_allclose(lattice.offsets(), gradient.sum(axis=0), atol=1e-10)
    covering = np.array([gradient[: t + 1, t + 1 :].sum(axis=(0, 1)) for t in range(frames)])
    np.testing.assert_allclose(lattice.frames(), covering, atol=1e-9)


def test_without_onset_evidence_a_pitch_does_not_repeat() -> None:
    psi, _ = oracle.evidence(6)
    every = list(oracle.segmentations(6, 3))
    scores = [oracle.score(MODEL, psi, np.zeros(6), one, repeats=False) for one in every]
    assert MODEL.infer(psi).log_z == pytest.approx(np.logaddexp.reduce(scores), abs=1e-10)


def test_samples_have_the_exact_law() -> None:
    psi, onset = oracle.evidence(5, seed=3)
    lattice = MODEL.infer(0.7 * psi, onset)
    count = 40_000
    drawn = lattice.sample(count, np.random.default_rng(1))
    seen: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = {}
    for one in drawn:
        key = (tuple(one.starts), tuple(one.classes))
        seen[key] = seen.get(key, 0) + 1
    distribution = {
        (tuple(one.starts), tuple(one.classes)): np.exp(
            oracle.score(MODEL, 0.7 * psi, onset, one) - lattice.log_z
        )
        for one in oracle.segmentations(5, 3)
    }
    assert set(seen) <= {key for key, p in distribution.items() if p > 0}
    often = [key for key, p in distribution.items() if p * count >= 5]
    rest = count - sum(distribution[key] for key in often) * count
    expected = np.array([distribution[key] * count for key in often] + [rest])
    observed = np.array([seen.get(key, 0) for key in often])
    observed = np.append(observed, count - observed.sum())
    assert len(often) > 30
    assert stats.chisquare(observed, expected).pvalue > 1e-3


def test_frequencies_of_samples_are_the_marginals() -> None:
    frames = 200
    psi, onset = oracle.evidence(frames, seed=4)
    lattice = MODEL.infer(0.3 * psi, onset)
    count = 4000
    starts, inside = np.zeros((frames, 3)), np.zeros((frames, 3))
    for one in lattice.sample(count, np.random.default_rng(2)):
        assert one.starts[0] == 0
        assert one.ends[-1] == frames
        assert np.array_equal(one.starts[1:], one.ends[:-1])
        starts[one.starts, one.classes] += 1
        inside[np.arange(frames), one.labels()] += 1
    for seen, distribution in ((starts, lattice.onsets()), (inside, lattice.frames())):
        error = np.sqrt(np.maximum(distribution * (1 - distribution), 1e-4) / count)
        assert np.abs(seen / count - distribution).max() < 6 * error.max()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(2, 6),
    st.integers(1, 25),
    st.floats(0.0, 300.0),
)
def test_marginals_are_laws_for_any_evidence(
    seed: int, classes: int, frames: int, scale: float
) -> None:
    generator = np.random.default_rng(seed)
    model = SemiMarkov(
        DurationDistribution(3, (0.5, 0.5), (0.8, 0.6)),
        DurationDistribution(1, (1.0,), (0.7,)),
        tuple(np.full(classes, 1 / classes)),
        tuple(np.full(classes - 1, 1 / (classes - 1))),
        0.3,
        0.05,
    )
    psi = scale * generator.normal(size=(frames, classes))
    lattice = model.infer(psi, generator.normal(size=frames))
    inside = lattice.frames()
    np.testing.assert_allclose(inside.sum(axis=1), 1.0, atol=1e-8)
    np.testing.assert_allclose(lattice.onsets().sum(), lattice.offsets().sum(), atol=1e-8)
    best = lattice.likeliest()
    score = float(lattice.log_scores(best)[0])
    assert score <= lattice.log_z + 1e-7 * max(1.0, abs(score))
    for one in lattice.sample(3, generator):
        assert float(lattice.log_scores(one)[0]) <= score + 1e-7 * max(1.0, abs(score))


def test_sure_evidence_gives_one_segmentation_with_probability_one() -> None:
    labels = np.repeat([0, 1, 2, 0], [5, 8, 7, 5])
    psi = np.full((25, 3), np.log(1e-12))
    psi[np.arange(25), labels] = 0.0
    lattice = MODEL.infer(psi)
    np.testing.assert_allclose(lattice.frames()[np.arange(25), labels], 1.0, atol=1e-6)
    assert np.array_equal(lattice.likeliest().labels(), labels)
    for one in lattice.sample(20, np.random.default_rng(0)):
        assert np.array_equal(one.labels(), labels)


def test_a_class_far_behind_can_still_come_back() -> None:
    # 60 frames speak against class 1 by 50 nats each, and then 60 for it: plain numbers, scaled by
    # frame, would have lost it
    psi = np.zeros((120, 2))
    psi[:60, 1], psi[60:, 1] = -50.0, 55.0
    stuck = SemiMarkov(  # leaves neither class but by 1e-300
        DurationDistribution(1, (1.0,), (1 - 1e-15,)),
        DurationDistribution(1, (1.0,), (1 - 1e-15,)),
        (0.5, 0.5),
        (1.0,),
        0.0,
    )
    lattice = stuck.infer(psi)
    straight = np.log(0.5) + 60 * (55.0 - 50.0)
    through = np.log(0.5) + np.log(1e-15) + 60 * 55.0
    assert lattice.log_z == pytest.approx(np.logaddexp(straight, through), abs=0.2)
    assert lattice.frames()[30, 1] == pytest.approx(0.0, abs=1e-12)


def test_moving_a_reference_shifts_its_edges() -> None:
    psi, _ = oracle.evidence(12, seed=5)
    lattice = MODEL.infer(psi)
    here = Segments(np.array([0, 4, 9]), np.array([4, 9, 12]), np.array([0, 1, 0]))
    earlier = Segments(np.array([0, 2, 7]), np.array([2, 7, 12]), np.array([0, 1, 0]))
    gone = Segments(np.array([0, 5]), np.array([5, 12]), np.array([1, 0]))
    found = lattice.log_scores(here, [0, 2, 4])
    expected = [float(lattice.log_scores(one)[0]) for one in (here, earlier, gone)]
    np.testing.assert_allclose(found, expected)


def test_lengths_beyond_those_tried_one_by_one() -> None:
    frames = 3000
    psi = np.zeros((frames, 3))
    psi[:, 1] = 0.5
    psi[2500:, 0] = 2.0
    model = replace(MODEL, notes=DurationDistribution(9, (0.5, 0.5), (0.95, 0.99)))
    best = model.infer(psi).likeliest()
    assert best.classes.tolist() == [1, 0]
    assert best.ends.tolist() == [2500, 3000]


@pytest.mark.parametrize(
    ("psi", "onset", "words"),
    [
        (np.zeros((4, 2)), None, "3 classes"),
        (np.zeros((0, 3)), None, "3 classes"),
        (np.full((4, 3), np.nan), None, "finite"),
        (np.zeros((4, 3)), np.zeros(3), "4 frames"),
        (np.zeros((4, 3)), np.full(4, np.inf), "finite"),
    ],
)
def test_evidence_that_does_not_fit_is_refused(psi, onset, words) -> None:
    with pytest.raises(InputError, match=words):
        MODEL.infer(psi, onset)


@pytest.mark.parametrize(
    "change",
    [
        {"popularity": (0.5, 0.4)},
        {"popularity": (1.0, 0.0)},
        {"first": (1.0,)},
        {"legato": 0.95},
        {"repeat": -0.1},
    ],
)
def test_numbers_that_are_no_probabilities_are_refused(change) -> None:
    with pytest.raises(InputError):
        replace(MODEL, **change)


def test_a_segment_outside_the_recording_is_refused() -> None:
    with pytest.raises(InputError, match="no segment"):
        MODEL.infer(np.zeros((4, 3))).log_segment(1, 2, 5)


def test_plain_values_come_back() -> None:
    assert SemiMarkov.from_dict(MODEL.to_dict()) == MODEL
    with pytest.raises(InputError, match="legato"):
        SemiMarkov.from_dict({k: v for k, v in MODEL.to_dict().items() if k != "legato"})
