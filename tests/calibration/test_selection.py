"""The right method is chosen, nothing leaks, and draws move no more than they must."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bayes_a2m.calibration.methods import Identity, Isotonic, Temperature, VectorScaling
from bayes_a2m.calibration.selection import (
    Choice,
    _held_out,
    candidates,
    choose,
    moved_to,
    recalibrated,
    recalibrated_summary,
)
from bayes_a2m.errors import InputError
from bayes_a2m.metrics.kernels import nll_of
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.summary import PosteriorSummary
from tests.calibration.simulation import simulate


def posterior_of(drawn):
    return FramePosterior.from_probs(drawn.probs)


def draws(recordings=3, count=20, seed=0):
    generator = np.random.default_rng(seed)
    parts = []
    for frames in generator.integers(20, 60, size=recordings):
        centre = 2 * generator.standard_normal((1, 1, frames, 4))
        logits = centre + generator.standard_normal((2, count // 2, frames, 4))
        parts.append(logits - np.log(np.exp(logits).sum(-1, keepdims=True)))
    ids = [str(i) for i in range(recordings)]
    one = posterior_of(simulate(1, 10, generator))
    return FramePosterior.of_recordings(parts, ids, one.vocabulary, one.grid)


def test_overconfidence_is_found_and_taken_back():
    drawn = simulate(40, 200, np.random.default_rng(0), overconfidence=2.0, effect=0.05)
    found = choose(posterior_of(drawn), drawn.labels)
    assert isinstance(found.recalibration, Temperature)
    assert found.recalibration.temperature == pytest.approx(2, rel=0.25)
    assert found.difference["temperature"] < -found.standard_error["temperature"]
    assert set(found.nll) == set(candidates())
    assert "temperature" in found.reason


@pytest.mark.slow
def test_calibrated_laws_are_left_alone_nearly_always():
    generator = np.random.default_rng(1)
    chosen = []
    for _ in range(15):
        drawn = simulate(30, 100, generator)
        chosen.append(choose(posterior_of(drawn), drawn.labels).recalibration.name)
    assert chosen.count("none") >= 11
    assert chosen.count("isotonic") == 0


def test_no_recording_is_judged_by_what_it_was_fitted_on():
    # each recording's labels follow their own rule; whoever peeks gains, whoever does not loses
    generator = np.random.default_rng(2)
    probs = [generator.dirichlet([1] * 4, size=60) for _ in range(10)]
    labels = [np.full(60, i % 4) for i in range(10)]
    post = FramePosterior.from_probs(probs)
    found = choose(post, labels, folds=10)
    inside = VectorScaling.fit(np.concatenate(probs), np.concatenate(labels))
    inner = -np.log(
        inside.apply(np.concatenate(probs))[np.arange(600), np.concatenate(labels)]
    ).mean()
    assert found.nll["vector"] > inner
    # what a fold says of itself does not change with its own labels: only their scores do
    place = np.arange(10)
    sums = _held_out(VectorScaling, probs, labels, place)
    flipped = [(labels[0] + 1) % 4, *labels[1:]]
    rest = VectorScaling.fit(np.concatenate(probs[1:]), np.concatenate(labels[1:]))
    after = _held_out(VectorScaling, probs, flipped, place)
    assert after[0] == pytest.approx(nll_of(rest.apply(probs[0]), flipped[0]).sum())
    assert sums[0] == pytest.approx(nll_of(rest.apply(probs[0]), labels[0]).sum())


def test_takes_stay_together():
    # two takes of five: a fold never has half a take, so with labels that a take shares
    # nothing can be learned about one from itself
    probs = [np.full((50, 4), 0.25) for _ in range(12)]
    labels = [np.full(50, i // 2 % 4) for i in range(12)]
    post = FramePosterior.from_probs(probs)
    alone = choose(post, labels, folds=6, methods=("none", "vector"))
    together = choose(
        post, labels, folds=6, methods=("none", "vector"), groups=[str(i // 2) for i in range(12)]
    )
    assert together.nll["vector"] > alone.nll["vector"]


def test_order_of_recordings_and_padding_do_not_matter():
    drawn = simulate(12, 90, np.random.default_rng(4), overconfidence=2.0)
    ids = [f"r{i}" for i in range(12)]
    post = FramePosterior.from_probs(drawn.probs, ids=ids)
    order = np.random.default_rng(0).permutation(12)
    moved = FramePosterior.from_probs([drawn.probs[i] for i in order], ids=[ids[i] for i in order])
    one, other = choose(post, drawn.labels), choose(moved, [drawn.labels[i] for i in order])
    assert one.recalibration.name == other.recalibration.name
    assert list(one.nll.values()) == pytest.approx(list(other.nll.values()), abs=1e-3)


def test_too_few_recordings_are_left_alone():
    drawn = simulate(4, 50, np.random.default_rng(5), overconfidence=3.0)
    found = choose(posterior_of(drawn), drawn.labels)
    assert found.recalibration == Identity()
    assert "too few" in found.reason
    named = choose(posterior_of(drawn), drawn.labels, methods=("temperature",))
    assert isinstance(named.recalibration, Temperature)


def test_a_choice_round_trips():
    drawn = simulate(10, 50, np.random.default_rng(6), overconfidence=3.0)
    found = choose(posterior_of(drawn), drawn.labels)
    assert Choice.from_dict(json.loads(json.dumps(found.to_dict())), "x") == found
    assert Choice.from_dict({"method": "none"}, "x").recalibration == Identity()
    with pytest.raises(InputError, match="x: chosen_by"):
        Choice.from_dict({"method": "none", "chosen_by": {"moon": 1}}, "x")


def test_what_does_not_fit_is_refused():
    drawn = simulate(6, 50, np.random.default_rng(7))
    post = posterior_of(drawn)
    with pytest.raises(InputError, match="labels of 5 recordings for 6"):
        choose(post, drawn.labels[:5])
    with pytest.raises(InputError, match="2 folds or more"):
        choose(post, drawn.labels, folds=1)
    with pytest.raises(InputError, match="unknown recalibration 'vectr'"):
        choose(post, drawn.labels, methods=("vectr",))
    with pytest.raises(InputError, match="3 groups for 6"):
        choose(post, drawn.labels, groups=["a", "b", "c"])


def test_a_class_without_frames_is_ruled_out_by_nothing():
    drawn = simulate(20, 60, np.random.default_rng(8))
    labels = [np.where(y == 3, 0, y) for y in drawn.labels]
    post = posterior_of(drawn)
    found = choose(post, labels)
    assert set(found.nll) >= {"none", "temperature"}
    assert "isotonic" not in found.nll
    assert "isotonic" in choose(post, drawn.labels).nll
    with pytest.raises(InputError, match="no frame of G4, and it would be ruled out"):
        choose(post, labels, methods=("isotonic",))


# --- what it makes of a posterior -------------------------------------------------------------


@pytest.mark.parametrize(
    "method",
    [
        Temperature(2.0),
        Temperature(0.5),
        VectorScaling((1.0, 1.2, 0.8, 1.0), (0.5, 0.0, -0.3, 0.0)),
    ],
)
def test_the_mean_is_the_recalibrated_mean_and_draws_are_laws(method):
    post = draws()
    moved = recalibrated(post, method)
    inside = post.inside()
    wanted = method.apply(post.mean())
    assert moved.mean()[inside] == pytest.approx(wanted[inside], abs=2e-5)
    assert np.exp(moved.log_probs).sum(-1)[:, :, inside] == pytest.approx(1, abs=1e-5)
    total = moved.expected_variance() + moved.variance()
    assert total[inside] == pytest.approx(moved.total_variance()[inside], abs=1e-4)
    assert (moved.entropy() - moved.expected_entropy())[inside].min() > -1e-4
    assert moved.mutual_information()[inside].max() > 0.05


def test_nothing_to_recalibrate_is_the_same_object():
    post = draws()
    assert recalibrated(post, Identity()) is post
    summary = PosteriorSummary.of_posterior(post)
    assert recalibrated_summary(summary, Identity()) is summary


def test_one_draw_is_the_map_itself():
    drawn = simulate(3, 40, np.random.default_rng(0))
    post = posterior_of(drawn)
    method = Isotonic.fit(np.concatenate(drawn.probs), np.concatenate(drawn.labels))
    assert recalibrated(post, method).mean() == pytest.approx(method.apply(post.mean()), abs=1e-6)


def test_draws_move_as_little_as_they_must():
    # the I-projection is the one distribution that meets both margins and whose log-ratio to the
    # old one is a sum of a draw's and a class's part
    generator = np.random.default_rng(1)
    distributions, wanted = generator.dirichlet([2, 2, 2], size=4), np.array([0.5, 0.3, 0.2])
    found = moved_to(distributions[:, None], wanted[None], tolerance=1e-12)[:, 0]
    assert found.sum(axis=1) == pytest.approx(np.ones(4))
    assert found.mean(axis=0) == pytest.approx(wanted)
    change = np.log(found / distributions)
    parts = change.mean(axis=1, keepdims=True) + change.mean(axis=0) - change.mean()
    assert change == pytest.approx(parts, abs=1e-8)


def test_draws_that_agree_with_their_mean_stay():
    distributions = np.random.default_rng(2).dirichlet([1, 1, 1], size=(5, 7))
    assert moved_to(distributions, distributions.mean(axis=0)) == pytest.approx(
        distributions, abs=1e-6
    )


def test_sure_draws_that_contradict_each_other():
    distributions = np.array([[[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]]])
    moved = moved_to(distributions, np.array([[0.5, 0.5]]))
    assert np.isfinite(moved).all()
    assert moved.sum(axis=-1) == pytest.approx(np.ones((3, 1)))


def test_a_summary_says_nearly_the_same():
    post, method = draws(count=60), Temperature(1.5)
    whole = recalibrated(post, method)
    part = recalibrated_summary(PosteriorSummary.of_posterior(post), method)
    inside = post.inside()
    assert part.mean()[inside] == pytest.approx(whole.mean()[inside], abs=2e-5)
    assert part.variance()[inside].mean() == pytest.approx(whole.variance()[inside].mean(), rel=0.1)
    assert part.mutual_information()[inside].mean() == pytest.approx(
        whole.mutual_information()[inside].mean(), rel=0.15
    )
