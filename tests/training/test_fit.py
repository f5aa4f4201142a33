"""Training learns, stops, averages, and goes on after a kill to the same result."""

import csv
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import AugmentSettings, TrainingSettings
from bayes_a2m.datasets.example import Example
from bayes_a2m.errors import InputError
from bayes_a2m.networks.crnn import CRNN
from bayes_a2m.training.data import EpochShuffle, collate
from bayes_a2m.training.fit import Trained, channels_last, train
from bayes_a2m.training.losses import class_weights
from bayes_a2m.training.module import NetworkTraining
from tests import tiny

BINS = 24
PLAIN = AugmentSettings(roll=False, shift_bins=0, gain_db=0, noise_db=0, mask_bins=0)


def examples(count: int, seed: int) -> list[Example]:
    """Class k lights up bins 6k to 6k + 5."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        frames = int(generator.integers(30, 60))
        labels = np.repeat(generator.integers(0, 4, size=frames // 10 + 1), 10)[:frames]
        level = generator.normal(-60, 3, size=(frames, BINS))
        level += 30 * (np.arange(BINS) // 6 == labels[:, None])
        made.append(Example(level.astype(np.float32), labels))
    return made


def trained(
    seed: int = 0,
    head: object = "one_stage",
    events: Path | None = None,
    devices: int = 1,
    **changes: object,
) -> Trained:
    network = CRNN(BINS, channels=(4, 4, 4), projection=8, hidden=6, features=6, head=head)
    network = network.fresh(bins=BINS, classes=4, seed=seed)
    fit, tune = examples(24, 1), examples(8, 2)
    values = {"epochs": 15, "batch": 4, "learning_rate": 0.02, "averaging": 0.8, "augment": PLAIN}
    return train(
        network,
        fit,
        tune,
        normalizer=Normalizer.fit(e.features for e in fit),
        settings=TrainingSettings.model_validate({**values, **changes}),
        floor_db=-90,
        seed=seed,
        events=events,
        devices=devices,
    )


def rows(log: str) -> list[dict[str, float]]:
    return [{k: float(v) for k, v in r.items()} for r in csv.DictReader(io.StringIO(log))]


def tuning_nll(network: CRNN) -> float:
    """NLL over all frames of the tuning examples, by hand."""
    fit, tune = examples(24, 1), examples(8, 2)
    normalizer = Normalizer.fit(e.features for e in fit)
    total, count = 0.0, 0
    with torch.inference_mode():
        for e in tune:
            log_probs = network(torch.from_numpy(normalizer(e.features))[None])[0].numpy()
            total -= log_probs[np.arange(len(e.labels)), e.labels].sum()
            count += len(e.labels)
    return total / count


@pytest.mark.parametrize("averaging", [0.0, 0.8])
def test_it_learns_and_keeps_the_best_epoch(averaging: float) -> None:
    result = trained(averaging=averaging)
    nlls = [r["tuning_nll"] for r in rows(result.log)]
    assert len(nlls) == 15
    assert min(nlls) < 0.5 * nlls[0]
    assert not result.network.training
    # recordings of different lengths in one batch count by frames, padding not at all
    assert tuning_nll(result.network) == pytest.approx(min(nlls), abs=1e-4)


def test_tensorboard_is_told_what_the_table_holds(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    told = trained(epochs=3, events=tmp_path)
    plain = trained(epochs=3)
    for name, tensor in plain.network.state_dict().items():
        assert torch.equal(tensor, told.network.state_dict()[name])
    found = EventAccumulator(str(tmp_path)).Reload()
    scalars = [event.value for event in found.Scalars("tuning_nll")]
    assert scalars == pytest.approx([row["tuning_nll"] for row in rows(told.log)], rel=1e-5)


def test_without_tensorboard_it_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*given: object, **options: object) -> None:
        raise ModuleNotFoundError("tensorboard")

    monkeypatch.setattr("lightning.pytorch.loggers.TensorBoardLogger", missing)
    with pytest.raises(InputError, match=r"pip install 'bayes_a2m\[tensorboard\]'"):
        trained(epochs=1, events=tmp_path)


def test_stages_that_count_unequally_are_chosen_by_the_plain_nll() -> None:
    result = trained(head={"name": "two_stage", "silence_weight": 4.0, "pitch_weight": 0.25})
    nlls = [r["tuning_nll"] for r in rows(result.log)]
    assert tuning_nll(result.network) == pytest.approx(min(nlls), abs=1e-4)


def test_early_stopping_and_plateau() -> None:
    result = trained(
        epochs=40,
        schedule="plateau",
        plateau_patience=1,
        early_stopping={"patience": 3},
        learning_rate=0.05,
    )
    log = rows(result.log)
    assert len(log) < 40
    best = int(np.argmin([r["tuning_nll"] for r in log]))
    assert len(log) - 1 - best == 3
    assert log[-1]["learning_rate"] < log[0]["learning_rate"]


def test_the_one_cycle_rises_and_falls() -> None:
    rates = [r["learning_rate"] for r in rows(trained().log)]
    peak = int(np.argmax(rates))
    assert 0 < peak < 10
    assert rates[-1] < 0.01 * max(rates)


@pytest.mark.parametrize(
    ("optimizer", "rate"), [("adamw", 0.02), ("adam", 0.02), ("radam", 0.1), ("sgd", 0.2)]
)
def test_every_optimizer_learns(optimizer: str, rate: float) -> None:
    nlls = [r["tuning_nll"] for r in rows(trained(optimizer=optimizer, learning_rate=rate).log)]
    assert min(nlls) < 0.7 * nlls[0]


def test_half_precision_learns_as_well_from_recordings_of_different_lengths() -> None:
    half, whole = (
        min(r["tuning_nll"] for r in rows(trained(precision=precision).log))
        for precision in ("bf16-mixed", "32-true")
    )
    assert half == pytest.approx(whole, rel=0.2)
    plain = trained(precision="bf16-mixed", epochs=1, focal=2.0, label_smoothing=0.1)
    assert all(p.dtype == torch.float32 for p in plain.network.parameters())


def test_the_cosine_falls_to_nothing() -> None:
    rates = [r["learning_rate"] for r in rows(trained(schedule="cosine").log)]
    assert rates == sorted(rates, reverse=True)
    # half way down half way through
    assert rates[6] == pytest.approx(0.02 * 0.5 * (1 + np.cos(np.pi * 7 / 15)), rel=1e-3)
    assert rates[-1] < 1e-6


def test_focal_loss_and_smoothing_reach_the_training() -> None:
    plain = rows(trained(epochs=1).log)[0]["train_nll"]
    smoothed = rows(trained(epochs=1, label_smoothing=0.2).log)[0]["train_nll"]
    focal = rows(trained(epochs=1, focal=2.0).log)[0]["train_nll"]
    assert focal < 0.8 * plain
    assert smoothed != pytest.approx(plain, abs=1e-4)


def test_a_batch_is_normalised_as_each_recording_is() -> None:
    fit = examples(6, 1)
    normalizer = Normalizer.fit((e.features for e in fit), "recording")
    module = NetworkTraining(
        CRNN(BINS), normalizer, TrainingSettings(), floor_db=-90, seed=0, frames=1
    )
    batch = collate(fit)
    batch.features[0, batch.lengths[0] :] = 1e6  # padding
    found = module.normalized(batch.features, batch.lengths)
    for i, example in enumerate(fit):
        length = len(example.labels)
        expected = normalizer(example.features)
        np.testing.assert_allclose(found[i, :length].numpy(), expected, rtol=1e-3, atol=1e-4)


def test_the_layout_of_weights_comes_back() -> None:
    network = CRNN(BINS)
    weight = network.blocks[1].convolution.weight
    before = weight.detach().clone()
    with channels_last(network):
        assert weight.is_contiguous(memory_format=torch.channels_last)
    assert weight.is_contiguous()
    assert torch.equal(weight, before)


@pytest.mark.filterwarnings("ignore")
def test_a_loss_that_is_not_finite_says_where_and_what_to_try() -> None:
    with pytest.raises(InputError, match=r"epoch \d+, batch \d+; lower training.learning_rate"):
        trained(learning_rate=1e30, gradient_clip=0, averaging=0)


def test_class_weights_lift_the_rare_class() -> None:
    labels = [np.array([0] * 9 + [1])]
    weights = class_weights(labels, 3, 0.5)
    assert weights[1] / weights[0] == pytest.approx(3.0)
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(class_weights(labels, 2, 0.0), [1, 1])


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    first, second = EpochShuffle(10, seed=3), EpochShuffle(10, seed=3)
    first.set_epoch(2)
    list(second)
    second.set_epoch(2)
    assert list(first) == list(second)
    second.set_epoch(3)
    assert list(first) != list(second)
    assert sorted(second) == list(range(10))


def test_collate_pads_to_the_longest() -> None:
    batch = collate(examples(5, 0))
    assert batch.features.shape[:2] == batch.labels.shape
    assert batch.features.shape[1] == int(batch.lengths.max())
    assert not batch.features[0, batch.lengths[0] :].any()


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_result(tiny_folder: Path, tmp_path: Path) -> None:
    """Kill -9 in the middle of an epoch; --resume ends with the weights of an unbroken run."""
    overrides = [part for s in (*tiny.SMALL, "training.epochs=14") for part in ("--set", s)]

    def command(out: Path, *more: str) -> list[str]:
        verb = ["train", "crnn", "--data", str(tiny_folder), "--out", str(out)]
        return [sys.executable, "-m", "bayes_a2m", *verb, *overrides, *more]

    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(command(whole), check=True, capture_output=True, env=environment)
    running = subprocess.Popen(
        command(broken), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    log = tmp_path / "broken.partial" / "training.csv"
    deadline = time.monotonic() + 120
    while not (log.is_file() and len(log.read_text().splitlines()) > 3):
        assert running.poll() is None, "the training ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not broken.exists()
    refused = subprocess.run(command(broken), capture_output=True, text=True, env=environment)
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    subprocess.run(command(broken, "--resume"), check=True, capture_output=True, env=environment)
    assert not (tmp_path / "broken.partial").exists()
    for name in ("model.safetensors", "decoder.json", "normalizer.json", "seen.json"):
        assert (whole / name).read_bytes() == (broken / name).read_bytes(), name
    logs = [rows((model / "training.csv").read_text()) for model in (whole, broken)]
    for log in logs:
        for row in log:
            del row["seconds"]
    assert logs[0] == logs[1]
