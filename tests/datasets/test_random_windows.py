"""Long recordings cut elsewhere in every epoch: as long, as many, and everywhere."""

from __future__ import annotations

import numpy as np

from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets.example import pieces
from bayes_a2m.datasets.held_examples import HeldExamples
from bayes_a2m.datasets.random_windows import RandomWindows
from bayes_a2m.posteriors.fingerprint import settings_that_count
from bayes_a2m.training.data import Examples


def held(frames: int, length: int = 20) -> HeldExamples:
    """A recording whose features and labels are the numbers of its frames."""
    numbers = np.arange(frames)
    spans = tuple(pieces(frames, length))
    features = numbers[:, None].astype(np.float32)
    return HeldExamples(features, numbers, spans, "studio", CQTFeatures())


def starts(windows: RandomWindows, epoch: int) -> list[int]:
    windows.epoch = epoch
    return [int(example.labels[0]) for example in windows]


def test_every_epoch_is_cut_elsewhere_and_the_same_again() -> None:
    windows = RandomWindows([held(95), held(20), held(70)], seed=3)
    first, second = starts(windows, 0), starts(windows, 1)
    assert first != second
    assert starts(windows, 0) == first
    assert starts(RandomWindows(windows.recordings, seed=4), 0) != first
    # what is one window long stays as it is
    assert first[5] == second[5] == 0
    assert windows[5].features.shape == (20, 1)


def test_examples_keep_their_length_and_their_labels() -> None:
    recordings = [held(95), held(70)]
    windows = RandomWindows(recordings, seed=0)
    sizes = [b - a for own in recordings for a, b in own.spans]
    for epoch in range(5):
        windows.epoch = epoch
        assert [len(example.labels) for example in windows] == sizes
        for example in windows:
            np.testing.assert_array_equal(example.features[:, 0], example.labels)
            assert (np.diff(example.labels) == 1).all()


def test_every_frame_is_heard_about_as_often() -> None:
    windows, heard = RandomWindows([held(200)], seed=0), np.zeros(200)
    for epoch in range(400):
        windows.epoch = epoch
        for example in windows:
            heard[example.labels] += 1
    assert heard.min() > 0.45 * 400
    assert heard[20:-20].min() > 0.85 * 400
    assert heard.mean() == 400


def test_the_training_sets_the_epoch() -> None:
    windows = RandomWindows([held(95)], seed=0)
    loader = Examples(windows, [], batch=2, seed=0).train_dataloader()
    loader.sampler.set_epoch(4)  # type: ignore[union-attr]  # EpochShuffle
    assert windows.epoch == 4


def test_without_it_a_cell_keeps_its_fingerprint() -> None:
    assert "random" not in settings_that_count(load_experiment("crnn"))["windows"]
    random = settings_that_count(load_experiment("crnn", ["windows.random=true"]))
    assert random["windows"]["random"] is True
