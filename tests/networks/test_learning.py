"""Every network learns, in three epochs, what a frame's own features say."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pytest
import torch

from bayes_a2m import registry
from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import AugmentSettings, TrainingSettings
from bayes_a2m.datasets.example import Example
from bayes_a2m.networks.network import make_network
from bayes_a2m.training.fit import train

BINS, CLASSES = 24, 4
PRIOR = math.log(CLASSES)
"""NLL of the class prior: the classes are drawn with equal probability, log 4 = 1.386 nats."""

SMALL: dict[str, dict[str, Any]] = {
    "crnn": {"projection": 16, "hidden": 12},
    "cascade": {"trunk": {"channels": [4, 6, 8], "projection": 16, "hidden": 12, "features": 12}},
    "transformer": {"width": 16, "blocks": 2, "heads": 2, "inner": 24},
    "unet": {"width": 16, "levels": [16, 16, 16, 16]},
    "unet_bilstm": {"width": 16, "levels": [16, 16, 16, 16], "hidden": 12, "reduction": 4},
    "harmonic_unet": {"width": 16, "levels": [8, 8, 8], "bins_per_octave": 6},
    "tcn": {"width": 16, "blocks": 3},
    "equivariant": {"bins_per_octave": 12, "pitches": [32, 38, 44], "harmonics": [1]},
}
FRONT = {"channels": [6, 8, 12], "features": 12}


def examples(count: int, seed: int) -> list[Example]:
    """Class k lights up bins 6k to 6k + 5 for twenty frames."""
    generator = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        labels = np.repeat(generator.integers(0, CLASSES, size=5), 20)
        level = generator.normal(-60, 3, size=(len(labels), BINS))
        level += 30 * (np.arange(BINS) // 6 == labels[:, None])
        made.append(Example(level.astype(np.float32), labels))
    return made


@pytest.mark.long
@pytest.mark.parametrize("name", registry.SHIPPED["networks"])
def test_three_epochs_halve_the_loss_of_the_class_prior(name: str) -> None:
    settings = SMALL[name] if name in ("cascade", "equivariant") else {**FRONT, **SMALL[name]}
    network = make_network(name, settings, bins=BINS, classes=CLASSES)
    network = network.fresh(bins=BINS, classes=CLASSES, seed=0)
    fit, tune = examples(64, 1), examples(8, 2)
    still = AugmentSettings(roll=False, shift_bins=0, gain_db=0, noise_db=0, mask_bins=0)
    made = train(
        network,
        fit,
        tune,
        normalizer=Normalizer.fit(e.features for e in fit),
        settings=TrainingSettings(
            epochs=3, batch=4, learning_rate=0.01, averaging=0.8, augment=still
        ),
        floor_db=-90,
        seed=0,
    )
    losses = [float(row["tuning_nll"]) for row in csv.DictReader(io.StringIO(made.log))]
    assert min(losses) < PRIOR / 2
    assert losses[-1] < losses[0]
    # the network that came back is the one that was scored
    features = torch.from_numpy(np.stack([e.features for e in tune]))
    labels = torch.from_numpy(np.stack([e.labels for e in tune]))
    normalizer = Normalizer.fit(e.features for e in fit)
    with torch.inference_mode():
        log_probs = made.network((features - normalizer.mean) / normalizer.std)
    nll = torch.nn.functional.nll_loss(log_probs.flatten(0, 1), labels.flatten())
    assert float(nll) == pytest.approx(min(losses), rel=1e-4)
