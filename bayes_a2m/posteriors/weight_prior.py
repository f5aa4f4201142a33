"""A prior over a network's weights: how sharply its training determined each, in few bytes.

Beside a model that others start from lies ``prior.safetensors``: for every weight the Fisher
information of one frame (:mod:`bayes_a2m.training.fisher`), estimated on recordings like those that
it was trained on. Information spans eight powers of ten and is wanted to a few per cent, so a byte
each is enough: its logarithm in even steps. Around the trained weights it makes a Gaussian, which
``fine_tuned`` takes as the prior of a training on few recordings.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import torch
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.files.reading import reading
from bayes_a2m.files.tensors import digest_of, read_tensors, write_tensors

if TYPE_CHECKING:
    from bayes_a2m.networks.network import Network

FORMAT = "1"
"""Version of ``prior.safetensors``."""

LEVELS = 255
"""Steps between the least and the greatest logarithm."""

LEAST = 1e-8
"""Information below which a weight's is not told apart from none."""

LARGEST = 80.0
"""Largest logarithm of information that is read."""

WHAT, MEND = "a prior over weights", "copy the model again"


@dataclass(frozen=True, eq=False)
class WeightPrior:
    """Information that a frame gives about every weight.

    Attributes
    ----------
    information
        By the parameters' names, of their shapes, float32.
    recordings
        Number of recordings that it was estimated on.
    weights
        Start of the SHA-256 of the weights that it is about.
    """

    information: Mapping[str, Tensor]
    recordings: int
    weights: str

    @classmethod
    def of(
        cls, network: Network, inputs: Iterable[Tensor], *, seed: int, pitch_weight: float
    ) -> Self:
        """Estimate it on recordings.

        Parameters
        ----------
        network
            Trained network in evaluation mode.
        inputs
            Normalised features of the recordings, ``(frame, bin)`` each.
        seed
            Seed of the outputs that are drawn.
        pitch_weight
            What the output of continuous pitch counts beside that of classes.
        """
        from bayes_a2m.training.fisher import diagonal_fisher

        recordings = list(inputs)
        generator = torch.Generator().manual_seed(seed)
        information = diagonal_fisher(
            network, recordings, generator=generator, pitch_weight=pitch_weight
        )
        kept = {name: values.detach() for name, values in information.items()}
        return cls(kept, len(recordings), _digest(network))

    def ensure_fits(self, network: Network) -> None:
        """Refuse a network with other weights.

        Raises
        ------
        InputError
            If a weight's name, shape or value is another.
        """
        if self.weights != _digest(network):
            raise InputError(
                "prior.safetensors: is of other weights than the model's; make it again by "
                "python -m bayes_a2m.pretraining.companions, or copy the model again"
            )

    def save(self, path: Path) -> None:
        """Write ``prior.safetensors``, a byte a weight."""
        logs = {k: v.double().clamp_min(LEAST).log() for k, v in self.information.items()}
        low = min(float(log.min()) for log in logs.values())
        high = max(float(log.max()) for log in logs.values())
        step = max(high - low, 1e-6) / LEVELS
        codes = {k: torch.round((log - low) / step).to(torch.uint8) for k, log in logs.items()}
        words = {
            "format_version": FORMAT,
            "code": json.dumps({"low": low, "step": step, "recordings": self.recordings}),
            "weights": self.weights,
        }
        write_tensors(path, codes, words)
        path.chmod(0o644)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read ``prior.safetensors``.

        Raises
        ------
        InputError
            If it is of another version, or damaged.
        """
        codes, words = read_tensors(path, WHAT, MEND)
        version = words.get("format_version")
        if version != FORMAT:
            raise InputError(f"{path}: of version {version}, this one reads {FORMAT}; {MEND}")
        with reading(path, WHAT, MEND):
            code = json.loads(words["code"])
            low, step = float(code["low"]), float(code["step"])
            recordings, weights = int(code["recordings"]), words["weights"]
        # beyond these logarithms float32 has no numbers; not a number is not within them either
        if not (-LARGEST <= low < low + LEVELS * step <= LARGEST and recordings > 0):
            raise InputError(f"{path}: is damaged; {MEND}")
        if any(tensor.dtype != torch.uint8 for tensor in codes.values()):
            raise InputError(f"{path}: holds numbers of another type; {MEND}")
        information = {name: torch.exp(low + step * value.float()) for name, value in codes.items()}
        return cls(information, recordings, weights)


def _digest(network: Network) -> str:
    """Start of the SHA-256 of a network's parameters."""
    named = network.named_parameters()
    return digest_of({name: p.detach().cpu() for name, p in named if p.requires_grad})[:16]
