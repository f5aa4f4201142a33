"""Fine-tuning: a network learns from few recordings, with a Gaussian prior around where it starts.

The prior is the posterior of an earlier training, a Gaussian around its weights w0 whose precision
is the Fisher information of as many frames as the prior is to count (the Laplace approximation,
carried on to new data: Kirkpatrick et al. 2017, "Overcoming catastrophic forgetting in neural
networks", https://arxiv.org/abs/1612.00796; that fewer frames count than there were makes it a
power prior: Ibrahim and Chen 2000, https://doi.org/10.1214/ss/1009212673). What is minimised is the
negative log joint density of a frame,

    mean over N frames of -log p(label | w) + (n / 2N) sum over i of (F_i + floor) (w_i - w0_i)^2,

where F is the mean information of a frame and n how many frames the prior counts. Batch
normalisation keeps its statistics, for the information was taken with them.

Where n is not given, it is the one of greatest marginal likelihood, sought again and again while
training goes on (Immer et al. 2021, "Scalable marginal likelihood estimation for model selection in
deep learning", https://arxiv.org/abs/2104.04975, algorithm 1): with f the information of the new
frames, each of which counts as e observations, the log marginal likelihood is

    e (log likelihood - n D / 2) + sum over i of log(n F_i / (n F_i + N f_i)) / 2,

D being the sum of ``F_i (w_i - w0_i)^2`` (MacKay 1992, https://doi.org/10.1162/neco.1992.4.5.720).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.example import Example
from bayes_a2m.networks.network import Network
from bayes_a2m.training.callbacks import RunningAverage
from bayes_a2m.training.data import Batch
from bayes_a2m.training.fisher import diagonal_fisher
from bayes_a2m.training.fit import Trained, run, tensors_of
from bayes_a2m.training.module import NetworkTraining

FLOOR = 0.1
"""Floor of the information, as a share of its median over all weights: none is left free."""

FIRST = 1e4
"""Frames, a minute, that a prior counts until there is a marginal likelihood to go by."""

RANGE = (1e2, 1e8)
"""Fewest and most frames that a prior may count."""

UPDATES = (0.4, 0.7)
"""Shares of the epochs after which the number of frames is sought again."""


@dataclass(frozen=True)
class FineTuningResult:
    """Result of a fine-tuning.

    Attributes
    ----------
    trained
        The network, the log, the time.
    prior_frames
        Number of frames that the prior counted in the end.
    """

    trained: Trained
    prior_frames: float


def floored(information: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Raise the information by the floor, so that no weight is free to go anywhere.

    >>> floored({"a": torch.tensor([0.0, 1.0, 2.0])})["a"].tolist()
    [0.1, 1.1, 2.1]
    """
    median = torch.cat([v.flatten() for v in information.values()]).float().median()
    return {name: values + FLOOR * median for name, values in information.items()}


def log_evidence(
    prior_frames: float, *, prior: Tensor, data: Tensor, distance: float, frames: int, counts: float
) -> float:
    """Compute the log marginal likelihood, up to what does not depend on the prior.

    Parameters
    ----------
    prior_frames
        Number of frames that the prior counts.
    prior, data
        Information of a frame about every weight, the prior's and the recordings', ``(weight,)``.
    distance
        Sum of the prior's information times the squared way from its mean.
    frames, counts
        Number of frames of the recordings, and of observations that one counts as.
    """
    known = prior_frames * prior
    volume = 0.5 * float(torch.log(known / (known + frames * data)).double().sum())
    return volume - 0.5 * counts * prior_frames * distance


