import importlib.resources
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from bayes_a2m import calibration
from bayes_a2m.datasets import Dataset, Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import evaluate, evaluate_chunks, results_of
from bayes_a2m.files import read_json
from bayes_a2m.metrics.frames import NAMES
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.point import Point
from bayes_a2m.prediction.posterior import FramePosterior


@pytest.fixture
def metrics(tiny_point: Point, tiny_data: Dataset) -> dict:
    evaluation = evaluate(tiny_point, tiny_data.split("validation"))
    return results_of(evaluation, resamples=200).to_dict()


def test_the_scores_are_those_of_the_pure_functions(
    metrics: dict, tiny_point: Point, tiny_data: Dataset
) -> None:
    data = tiny_data.split("validation")
    post, labels = tiny_point.predict(data), data.labels_on(tiny_point.grid)
    for name in ("accuracy", "macro_f1", "nll", "brier", "ece"):
        expected = getattr(calibration, name)(post, labels)
        assert metrics["metrics"][name]["value"] == pytest.approx(expected, abs=1e-6), name
    for name in ("aurc", "error_auroc"):
        expected = getattr(calibration, name)(post, labels)
        # from histograms; of few frames a bin holds pairs that should be told apart
        assert metrics["metrics"][name]["value"] == pytest.approx(expected, abs=5e-3), name
    assert metrics["confusion"] == calibration.confusion(post, labels).tolist()


def test_it_is_what_the_schema_says(metrics: dict) -> None:
    file = importlib.resources.files("bayes_a2m") / "schemas" / "metrics.json"
    written = json.loads(json.dumps(metrics, allow_nan=False))
    jsonschema.validate(written, read_json(Path(str(file))))
    assert tuple(metrics["metrics"]) == NAMES
    assert metrics["metrics"]["note_ece"] == metrics["notes"]["ece"]
    assert set(metrics["per_condition"]) == {"studio", "noisy"}


def test_stages_are_those_of_the_law(metrics: dict, tiny_point: Point, tiny_data: Dataset) -> None:
    """The first over all frames, the second over those that sound; NLLs add up (chain rule)."""
    data = tiny_data.split("validation")
    post, labels = tiny_point.predict(data), data.labels_on(tiny_point.grid)
    probs = np.concatenate([post.of(i) for i in range(len(data))]).astype(float)
    truth = np.concatenate(labels)
    sounding = truth > 0
    silence, pitch = metrics["stages"]["silence"], metrics["stages"]["pitch"]
    assert (silence["frames"], pitch["frames"]) == (truth.size, sounding.sum())
    right = (probs[:, 0] > 0.5) == ~sounding
    assert silence["accuracy"]["value"] == pytest.approx(right.mean(), abs=1e-6)
    called = probs[sounding, 1:].argmax(axis=1) + 1
    assert pitch["accuracy"]["value"] == pytest.approx((called == truth[sounding]).mean())
    share = sounding.mean()
    total = silence["nll"]["value"] + share * pitch["nll"]["value"]
    assert total == pytest.approx(metrics["metrics"]["nll"]["value"], abs=1e-5)


def test_places_and_conditions_are_parts_of_the_whole(metrics: dict) -> None:
    near, away = metrics["near_boundary"], metrics["away_from_boundary"]
    low, high = sorted((near["accuracy"]["value"], away["accuracy"]["value"]))
    assert low <= metrics["metrics"]["accuracy"]["value"] <= high
    assert near["note_onset_f1_50ms"] is None
    assert metrics["metrics"]["note_onset_f1_100ms"]["value"] > 0.5
    score = metrics["metrics"]["nll"]
    assert score["low"] <= score["value"] <= score["high"]


