"""Onset log-probabilities travel from the network through every way of drawing, and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.posterior import Posterior
from bayes_a2m.prediction.posterior import FramePosterior
from bayes_a2m.prediction.summary import PosteriorSummary
from tests import tiny

ONSETS = ("network.onsets={weight: 10.0}", "training.epochs=48")

METHODS = {
    "laplace": (),
    "mc_dropout": (
        "network.dropout.inputs=0.2",
        "network.dropout.head=0.2",
        "training.epochs=2",
    ),
    "ensemble": ("posterior.members=2", "posterior.jobs=1", "training.epochs=2"),
    "variational": ("posterior.epochs=2", "posterior.warmup=1"),
}


def made(data: Dataset, name: str, start: Posterior | None, *settings: str) -> Posterior:
    experiment = load_experiment(name, (*tiny.SMALL, *ONSETS, *settings))
    return make_posterior(experiment).fit(*data.split("train").with_tuning_part(0.2), start=start)


@pytest.fixture(scope="module")
def point(tiny_data: Dataset) -> Posterior:
    return made(tiny_data, "crnn", None)


def test_onsets_are_found_and_survive_files(
    point: Posterior, tiny_data: Dataset, tmp_path: Path
) -> None:
    data = tiny_data.split("validation")
    post = point.predict(data)
    onsets = post.onset_mean()
    assert onsets is not None
    assert onsets.shape == post.log_probs.shape[2:4]
    near, total = 0.0, 0.0
    for i, labels in enumerate(data.labels_on(point.grid)):
        starts = np.flatnonzero((labels[1:] != labels[:-1]) & (labels[1:] > 0)) + 1
        around = {int(f) for s in starts for f in range(s - 8, s + 9)}
        near += sum(float(onsets[i, f]) for f in around if 0 <= f < labels.size)
        total += float(onsets[i, : labels.size].sum())
    assert near > 0.6 * total  # a quarter of the frames lie near an onset
    point.save(tmp_path / "model")
    again = load_model(tmp_path / "model").predict(data)
    np.testing.assert_array_equal(again.onset_log_probs, post.onset_log_probs)
    PosteriorSummary.of_posterior(post).save(tmp_path / "predictions.nc")
    for read in (FramePosterior.load, PosteriorSummary.load):
        held = read(tmp_path / "predictions.nc").onset_mean()
        np.testing.assert_allclose(held, onsets, rtol=1e-4, atol=1e-6)


def test_windows_are_cross_faded(point: Posterior, tiny_data: Dataset) -> None:
    sound = tiny_data.split("validation")[0].audio()
    long = Recording("long", samples=np.tile(sound, 6), sample_rate=16000)
    post = point.predict([long])
    assert post.onset_log_probs is not None
    assert post.onset_log_probs.shape == post.log_probs.shape[:4]
    assert (post.onset_log_probs <= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_every_draw_has_its_onsets(method: str, point: Posterior, tiny_data: Dataset) -> None:
    start = point if method in ("laplace", "variational") else None
    model = made(tiny_data, method, start, *METHODS[method])
    post = model.predict(tiny_data.split("validation"), 4)
    assert post.onset_log_probs is not None
    assert post.onset_log_probs.shape == post.log_probs.shape[:4]
    assert np.isfinite(post.onset_log_probs).all()
    spread = np.exp(post.onset_log_probs).std(axis=(0, 1)).max()
    # Laplace draws the weights of the classes' head alone
    assert spread == 0 if method == "laplace" else spread > 1e-4


def test_selected_recordings_keep_theirs() -> None:
    probs = [np.full((n, 2), 0.5) for n in (4, 6, 3)]
    onsets = [np.full(n, 0.1 * (i + 1)) for i, n in enumerate((4, 6, 3))]
    post = FramePosterior.from_probs(probs, vocabulary=Vocabulary((60,)), onsets=onsets)
    some = post.select([2, 0])
    assert (some.ids, some.lengths.tolist()) == (("2", "0"), [3, 4])
    assert some.onset_log_probs is not None
    np.testing.assert_allclose(np.exp(some.onset_log_probs[0, 0, :, 0]), [0.3, 0.1], rtol=1e-5)
    alone = post.alone(1).onset_mean()
    np.testing.assert_allclose(alone, np.full((1, 6), 0.2), rtol=1e-5)
    parts = [PosteriorSummary.of_posterior(post.alone(i)) for i in range(3)]
    joined = PosteriorSummary.concatenate(parts).onset_mean()
    assert joined is not None
    np.testing.assert_allclose(joined, post.onset_mean(), atol=1e-6)
    merged = parts[0].merged(parts[0])
    np.testing.assert_allclose(merged.onset_mean(), np.full((1, 4), 0.1), rtol=1e-5)