def most_probable(
    *, prior: Tensor, data: Tensor, distance: float, frames: int, counts: float
) -> float:
    """Find the number of frames of the prior that has the greatest marginal likelihood.

    The arguments are those of :func:`log_evidence`; the result lies within :data:`RANGE`.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_frames: float) -> float:
        return -log_evidence(
            math.exp(log_frames),
            prior=prior,
            data=data,
            distance=distance,
            frames=frames,
            counts=counts,
        )

    low, high = map(math.log, RANGE)
    return math.exp(minimize_scalar(loss, bounds=(low, high), method="bounded").x)


class FineTuning(NetworkTraining):
    """Training with a quadratic penalty around the weights at the start.

    Attributes
    ----------
    prior_frames
        Number of frames that the prior counts.
    """

    def __init__(
        self, *args: Any, information: Mapping[str, Tensor], prior_frames: float, **settings: Any
    ) -> None:
        super().__init__(*args, **settings)
        parameters = dict(self.network.named_parameters())
        self.information = dict(information)
        self.start = {name: parameters[name].detach().clone() for name in information}
        self.prior_frames = prior_frames

    def train(self, mode: bool = True) -> Self:
        """Train all but batch normalisation, which keeps the statistics that it has."""
        super().train(mode)
        for module in self.network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()
        return self

    def distance(self) -> Tensor:
        """Compute the sum of information times the squared way from the start, a scalar."""
        parameters = dict(self.network.named_parameters())
        parts = [
            (
                information.to(parameters[name])
                * (parameters[name] - start.to(parameters[name])).square()
            ).sum()
            for (name, information), start in zip(
                self.information.items(), self.start.values(), strict=True
            )
        ]
        return torch.stack(parts).sum()

    def objective(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Compute the negative log joint density, a mean over the frames of all recordings."""
        loss = super().objective(batch, generator)
        return loss + 0.5 * self.prior_frames / self.frames * self.distance()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep how many frames the prior counts."""
        checkpoint["prior_frames"] = self.prior_frames

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Take back how many frames the prior counts."""
        self.prior_frames = float(checkpoint["prior_frames"])


class PriorUpdates(Callback):
    """Search for the prior of greatest marginal likelihood, now and then while training goes on."""

    def __init__(self, inputs: Callable[[], Iterable[Tensor]], counts: float, seed: int) -> None:
        self.inputs, self.counts, self.seed = inputs, counts, seed

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Set the number of frames after some of the epochs."""
        assert isinstance(pl_module, FineTuning)
        assert trainer.max_epochs is not None
        after = {max(1, round(share * trainer.max_epochs)) for share in UPDATES}
        if trainer.current_epoch + 1 not in after:
            return
        generator = torch.Generator().manual_seed(self.seed)
        data = diagonal_fisher(pl_module.network, self.inputs(), generator=generator)
        pl_module.prior_frames = most_probable(
            prior=torch.cat([v.flatten() for v in pl_module.information.values()]),
            data=torch.cat([data[name].flatten() for name in pl_module.information]),
            distance=float(pl_module.distance().detach()),
            frames=pl_module.frames,
            counts=self.counts,
        )


def fine_tune(
    network: Network,
    fit: Sequence[Example],
    tune: Sequence[Example],
    *,
    normalizer: Normalizer,
    information: Mapping[str, Tensor],
    prior_frames: float | None,
    counts: float,
    choose_epoch: bool,
    settings: TrainingSettings,
    floor_db: float,
    seed: int,
    folder: Path,
    resume: bool = False,
    progress: bool = False,
) -> FineTuningResult:
    """Train a network in place, from the weights that it has, and return it.

    Parameters
    ----------
    network
        Network with the weights that the prior lies around.
    fit, tune
        Examples to fit, and those of the tuning split.
    normalizer, floor_db
        Normalisation of the features, and the lowest level, dB.
    information
        Information of a frame about every weight, before the floor.
    prior_frames
        Number of frames that the prior counts; None seeks the most probable.
    counts
        Number of observations that a frame counts as, in the marginal likelihood.
    choose_epoch
        Whether the epoch of lowest tuning NLL is taken; the last one else.
    settings, seed
        Settings of the training; order and augmentation come from the seed alone.
    folder
        Folder in which checkpoints are kept.
    resume, progress
        Whether to go on from the folder's last checkpoint, and whether to show progress.

    Raises
    ------
    InputError
        If the loss is not finite.
    """
    module = FineTuning(
        network,
        normalizer,
        settings,
        information=floored(information),
        prior_frames=prior_frames or FIRST,
        floor_db=floor_db,
        seed=seed,
        frames=sum(len(example.labels) for example in fit),
    )
    callbacks: list[Callback] = []
    if settings.averaging:
        callbacks.append(RunningAverage(settings.averaging))
    if prior_frames is None:

        def inputs() -> Iterable[Tensor]:
            return (torch.from_numpy(normalizer(example.features)) for example in fit)

        callbacks.append(PriorUpdates(inputs, counts, seed))
    log = run(
        module,
        fit,
        tune,
        folder=folder,
        callbacks=callbacks,
        keep_best=choose_epoch,
        resume=resume,
        progress=progress,
    )
    kept = folder / ("best.ckpt" if choose_epoch else "last.ckpt")
    network.load_state_dict(tensors_of(kept, "network."))
    network.cpu().eval()
    return FineTuningResult(Trained(network, log.text(), log.seconds), module.prior_frames)