def test_predictions_are_written_whatever_the_lengths(tmp_path: Path) -> None:
    vocabulary = Vocabulary((60,))
    generator = np.random.default_rng(0)

    def source() -> list[tuple[list[Recording], FramePosterior]]:
        chunks = []
        for name, frames in (("a", 20), ("b", 35), ("c", 10)):
            samples = np.zeros(frames * 96, dtype=np.float32)
            recording = Recording(name, samples=samples, sample_rate=16000, notes=())
            probs = generator.dirichlet([1, 1], size=frames)
            post = FramePosterior.from_probs([probs], ids=[name], vocabulary=vocabulary)
            chunks.append(([recording], post))
        return chunks

    chunks = source()
    decoder = Decoder.from_labels([np.array([0, 1, 0])], 2)
    file = tmp_path / "predictions.nc"
    result = evaluate_chunks(chunks, decoder, total=3, predictions=file)
    assert result.frames.frames.tolist() == [20, 35, 10]
    loaded = FramePosterior.load(file)
    assert loaded.ids == ("a", "b", "c")
    assert loaded.lengths.tolist() == [20, 35, 10]
    for i, (_, post) in enumerate(chunks):
        np.testing.assert_allclose(loaded.of(i), post.of(0), atol=1e-6)


def test_every_draw_is_written_where_asked_for(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    chunks = []
    for name, frames in (("a", 20), ("b", 35)):
        log_probs = np.log(generator.dirichlet([1, 1], size=(2, 3, 1, frames))).astype("f4")
        post = FramePosterior(log_probs, np.array([frames]), (name,), Vocabulary((60,)))
        samples = np.zeros(frames * 96, dtype=np.float32)
        recording = Recording(name, samples=samples, sample_rate=16000, notes=())
        chunks.append(([recording], post))
    decoder = Decoder.from_labels([np.array([0, 1, 0])], 2)
    file = tmp_path / "predictions.nc"
    evaluate_chunks(chunks, decoder, total=2, predictions=file, draws_too=True)
    loaded = FramePosterior.load(file)
    assert loaded.log_probs.shape == (2, 3, 2, 35, 2)
    for i, (_, post) in enumerate(chunks):
        n = int(post.lengths[0])
        np.testing.assert_array_equal(loaded.log_probs[:, :, i, :n], post.log_probs[:, :, 0])
    assert np.isfinite(loaded.log_probs).all()


def test_an_empty_set_and_other_pitches_are_refused(tiny_point: Point, tiny_data: Dataset) -> None:
    with pytest.raises(InputError, match="no recording"):
        evaluate_chunks([], tiny_point.decoder, total=0)
    other = Dataset(tiny_data.recordings, Vocabulary((60, 62, 64, 67)))
    with pytest.raises(InputError, match="the model knows"):
        evaluate(tiny_point, other)


def test_takes_that_were_seen_are_told_apart(tiny_point: Point, tiny_data: Dataset) -> None:
    from dataclasses import replace

    data = tiny_data.split("validation")
    named = tuple(replace(r, take="a" if i < 2 else "b") for i, r in enumerate(data))
    chunks = list(tiny_point.predict_chunks(named))
    decoder = tiny_point.decoder
    result = results_of(evaluate_chunks(chunks, decoder, total=4, seen_takes=("a",)))
    chunks = list(tiny_point.predict_chunks(named[2:]))
    rest = results_of(evaluate_chunks(chunks, decoder, total=2))
    assert result.without_seen_takes is not None
    assert result.without_seen_takes["nll"] == rest.metrics["nll"]
    assert rest.without_seen_takes is None


def test_memory_grows_by_the_counts_only() -> None:
    """Two minutes of posterior are 0.3 MB and more in the making; what is kept of them is not."""
    import tracemalloc
    from collections.abc import Iterator

    frames, decoder = 20_000, Decoder.from_labels([np.array([0, 1, 2, 3, 0])], 4)
    samples = np.zeros(frames * 96, dtype=np.float32)
    probs = np.zeros((frames, 4), dtype=np.float32)
    probs[:, 0] = 1

    def source(count: int) -> Iterator[tuple[list[Recording], FramePosterior]]:
        for i in range(count):
            recording = Recording(str(i), samples=samples, sample_rate=16000, notes=())
            yield [recording], FramePosterior.from_probs([probs], ids=[str(i)])

    def peak(count: int) -> int:
        tracemalloc.start()
        evaluate_chunks(source(count), decoder, total=count)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return highest

    # 25 kB of histograms, three times, and the places; twice while they are stacked
    assert peak(5) - peak(1) < 4 * 250_000
