"""Several devices share the work out; precision is set while a training lasts, and put back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.errors import InputError
from bayes_a2m.training.data import EpochShuffle
from bayes_a2m.training.devices import MatrixPrecision, ensure_devices
from tests.cli.command import refused
from tests.training.test_fit import rows, trained, tuning_nll

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


def test_ranks_share_every_epoch_out() -> None:
    whole = list(EpochShuffle(11, seed=3))
    parts = [list(EpochShuffle(11, seed=3, rank=rank, world=3)) for rank in range(3)]
    assert [len(part) for part in parts] == [4, 4, 4]
    shared = [index for place in zip(*parts, strict=True) for index in place]
    assert shared[:11] == whole
    assert sorted(set(shared)) == list(range(11))


@pytest.mark.parametrize(("there", "has"), [(0, "no GPU; give 1"), (1, "one GPU; give 1")])
def test_fewer_gpus_are_one_line(monkeypatch: pytest.MonkeyPatch, there: int, has: str) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: there)
    ensure_devices(1)
    with pytest.raises(InputError, match=f"--devices 4: this machine has {has} at most"):
        ensure_devices(4)


@pytest.mark.skipif(torch.cuda.device_count() > 1, reason="there are as many")
def test_the_command_tells_it(tiny_folder: Path, tmp_path: Path) -> None:
    given = ("--data", tiny_folder, "--out", tmp_path / "model", "--devices", 64)
    assert "--devices 64: this machine has" in refused("train", "crnn", *given)
    assert "trains no network of its own" in refused("train", "knn", *given)


@pytest.mark.parametrize(("precision", "during"), [("tf32", True), ("32-true", False)])
def test_precision_is_put_back(precision: str, during: bool) -> None:
    products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
    before = (products.allow_tf32, convolutions.allow_tf32)
    callback = MatrixPrecision(precision)
    callback.setup(None, None, "fit")  # type: ignore[arg-type]
    assert (products.allow_tf32, convolutions.allow_tf32) == (during, during)
    callback.teardown(None, None, "fit")  # type: ignore[arg-type]
    assert (products.allow_tf32, convolutions.allow_tf32) == before
    assert TrainingSettings.model_validate({"precision": precision}).precision == precision


def test_tf32_is_single_precision_on_a_processor() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    one, other = (trained(epochs=1, precision=p) for p in ("tf32", "32-true"))
    for name, tensor in one.network.state_dict().items():
        assert torch.equal(tensor, other.network.state_dict()[name])


@pytest.mark.slow
def test_two_processes_train_one_network() -> None:
    """On a machine without GPUs Lightning gives each process a part of the processor."""
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    result = trained(devices=2, epochs=6)
    nlls = [row["tuning_nll"] for row in rows(result.log)]
    assert len(nlls) == 6
    assert min(nlls) < 0.9 * nlls[0]
    assert tuning_nll(result.network) == pytest.approx(min(nlls), rel=0.1)


@needs_cuda
@pytest.mark.parametrize("precision", ["tf32", "bf16-mixed"])
def test_a_gpu_learns_as_a_processor(precision: str) -> None:
    nlls = [row["tuning_nll"] for row in rows(trained(precision=precision).log)]
    exact = [row["tuning_nll"] for row in rows(trained().log)]
    assert min(nlls) == pytest.approx(min(exact), rel=0.2)
    assert np.isfinite(nlls).all()


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices")
def test_two_gpus_train_one_network() -> None:
    nlls = [row["tuning_nll"] for row in rows(trained(devices=2).log)]
    assert min(nlls) < 0.6 * nlls[0]
