"""From nothing to a model that loads, by one call and without one real recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bayes_a2m.config.experiment import load_experiment
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.models import load_model
from bayes_a2m.models.loading import model_directory, pretrained_directory
from bayes_a2m.posteriors.continuous_pitch import continuous_pitch
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.pretraining.pretrain import pretrain

TINY = (
    "singing.recordings=6",
    "singing.choosing=3",
    "singing.tuning=6",
    "singing.seconds=1.0",
    "singing.tuning_seconds=1.5",
    "training.epochs=1",
    "training.batch=3",
    "network.channels=4",
    "network.blocks=1",
)


@pytest.mark.slow
def test_it_sings_trains_and_loads_again(tmp_path: Path) -> None:
    experiment = load_experiment("pretrained", TINY)
    model, tune = pretrain(experiment, tmp_path / "work")
    assert len(model.vocabulary) == 50
    assert len(tune) == 6
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert isinstance(again, NetworkPosterior)
    recording = Recording("tone", samples=np.ones(16000, dtype=np.float32), sample_rate=16000)
    told, same = model.predict([recording]), again.predict([recording])
    np.testing.assert_array_equal(told.log_probs, same.log_probs)
    assert told.onset_log_probs is not None
    pitch = continuous_pitch(again, recording)
    assert pitch.midi.shape == (166,)
    assert ((pitch.voicing >= 0) & (pitch.voicing <= 1)).all()


def test_another_network_is_refused(tmp_path: Path) -> None:
    experiment = load_experiment("crnn", ["singing={recordings: 2}"])
    with pytest.raises(InputError, match="equivariant"):
        pretrain(experiment, tmp_path)


def test_the_model_that_ships_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert model_directory("pretrained") == pretrained_directory()
    assert model_directory("mine") == Path("mine")
    (tmp_path / "pretrained").mkdir()
    assert model_directory("pretrained") == Path("pretrained")
