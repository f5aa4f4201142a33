"""Sampling of a network's weights by Lightning's loop: the module, and the collector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch import Tensor

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.augment import Transposition
from bayes_a2m.datasets.example import Example
from bayes_a2m.networks.network import Network
from bayes_a2m.training.fit import home, run
from bayes_a2m.training.module import NetworkTraining
from bayes_a2m.training.sghmc import SGHMC, Cycle


@dataclass(frozen=True)
class Sampled:
    """Result of one chain.

    Attributes
    ----------
    samples
        Weights by name, in the order they were taken.
    log
        One row an epoch, as CSV text.
    seconds
        Time spent in epochs.
    """

    samples: tuple[dict[str, Tensor], ...]
    log: str
    seconds: float


class NetworkSampling(NetworkTraining):
    """Training whose optimiser takes steps of SG-HMC."""

    def __init__(
        self, *args: Any, cycles: int, explore: float, tempering: float, **settings: Any
    ) -> None:
        self.sampler = {
            key: settings.pop(key) for key in ("momentum", "temperature", "prior_precision")
        }
        super().__init__(*args, **settings)
        self.cycles = cycles
        self.explore = explore
        self.tempering = tempering

    def configure_optimizers(self) -> Any:
        """Make the sampler."""
        steps = int(self.trainer.estimated_stepping_batches) // self.cycles
        return SGHMC(
            self.network.parameters(),
            lr=self.options.learning_rate,
            # frames 6 ms apart are no independent observations: each counts as tempering of one
            observations=self.tempering * self.frames,
            cycle=Cycle(max(1, steps), self.explore),
            seed=self.seed,
            **self.sampler,
        )


class Collector(Callback):
    """Collector of the weights at the end of the last epochs of every cycle."""

    def __init__(self, epochs: int, samples: int) -> None:
        self.epochs = epochs
        self.wanted = samples
        self.samples: list[dict[str, Tensor]] = []

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take a sample in the last epochs of a cycle."""
        if trainer.current_epoch % self.epochs < self.epochs - self.wanted:
            return
        assert isinstance(pl_module, NetworkSampling)
        named = pl_module.network.named_parameters()
        self.samples.append({name: p.detach().cpu().clone() for name, p in named})

    def state_dict(self) -> dict[str, Any]:
        """Return the samples, for a checkpoint."""
        return {"samples": self.samples}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the samples from a checkpoint."""
        self.samples = list(state_dict["samples"])


def sample(
    network: Network,
    fit: Sequence[Example],
    tune: Sequence[Example],
    *,
    normalizer: Normalizer,
    settings: TrainingSettings,
    floor_db: float,
    transposition: Transposition | None = None,
    seed: int,
    cycles: int,
    samples: int,
    sampler: dict[str, float],
    folder: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> Sampled:
    """Sample one chain, starting from a network's weights.

    Batch normalisation keeps the network's statistics: a batch's own would make the density
    of the weights another one for every batch.

    Parameters
    ----------
    network
        Network whose weights the chain starts at; it is changed.
    fit, tune
        Examples to fit, and those whose NLL is logged.
    normalizer, floor_db, transposition, seed, folder, resume, progress
        The same as for :func:`bayes_a2m.training.fit.train`.
    settings
        Epochs of all cycles, learning rate, batch, augmentation.
    cycles, samples
        Number of cycles, and of samples of each.
    sampler
        ``momentum``, ``temperature``, ``prior_precision``, ``tempering``, ``explore``.

    Raises
    ------
    InputError
        If the loss is not finite.
    """
    module = NetworkSampling(
        network,
        normalizer,
        settings,
        floor_db=floor_db,
        transposition=transposition,
        seed=seed,
        frames=sum(len(e.labels) for e in fit),
        cycles=cycles,
        **sampler,
    )
    network.eval()  # which Lightning leaves as it is
    collector = Collector(settings.epochs // cycles, samples)
    with home(folder) as kept:
        log = run(
            module,
            fit,
            tune,
            folder=kept,
            callbacks=[collector],
            keep_best=False,
            resume=resume,
            progress=progress,
        )
    network.cpu()
    return Sampled(tuple(collector.samples), log.text(), log.seconds)
