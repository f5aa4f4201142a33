"""What is exported says what torch says, at any length, and is refused where it cannot be."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m import registry
from bayes_a2m.audio.features import CQTFeatures
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.audio.signal import SignalStatistics
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.calibration.methods import Temperature
from bayes_a2m.calibration.selection import Choice
from bayes_a2m.datasets import Recording
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder
from bayes_a2m.models import load_model
from bayes_a2m.models.loading import pretrained_directory
from bayes_a2m.models.onnx_export import export, export_beside
from bayes_a2m.music import Vocabulary
from bayes_a2m.networks.network import make_network
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.frontend import Frontend
from bayes_a2m.posteriors.laplace import Gaussian, Laplace
from bayes_a2m.posteriors.last_layer import flat
from bayes_a2m.posteriors.mc_dropout import MCDropout
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.runtime.model import RuntimeModel
from tests.networks.contract import set_in_motion
from tests.tiny import copy_to_change

SETTINGS = {
    "equivariant": {
        "bins_per_octave": 12,
        "bottom": 36,
        "pitches": (60, 64, 67),
        "channels": 6,
        "blocks": 2,
        "width": 6,
        "continuous": True,
    },
    "crnn": {"channels": [4, 6, 8], "projection": 16, "hidden": 12, "features": 8},
}
LENGTHS = (0.05, 0.4, 4.0, 9.3)
"""Seconds: shorter than the network's step, a part of a window, a window, and several."""


def recordings() -> list[Recording]:
    generator = np.random.default_rng(0)
    return [
        Recording(
            str(seconds),
            samples=0.1 * generator.standard_normal(round(16000 * seconds)).astype(np.float32),
            sample_rate=16000,
        )
        for seconds in LENGTHS
    ]


FEATURES = CQTFeatures(bins=84, bins_per_octave=12)


def fitted() -> Fitted:
    """What is known beside the weights, of labels that were drawn."""
    generator = np.random.default_rng(0)
    labels = [np.repeat(generator.integers(0, 4, 20), 30) for _ in range(6)]
    return Fitted(
        vocabulary=Vocabulary((60, 64, 67)),
        normalizer=Normalizer(-45.0, 15.0),
        decoder=Decoder.from_labels(labels, 4),
        calibrator=Calibrator(Choice(Temperature(1.5))),
        seen=Seen(),
        record=TrainingRecord(),
        conditions=TrainingConditions.fit([SignalStatistics(-25, -60, 4000, 0)]),
    )


def untrained(name: str, kind: type[NetworkPosterior] = Point, **more: object) -> NetworkPosterior:
    """A model of random weights."""
    settings = {"onsets": True, **SETTINGS[name], **more} if name in SETTINGS else more
    torch.manual_seed(0)
    network = set_in_motion(make_network(name, settings, bins=84, classes=4)).eval()
    model = kind(network, features=FEATURES)
    model.network, model.fitted = network, fitted()
    model._frontend = Frontend.of(FEATURES, model.normalizer, model.experiment.windows)
    return model


@pytest.fixture(scope="module")
def tiny_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exports") / "crnn"
    export(untrained("crnn"), path)
    return path


def laplace(name: str = "crnn") -> Laplace:
    model = untrained(name, Laplace)
    assert isinstance(model, Laplace)
    mean = flat(dict(model.network.head.named_parameters()))
    model.gaussian = Gaussian(mean, 0.1 * torch.eye(len(mean), dtype=torch.float64), 1.0, 0.0)
    return model


def ensure_equal(model: NetworkPosterior, found: RuntimeModel, draws: int = 1) -> None:
    for one in recordings():
        expected, exported = model.predict([one], draws), found.predict([one], draws)
        assert exported.log_probs.shape == expected.log_probs.shape
        apart = np.exp(exported.log_probs) - np.exp(expected.log_probs)
        assert np.abs(apart).max() < 1e-4
        if expected.onset_log_probs is not None:
            assert exported.onset_log_probs is not None
            apart = np.exp(exported.onset_log_probs) - np.exp(expected.onset_log_probs)
            assert np.abs(apart).max() < 1e-4


