"""Numbers come back from recordings that were made with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bayes_a2m.decoding.conditional_likelihood import (
    Reference,
    fit_conditional,
    fit_lag,
    log_likelihood,
    shifted_log_probabilities,
    shifted_onset_likelihoods,
)
from bayes_a2m.decoding.lag import LagComponent, LagPrior
from bayes_a2m.decoding.note_model import NoteModel, segments_of
from bayes_a2m.decoding.note_posterior import note_posteriors
from bayes_a2m.decoding.note_recalibration import fit_recalibration, logistic_fit
from bayes_a2m.errors import InputError
from bayes_a2m.music import Note
from tests.decoding.note_simulation import EXACT, GRID, simulated, with_lag

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def counted_five_times() -> Reference:
    post, notes, _ = simulated(
        60, 220, seed=3, repeats=5, noise=1.7, model=with_lag(0.025, mean=0.02)
    )
    return Reference.of_notes(post, notes)


@pytest.mark.parametrize("event", ["onsets", "transcriptions"])
def test_power_and_lag_come_back(counted_five_times: Reference, event) -> None:
    start = replace(EXACT, power=1.0, prior_power=1.0)
    numbers = ("power", "note_bias") if event == "onsets" else ("power",)
    found = fit_conditional(start, counted_five_times, event=event, numbers=numbers)
    assert found.note_bias == pytest.approx(0.0, abs=0.8)
    # shares are counted once in the frames, evidence five times
    assert found.power == pytest.approx(0.2, rel=0.3)
    lag = found.lag.components[0]
    assert lag.mean == pytest.approx(0.02, abs=0.008)
    assert lag.sd == pytest.approx(0.025, abs=0.008)
    better = log_likelihood(counted_five_times, found, event=event).sum()
    assert better > log_likelihood(counted_five_times, start, event=event).sum() + 50


def test_the_likelihood_is_that_of_the_reference() -> None:
    post, notes, _ = simulated(3, 120, seed=1, noise=0.5)
    reference = Reference.of_notes(post, notes)
    by_shift = shifted_log_probabilities(reference, EXACT)
    still = int(np.flatnonzero(reference.shifts == 0)[0])
    for i, found in enumerate(log_likelihood(reference, EXACT, event="transcriptions")):
        lattice = EXACT.segments.infer(EXACT.evidence(post.log_probs[0, 0, i]))
        score = lattice.log_scores(reference.segments[i])[0]
        assert found == pytest.approx(score - lattice.log_z, abs=1e-9)
        assert by_shift[i, still] == pytest.approx(found, abs=1e-9)


def test_draws_are_averaged_as_probabilities() -> None:
    post, notes, _ = simulated(2, 80, seed=2)
    noise = np.random.default_rng(0).normal(size=post.log_probs.shape)
    both = np.concatenate([post.log_probs, post.log_probs + noise], axis=1)
    alone = [
        log_likelihood(
            Reference.of_notes(replace(post, log_probs=draw), notes), EXACT, event="transcriptions"
        )
        for draw in (both[:, :1], both[:, 1:])
    ]
    together = log_likelihood(
        Reference.of_notes(replace(post, log_probs=both), notes), EXACT, event="transcriptions"
    )
    np.testing.assert_allclose(together, np.logaddexp(*alone) - np.log(2), atol=1e-9)


def test_conditions_have_lags_of_their_own() -> None:
    parts = [simulated(40, 200, seed=s, noise=0.4, model=m) for s, m in
             ((5, with_lag(0.006, mean=-0.03)), (6, with_lag(0.03, mean=0.03)))]  # fmt: skip
    post = replace(
        parts[0][0],
        log_probs=np.concatenate([p.log_probs for p, _, _ in parts], axis=2),
        lengths=np.concatenate([p.lengths for p, _, _ in parts]),
        ids=tuple(f"r{i}" for i in range(80)),
    )
    notes = parts[0][1] + parts[1][1]
    reference = Reference.of_notes(post, notes, ["near"] * 40 + ["far"] * 40)
    prior = fit_lag(shifted_onset_likelihoods(reference, EXACT), reference, by_condition=True)
    far, near = prior.components
    assert (far.condition, near.condition) == ("far", "near")
    assert near.mean == pytest.approx(-0.03, abs=0.012)
    assert far.mean == pytest.approx(0.03, abs=0.012)
    assert near.sd < far.sd
    half = reference.select(range(40))
    assert half.conditions == ("near",) * 40
    assert len(half.posterior) == 40


def test_what_does_not_fit_is_refused(counted_five_times: Reference) -> None:
    post = counted_five_times.posterior
    with pytest.raises(InputError, match="recordings"):
        Reference.of_notes(post, [[]])
    with pytest.raises(InputError, match="colour"):
        fit_conditional(EXACT, counted_five_times, numbers=("colour",))


def test_a_model_learned_from_labels_is_the_one_they_came_from() -> None:
    _, _, drawn = simulated(400, 260, seed=8)
    labels = [one.labels() for one in drawn]
    found = NoteModel.from_labels(labels, 3, phases=2)
    true = EXACT.segments
    assert found.segments.legato == pytest.approx(true.legato, abs=0.04)
    assert found.segments.first == pytest.approx(true.first, abs=0.08)
    assert found.segments.notes.mean == pytest.approx(true.notes.mean, rel=0.1)
    assert found.segments.rests.mean == pytest.approx(true.rests.mean, rel=0.12)
    assert found.shares == pytest.approx(np.bincount(np.concatenate(labels)) / 104_000, abs=1e-3)


def test_segments_of_labels() -> None:
    labels = np.array([1, 0, 0, 2, 2, 0, 1, 1, 1, 1, 2])
    found = segments_of(labels, 3)
    # the two frames of class 2 are no note; those at the ends may be cut
    assert found.classes.tolist() == [1, 0, 1, 2]
    assert found.ends.tolist() == [1, 6, 10, 11]
    assert segments_of(np.ones(12, dtype=int), 3, np.array([5, 6, 11])).starts.tolist() == [0, 5]


def test_a_slope_comes_back() -> None:
    generator = np.random.default_rng(0)
    p = generator.beta(4, 1, size=4000)
    logit = np.log(p / (1 - p))
    right = generator.random(4000) < 1 / (1 + np.exp(-(0.6 * logit - 0.3)))
    slope, intercept = logistic_fit(p, right, intercept=True)
    assert slope == pytest.approx(0.6, abs=0.08)
    assert intercept == pytest.approx(-0.3, abs=0.2)
    assert logistic_fit(np.zeros(0), np.zeros(0, dtype=bool)) == (1.0, 0.0)
    # with nothing wrong there is still a maximum
    assert 1.0 < logistic_fit(np.full(50, 0.9), np.ones(50, dtype=bool))[0] < 4.0


def test_recalibration_mends_what_is_too_sure() -> None:
    post, notes, _ = simulated(60, 260, seed=12, repeats=4, noise=1.7)
    sure = replace(EXACT, power=1.0)
    found = note_posteriors(post, sure, np.random.default_rng(0), paths_per_draw=60)
    model = fit_recalibration(sure, found, notes, intercept=True)
    assert model.slope < 0.8
    with pytest.raises(InputError, match="already"):
        fit_recalibration(model, found, notes)
    with pytest.raises(InputError, match="references"):
        fit_recalibration(sure, found, notes[:3])


def test_the_lag_prior() -> None:
    prior = LagPrior((LagComponent("a", 0.25, 0.0, 0.0), LagComponent("b", 0.75, 0.06, 0.02)))
    grid = prior.on(GRID)
    seconds = grid.frames * GRID.hop_seconds
    assert grid.probabilities.sum() == pytest.approx(1.0)
    assert seconds @ grid.probabilities == pytest.approx(0.045, abs=1e-3)
    alone = prior.on(GRID, "a")
    assert alone.frames.tolist() == [0]
    drawn = grid.draw(4000, np.random.default_rng(0))
    assert drawn.mean() * GRID.hop_seconds == pytest.approx(0.045, abs=1e-3)
    assert LagPrior.from_dict(prior.to_dict()) == prior
    for wrong in (
        (),
        (LagComponent("a", 0.5, 0.0, 0.0),),
        (LagComponent("a", 0.5, 0.0, 0.0), LagComponent("a", 0.5, 0.0, 0.0)),
        (LagComponent("a", 1.0, 0.0, -1.0),),
        (LagComponent("a", 1.0, float("nan"), 0.0),),
    ):
        with pytest.raises(InputError):
            LagPrior(wrong)
    with pytest.raises(InputError, match="sd"):
        LagPrior.from_dict([{"condition": "a", "share": 1, "mean": 0}])


def test_references_outside_the_vocabulary_are_refused() -> None:
    post, _, _ = simulated(1, 50, seed=0)
    with pytest.raises(InputError, match="not in the vocabulary"):
        Reference.of_notes(post, [[Note(0.0, 0.2, 61)]])
