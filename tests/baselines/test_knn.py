"""Nearest neighbours: scikit-learn's answers, smoothed; and settings from the tuning part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.fft import dct
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier

from bayes_a2m.audio.features import MelFeatures
from bayes_a2m.baselines.knn import KNN, Memory
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.music import Vocabulary
from tests.baselines.contract import BaselineContract
from tests.baselines.small import SPECTRUM, fitted, speak


@pytest.fixture(scope="module")
def model(tiny_data: Dataset) -> KNN:
    return fitted(KNN(features=SPECTRUM, stored=600, components=12), tiny_data)


class TestKNN(BaselineContract):
    covers = "knn"


@pytest.mark.parametrize("weights", ["distance", "uniform"])
def test_shares_of_votes_are_scikit_learns(weights: str) -> None:
    generator = np.random.default_rng(0)
    frames = generator.standard_normal((200, 5)).astype(np.float32)
    labels = generator.integers(0, 4, 200)
    labels[:4] = range(4)
    # a few queries lie exactly on stored frames, one of them on two
    frames[11] = frames[10]
    queries = np.concatenate([generator.standard_normal((50, 5)), frames[8:12]]).astype(np.float32)
    theirs = KNeighborsClassifier(7, weights=weights, algorithm="brute").fit(frames, labels)
    memory = Memory(frames, labels, 4)
    shares = memory.shares(*memory.search(queries, 7), weights)
    np.testing.assert_allclose(shares, theirs.predict_proba(queries), atol=1e-9)


def test_smoothing_adds_votes_by_the_classes_shares() -> None:
    memory = Memory(np.zeros((6, 1), np.float32), np.array([0, 0, 0, 1, 1, 2]), 4)
    # counted once more than they occur: 4, 3, 2 and 1 of 10
    np.testing.assert_allclose(memory.prior, [0.4, 0.3, 0.2, 0.1])
    probs = memory.smoothed(np.array([[0.5, 0.5, 0.0, 0.0]]), 4, 1.0)
    np.testing.assert_allclose(probs, [[2.4 / 5, 2.3 / 5, 0.2 / 5, 0.1 / 5]])


def test_the_whole_is_scikit_learn_called_directly(tiny_data: Dataset) -> None:
    model = fitted(
        KNN(
            features=SPECTRUM,
            k=9,
            stored=100_000,
            components=10,
            context=1,
            stride=0.05,
            smoothing=0.5,
        ),
        tiny_data,
    )
    fit, _ = tiny_data.split("train").with_tuning_part(0.2)
    spectra = [model.extractor(r.audio(16000)) for r in fit]
    every = np.concatenate(spectra)
    mean, scale = every.mean(axis=0).mean(), every.std()
    pca = PCA(10).fit((every - mean) / scale)
    stride = model.grid.count(0.05)

    def around(spectrum: np.ndarray) -> np.ndarray:
        values = pca.transform((spectrum - mean) / scale)
        padded = np.pad(values, ((stride, stride), (0, 0)), mode="edge")
        return np.hstack([padded[: len(values)], values, padded[2 * stride :]])

    labels = np.concatenate(fit.labels_on(model.grid))
    classifier = KNeighborsClassifier(9, weights="distance", algorithm="brute")
    classifier.fit(np.concatenate([around(s) for s in spectra]), labels)
    recording = tiny_data.split("validation")[0]
    shares = classifier.predict_proba(around(model.extractor(recording.audio(16000))))
    counts = np.bincount(labels, minlength=4) + 1.0
    wanted = (9 * shares + 0.5 * counts / counts.sum()) / 9.5
    found = np.exp(model.predict_recording(recording)[0, 0])
    np.testing.assert_allclose(found, wanted, atol=2e-3)
    assert (found.argmax(axis=1) == wanted.argmax(axis=1)).mean() > 0.995


def test_cepstral_coefficients_are_the_cosine_transform_of_the_spectrum() -> None:
    model = KNN(features=MelFeatures(bins=40), coefficients=13)
    speak(model, Vocabulary())
    spectrum = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    bins = np.arange(40)
    # DCT-II, orthonormal, written out
    basis = np.cos(np.pi * np.arange(13)[:, None] * (bins + 0.5) / 40) * np.sqrt(2 / 40)
    basis[0] /= np.sqrt(2)
    np.testing.assert_allclose(model._values(spectrum), spectrum @ basis.T, atol=1e-5)
    np.testing.assert_allclose(
        model._values(spectrum), dct(spectrum, norm="ortho")[:, :13], atol=1e-5
    )


def test_each_recording_may_be_normalised_by_itself(tiny_data: Dataset) -> None:
    """Then loudness matters less: only the floor of the spectrum does."""
    recording = tiny_data.split("validation")[0]
    quiet = Recording("x", samples=0.05 * recording.audio(16000), sample_rate=16000)
    moved = {}
    for scope in ("recording", "training"):
        settings = ["features.bins=84", "features.bins_per_octave=12", f"normalization={scope}"]
        settings += ["posterior.stored=400", "posterior.k=5", "posterior.context=0"]
        model = fitted(KNN.of_experiment(load_experiment("knn", settings)), tiny_data)
        assert model.normalizer.of == scope
        one, other = (model.predict([r], raw=True).mean() for r in (recording, quiet))
        moved[scope] = np.abs(one - other).mean()
    assert moved["recording"] < 0.5 * moved["training"]