@pytest.mark.parametrize("name", registry.SHIPPED["networks"])
def test_every_network_says_the_same(name: str, tmp_path: Path) -> None:
    model = untrained(name)
    export(model, tmp_path / "model")
    ensure_equal(model, RuntimeModel.load(tmp_path / "model"))


@pytest.mark.parametrize("name", ["crnn", "equivariant"])
def test_draws_of_the_last_layer_share_a_trunk(name: str, tmp_path: Path) -> None:
    model = laplace(name)
    export(model, tmp_path / "model", draws=5)
    found = RuntimeModel.load(tmp_path / "model")
    ensure_equal(model, found, draws=3)
    post = found.predict(recordings()[1:2], 30)
    assert post.draws == 5  # as many as were exported
    assert float(post.mutual_information().max()) > 1e-4


def test_what_cannot_be_exported_is_refused(tmp_path: Path) -> None:
    whole = untrained("crnn", MCDropout, dropout={"inputs": 0.2})
    with pytest.raises(InputError, match="mc_dropout model draws whole networks"):
        export(whole, tmp_path / "model")
    with pytest.raises(InputError, match="several files; name a directory"):
        export(laplace(), tmp_path / "model.onnx", draws=2)
    assert not list(tmp_path.iterdir())


def test_a_network_alone_is_one_file(tmp_path: Path) -> None:
    import onnxruntime

    export(untrained("crnn"), tmp_path / "tiny.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "tiny.onnx")
    features = np.zeros((2, 50, 84), dtype=np.float32)
    log_probs, onsets = session.run(None, {"features": features})
    assert log_probs.shape == (2, 50, 4)
    assert onsets.shape == (2, 50)


def test_an_export_beside_the_weights_belongs_to_them(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    untrained("crnn").save(folder)
    export_beside(folder)
    expected = load_model(folder).predict(recordings()[:1])  # its checksums hold
    found = RuntimeModel.load(folder).predict(recordings()[:1])
    np.testing.assert_allclose(np.exp(found.log_probs), np.exp(expected.log_probs), atol=1e-4)
    other = copy_to_change(folder, tmp_path / "other")
    with (other / "model.safetensors").open("ab") as file:
        file.write(b" ")
    with pytest.raises(InputError, match=r"runtime\.json: was exported from other weights"):
        RuntimeModel.load(other)


def test_an_export_beside_the_weights_replaces_what_an_export_wrote(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    untrained("crnn").save(folder)
    (folder / "network.onnx").write_bytes(b"mine")
    before = (folder / "checksums.sha256").read_bytes()
    with pytest.raises(InputError, match=r"network\.onnx: is there already and not what bayes-a2m"):
        export_beside(folder)
    assert (folder / "network.onnx").read_bytes() == b"mine"
    assert (folder / "checksums.sha256").read_bytes() == before
    export_beside(folder, force=True)
    (folder / ".bayes-a2m-export.sha256").unlink()  # as before there was a list
    export_beside(folder)
    export_beside(folder)
    RuntimeModel.load(folder)
    load_model(folder)
    assert not list(tmp_path.glob(".*"))


def test_an_export_that_is_killed_leaves_the_model_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    untrained("crnn").save(folder)
    export_beside(folder)

    def killed(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(OutputFolder, "_publish", killed)
        with pytest.raises(KeyboardInterrupt):
            export_beside(folder)
    load_model(folder)
    export_beside(folder)
    RuntimeModel.load(folder)


@pytest.mark.parametrize("name", ["network.onnx", "runtime.json", "decoder.json"])
def test_a_damaged_file_is_named(name: str, tiny_export: Path, tmp_path: Path) -> None:
    path = shutil.copytree(tiny_export, tmp_path / "model") / name
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(InputError, match=rf"{name}: is damaged, or was changed; export"):
        RuntimeModel.load(tmp_path / "model")
    path.unlink()
    with pytest.raises(InputError, match=name):
        RuntimeModel.load(tmp_path / "model")


def test_an_export_says_what_it_does_not_look_at() -> None:
    """The densities of features stay with the model: rooms and echoes are not told of."""
    model = RuntimeModel.load(pretrained_directory())
    assert "only level, noise floor, bandwidth and clipping" in (model.unknown_conditions() or "")
