"""A model, and a file of its predictions: the report says the same of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.evaluation import evaluate
from bayes_a2m.evaluation.stored_labels import compare_stored_labels
from bayes_a2m.posteriors.mc_dropout import MCDropout
from bayes_a2m.posteriors.point import Point
from bayes_a2m.prediction.netcdf_files import read_netcdf, write_netcdf
from bayes_a2m.reporting.report.entry import of_model
from bayes_a2m.reporting.report.predictions import of_predictions, plain_decoder
from tests import tiny

SHARED = {"resamples": 20, "accept_error": 0.05}


@pytest.fixture(scope="module")
def drawing(tiny_data: Dataset, tiny_point: Point) -> MCDropout:
    """A model that draws, from the small network."""
    fit, tune = tiny_data.split("train").with_tuning_part(0.2)
    plan = load_experiment("mc_dropout", [*tiny.SMALL, "training.epochs=2"])
    return MCDropout.of_experiment(plan).fit(fit, tune)


@pytest.fixture(scope="module")
def written(
    drawing: MCDropout, tiny_data: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("predictions") / "p.nc"
    evaluate(drawing, tiny_data.split("validation"), draws=4, predictions=path)
    return path


def test_the_file_says_what_the_model_says(
    drawing: MCDropout, tiny_data: Dataset, written: Path
) -> None:
    data = tiny_data.split("validation")
    model = of_model("m", drawing, data, draws=4, **SHARED)
    file = of_predictions("f", written, data, **SHARED)
    for score in ("accuracy", "nll", "ece", "brier", "aurc"):
        a, b = (one.metrics.metrics[score].value for one in (model, file))
        assert a == pytest.approx(b, abs=1e-5)
    np.testing.assert_allclose(model.posterior.variance(), file.posterior.variance(), atol=1e-5)
    np.testing.assert_allclose(
        model.posterior.mutual_information(), file.posterior.mutual_information(), atol=1e-4
    )
    assert (model.posterior.draws, file.posterior.draws) == (4, 4)
    assert model.embeddings is not None
    assert model.embeddings.features.shape[0] == model.embeddings.frame.shape[0]
    assert file.embeddings is None
    assert (model.seen, file.seen) == (0, None)  # of a file it is not known
    assert file.cautions == ()
    assert of_model("m", drawing, tiny_data.split("train"), draws=1, **SHARED).seen == 12


def test_recordings_may_come_in_any_order_and_with_a_frame_too_many(
    tiny_data: Dataset, written: Path, tmp_path: Path
) -> None:
    data = tiny_data.split("validation")
    whole = read_netcdf(written)
    longer = whole.isel(recording=[2, 0, 3, 1]).pad(frame=(0, 1), mode="edge")
    longer["length"] = longer["length"] + 1
    write_netcdf(tmp_path / "other.nc", longer)
    first = of_predictions("a", written, data, **SHARED)
    second = of_predictions("b", tmp_path / "other.nc", data, **SHARED)
    np.testing.assert_array_equal(first.evaluation.frames.nll, second.evaluation.frames.nll)
    assert second.posterior.ids == data.ids


def test_stored_labels_are_compared_with_the_folders(
    tiny_data: Dataset, written: Path, tmp_path: Path
) -> None:
    data = tiny_data.split("validation")
    same = compare_stored_labels(written, data)
    total = sum(map(len, data.labels))
    assert (same.recordings, same.frames, same.different, same.cautions) == (4, total, 0, ())
    whole = read_netcdf(written)
    labels = whole["label"].values.copy()
    labels[2, :50] = (labels[2, :50] + 1) % 4
    labels[3, :20] = -1  # no reference there: nothing to compare
    whole["label"] = (("recording", "frame"), labels)
    write_netcdf(tmp_path / "other.nc", whole.isel({"recording": [3, 2, 1, 0]}))
    other = compare_stored_labels(tmp_path / "other.nc", data)
    assert (other.frames, other.different, other.worst) == (total - 20, 50, data[2].id)
    assert other.share == pytest.approx(50 / (total - 20))
    entry = of_predictions("f", tmp_path / "other.nc", data, **SHARED)
    assert entry.cautions == other.cautions
    assert f"differ from the folder's in {100 * other.share:.1f} %" in entry.cautions[0]
    write_netcdf(tmp_path / "none.nc", whole.drop_vars("label"))
    (said,) = compare_stored_labels(tmp_path / "none.nc", data).cautions
    assert "is not known" in said


def test_what_is_no_probability_is_refused(
    tiny_data: Dataset, written: Path, tmp_path: Path
) -> None:
    whole = read_netcdf(written)
    whole["probability"][1] *= 2
    write_netcdf(tmp_path / "bad.nc", whole)
    data = tiny_data.split("validation")
    with pytest.raises(InputError, match=rf"bad\.nc: probabilities of recording {data[1].id}"):
        of_predictions("b", tmp_path / "bad.nc", data, **SHARED)


def test_the_plain_decoder_takes_the_likeliest_class_and_cleans_up() -> None:
    from bayes_a2m.prediction.posterior import FramePosterior

    called = np.repeat([0, 1, 0, 1, 0, 2, 0], [20, 40, 5, 40, 20, 5, 20])
    probs = np.where(np.eye(4)[called] > 0, 0.7, 0.1)
    (found,) = plain_decoder(4).decode(FramePosterior.from_probs([probs]))
    (note,) = found.notes  # the gap of 30 ms is closed, the note of 30 ms dropped
    assert (note.pitch, note.onset, note.offset) == (60, pytest.approx(0.12), pytest.approx(0.63))
