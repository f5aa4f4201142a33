"""Accepted notes, counted also on recordings that were fitted, by models that never heard them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.calibration.note_acceptance import accepted_notes, note_threshold
from bayes_a2m.calibration.selective import AcceptStatistics
from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.cross_validation.acceptance import cross_fit
from bayes_a2m.datasets import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model, make_posterior
from bayes_a2m.posteriors.posterior import Posterior
from tests.cli.command import run

PLAN = load_experiment("knn", ["features.bins=84", "features.bins_per_octave=12"])


def parts(data: Dataset) -> tuple[Dataset, Dataset]:
    return data.split("train").with_tuning_part(0.2)


def fitted(data: Dataset) -> Posterior:
    fit, tune = parts(data)
    return make_posterior(PLAN).fit(fit, tune)


def test_fitted_recordings_are_counted_by_models_that_never_heard_them(
    tiny_data: Dataset, tmp_path: Path
) -> None:
    fit, tune = parts(tiny_data)
    model = fitted(tiny_data)
    own, before = model.calibrator, model.predict(tune).log_probs
    assert own.accepted_notes is not None
    said: list[str] = []
    cross_fit(model, fit, tune, tmp_path, count=2, progress=False, say=said.append)
    found = model.calibrator.accepted_notes
    assert found is not None
    assert (len(own.accepted_notes), len(found)) == (len(tune), len(tune) + len(fit))
    expected = [own.accepted_notes]
    for rest, held_out in fit.folds(2, model.seed):
        one = make_posterior(PLAN).fit(rest, tune)
        notes = one.fitted.notes.infer(one.predict(held_out))  # type: ignore[union-attr]
        counts = accepted_notes(notes, [r.notes or () for r in held_out])
        assert counts is not None
        expected.append(counts)
    wanted = AcceptStatistics.stack(expected)
    np.testing.assert_array_equal(found.accepted, wanted.accepted)
    np.testing.assert_array_equal(found.wrong, wanted.wrong)
    # nothing else changed, and nothing is trained again
    assert model.calibrator.accepted == own.accepted
    np.testing.assert_array_equal(model.predict(tune).log_probs, before)
    assert len(said) == 2
    again = fitted(tiny_data)
    cross_fit(again, fit, tune, tmp_path, count=2, progress=False, say=said.append)
    assert len(said) == 2
    assert again.calibrator == model.calibrator


def test_more_recordings_lower_the_threshold() -> None:
    """Of 90 notes 2 are wrong, which may be 5 %; of 900 notes 20 are not."""
    few = [AcceptStatistics.of_outcomes([0.9, 0.8, 0.7], [True, True, i > 1]) for i in range(30)]
    tuned = note_threshold(AcceptStatistics.stack(few), 0.05)
    more = note_threshold(AcceptStatistics.stack(few * 10), 0.05)
    assert tuned.promised
    assert 0.7 < tuned.threshold <= 0.8
    assert not more.promised  # all may be accepted
    assert "all notes of the held-out recordings together" in more.words


def test_a_start_that_heard_what_is_left_out_is_refused(tiny_data: Dataset, tmp_path: Path) -> None:
    fit, tune = parts(tiny_data)
    model = fitted(tiny_data)
    with pytest.raises(InputError, match=r"--from has heard \d+ of the recordings.*leave --from"):
        cross_fit(model, fit, tune, tmp_path, count=2, start=model)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError, match="cannot be parted into 1 folds"):
        cross_fit(model, fit, tune, tmp_path, count=1)


def test_train_counts_them(tiny_folder: Path, tmp_path: Path, tiny_data: Dataset) -> None:
    out = tmp_path / "model"
    small = ("--set", "features.bins=84", "--set", "features.bins_per_octave=12")
    done = run("train", "knn", "--data", tiny_folder, "--out", out, *small, "--cross-fit", "2")
    assert done.returncode == 0, done.stderr
    counts = load_model(out).calibrator.accepted_notes
    assert counts is not None
    assert len(counts) == len(tiny_data.split("train"))
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
