"""What is unlike the training recordings is told: known distances, a shift that is seen, files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy import stats

import bayes_a2m as a2m
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.errors import InputError
from bayes_a2m.posteriors import novelty
from bayes_a2m.posteriors.density import ClassSums, FeatureDensity
from bayes_a2m.posteriors.novelty import NoveltyDetector, WindowDensity
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.training_data import TrainingData
from tests.tiny import copy_to_change


def test_sums_of_parts_are_those_of_the_whole() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 600)
    features = generator.standard_normal((600, 4)) + 5 * labels[:, None]
    cuts = np.split(np.arange(600), (50, 51, 300))
    parts = [ClassSums.of([(features[i], labels[i])], 4) for i in cuts]
    whole = ClassSums.of([(features, labels)], 4)
    for joined in (
        ClassSums.joined(parts),
        ClassSums.of(((features[i], labels[i]) for i in cuts), 4),
    ):
        np.testing.assert_allclose(joined.within, whole.within, rtol=1e-9)
        np.testing.assert_allclose(joined.means, whole.means, rtol=1e-12)
        np.testing.assert_array_equal(joined.count, whole.count)
    centred = features - whole.means[labels]
    np.testing.assert_allclose(whole.within, centred.T @ centred, rtol=1e-9)
    assert np.isnan(whole.means[3]).all()


def test_distances_of_windows_of_a_known_gaussian_are_chi_squared() -> None:
    generator = np.random.default_rng(1)
    mixing = generator.standard_normal((5, 5)) * np.array([1.0, 10.0, 0.1, 1.0, 1.0])
    rows = generator.standard_normal((20000, 5)) @ mixing + 3.0
    density = WindowDensity.of(rows)
    for level in (0.1, 0.5, 0.9):
        expected = stats.chi2(5).ppf(level)
        assert np.quantile(5 * density.distance(rows), level) == pytest.approx(expected, rel=0.05)


def test_units_that_are_never_active_do_no_harm() -> None:
    rows = np.random.default_rng(2).standard_normal((30, 4))
    rows[:, 2] = 0.0
    assert np.isfinite(WindowDensity.of(rows).distance(rows)).all()


def detector_of(model: Point) -> NoveltyDetector:
    assert model.fitted is not None
    assert model.fitted.novelty is not None
    return model.fitted.novelty


def hissing(recording: Recording) -> Recording:
    """The recording with noise that the statistics of its level do not mind."""
    sound = recording.audio(16000)
    noise = np.random.default_rng(0).standard_normal(sound.size)
    louder = (sound + 0.004 * noise).astype(np.float32)
    return replace(recording, path=None, samples=louder, sample_rate=16000)


def test_features_that_are_not_kept_are_made_again_to_the_same_verdicts(
    tiny_knowing: Point, tiny_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = tiny_data.split("train").with_tuning_part(0.2)
    data = TrainingData.of(*parts, tiny_knowing.experiment)
    data = replace(data, fitting=data.fitting * 2, tuning=data.tuning * 2)
    kept = NoveltyDetector.fit(tiny_knowing.network, data)
    monkeypatch.setattr(novelty, "KEPT_BYTES", 0)
    anew = NoveltyDetector.fit(tiny_knowing.network, data)
    assert kept is not None
    assert anew is not None
    assert kept.limit == anew.limit
    np.testing.assert_array_equal(kept.scales, anew.scales)
    np.testing.assert_array_equal(kept.frames.means, anew.frames.means)
    embedding = novelty._Embedding(tiny_knowing.network, data, data.fitting)
    assert embedding[0] is not embedding[0]
    monkeypatch.setattr(novelty, "KEPT_BYTES", embedding[0][0].local.nbytes)
    embedding = novelty._Embedding(tiny_knowing.network, data, data.fitting)
    assert embedding[0] is embedding[0]
    assert embedding[1] is not embedding[1]


def test_most_recordings_like_those_learned_from_are_not_novel(
    tiny_knowing: Point, tiny_data: Dataset
) -> None:
    detector = detector_of(tiny_knowing)
    train = tiny_data.split("train")
    novelty = [detector.novelty(tiny_knowing, recording) for recording in train]
    assert np.mean(np.array(novelty) > 1) <= 0.1


def test_a_noise_that_was_not_learned_is_told(tiny_knowing: Point, tiny_data: Dataset) -> None:
    detector = detector_of(tiny_knowing)
    for recording in tiny_data.split("validation"):
        clean = detector.novelty(tiny_knowing, recording)
        noisy = detector.novelty(tiny_knowing, hissing(recording))
        assert noisy > 1
        assert noisy > 2 * clean
        told = tiny_knowing.unlike(hissing(recording))
        assert any(phrase.startswith("it sounds unlike nearly all recordings") for phrase in told)


def test_too_few_recordings_say_nothing_of_what_is_new(tiny_data: Dataset) -> None:
    from bayes_a2m.networks.crnn import CRNN
    from bayes_a2m.posteriors.training_data import TrainingData

    model = Point(CRNN())
    train = tiny_data.split("train")
    few = replace(train, recordings=train.recordings[:10])
    tune = replace(train, recordings=train.recordings[10:])
    data = TrainingData.of(few, tune, model.experiment)
    network = model.network.fresh(bins=model.experiment.features.bins, classes=4, seed=0)
    assert NoveltyDetector.fit(network, data) is None


@pytest.fixture(scope="module")
def knowing_model(tiny_knowing: Point, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("knowing") / "model"
    tiny_knowing.save(path)
    return path


def test_it_is_kept_with_the_model(knowing_model: Path, tiny_knowing: Point) -> None:
    detector = detector_of(tiny_knowing)
    model = a2m.load_model(knowing_model)
    assert isinstance(model, Point)
    read = detector_of(model)
    rows = np.random.default_rng(0).standard_normal((3, detector.frames.means.shape[1]))
    np.testing.assert_array_equal(read.frames.distance(rows), detector.frames.distance(rows))
    np.testing.assert_array_equal(read.window.whitener, detector.window.whitener)
    np.testing.assert_array_equal(read.scales, detector.scales)
    assert read.limit == detector.limit
    assert "novelty.safetensors" in (knowing_model / "checksums.sha256").read_text()


def test_a_model_without_it_loads_and_does_not_know(
    knowing_model: Path, tiny_data: Dataset, tmp_path: Path
) -> None:
    older = copy_to_change(knowing_model, tmp_path / "older")
    (older / "novelty.safetensors").unlink()
    model = a2m.load_model(older)
    assert model.fitted is not None
    assert model.fitted.novelty is None
    told = model.unlike(hissing(tiny_data.split("validation")[0]))
    assert not any("sounds unlike" in phrase for phrase in told)


def test_a_broken_file_is_named(knowing_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "novelty.safetensors"
    shutil.copy(knowing_model / "novelty.safetensors", path)
    good = load_file(path)
    whitener = good["frames.whitener"]
    broken: tuple[tuple[dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]], str], ...] = (
        ({k: v for k, v in good.items() if k != "limit"}, "lacks 'limit'"),
        ({**good, "frames.whitener": whitener[:-1].copy()}, "another shape"),
        ({**good, "scales": np.array([1.0, np.nan])}, "not finite"),
        ({**good, "limit": np.array([-1.0])}, "not above zero"),
    )
    for arrays, words in broken:
        save_file(arrays, path, metadata={"format_version": "1"})
        with pytest.raises(InputError, match=f"{path.name}: .*{words}"):
            NoveltyDetector.load(path)
    save_file(good, path, metadata={"format_version": "99"})
    with pytest.raises(InputError, match="of version 99"):
        NoveltyDetector.load(path)
    path.write_bytes(b"\x00" * 40)
    with pytest.raises(InputError, match=path.name):
        NoveltyDetector.load(path)


def test_densities_of_another_network_are_refused(tiny_knowing: Point, tiny_data: Dataset) -> None:
    detector = detector_of(tiny_knowing)
    other = replace(detector, frames=FeatureDensity(np.zeros((4, 3)), np.eye(3)))
    with pytest.raises(InputError, match="of another network"):
        other.novelty(tiny_knowing, tiny_data[0])
