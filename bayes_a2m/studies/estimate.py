"""How long a cell will take, before it is begun: a step is timed, and steps are counted."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from bayes_a2m.config.experiment import Experiment

if TYPE_CHECKING:
    from bayes_a2m.studies.cell import Cell

OVERHEAD = 1.3
"""Of an epoch over its steps: augmentation, the tuning part, checkpoints."""

BESIDE = 20.0
"""Seconds a cell takes beside its training: features, tuning, scoring."""

BASELINE = 60.0
"""Seconds a baseline takes."""

NETWORKS = ("point", "mc_dropout", "ensemble", "variational", "laplace", "sgmcmc", "hmc")


def epochs_of(experiment: Experiment) -> float:
    """Passes over the training part that fitting takes, the network's own training included.

    A method that starts from a trained network takes its own alone (see :func:`seconds_of`).
    """
    own = own_epochs(experiment)
    return own + experiment.training.epochs if experiment.posterior.name != "ensemble" else own


def own_epochs(experiment: Experiment) -> float:
    """Passes that the method itself takes, beside those of the network it is about."""
    settings: dict[str, Any] = experiment.posterior.settings
    match experiment.posterior.name:
        case "ensemble":
            return float(settings.get("members", 5) * experiment.training.epochs)
        case "variational":
            return float(1.3 * settings.get("epochs", 2))
        case "sgmcmc":
            chains, cycles = settings.get("chains", 2), settings.get("cycles", 3)
            return float(chains * cycles * settings.get("epochs", 2))
        case "laplace":
            return 0.5
        case "hmc":
            return 3.0
        case _:
            return 0.0


class Estimates:
    """Seconds of cells on one processor; every kind of step is timed once."""

    def __init__(self) -> None:
        self._steps: dict[str, float] = {}

    def seconds_of(self, cell: Cell) -> float:
        """What training and scoring a cell will take from its beginning, roughly."""
        experiment = cell.experiment
        if experiment.posterior.name not in NETWORKS:
            return BASELINE
        epochs = own_epochs(experiment) if cell.start is not None else epochs_of(experiment)
        grid = experiment.features.grid
        window, _ = experiment.windows.frames(grid)
        frames = [grid.frames_in(r.duration) for r in cell.fit]
        examples = sum(max(1, round(n / window)) for n in frames)
        longest = min(window, max(frames))
        steps = math.ceil(examples / experiment.training.batch)
        return BESIDE + OVERHEAD * epochs * steps * self._step(experiment, longest)

    def _step(self, experiment: Experiment, frames: int) -> float:
        chosen = experiment.architecture
        training = experiment.training
        key = repr((chosen, frames, experiment.features.bins, training.batch, training.precision))
        if key not in self._steps:
            self._steps[key] = _timed(experiment, frames)
        return self._steps[key]


def _timed(experiment: Experiment, frames: int) -> float:
    """Seconds of one step of training on one thread: the quicker of two, after a first."""
    import torch

    from bayes_a2m.networks.registry import make_network
    from bayes_a2m.training.fit import channels_last

    chosen, batch = experiment.architecture, experiment.training.batch
    bins = experiment.features.bins
    network = make_network(chosen.name, chosen.settings, bins=bins, classes=4).train()
    features = torch.zeros(batch, frames, bins)
    labels, lengths = torch.zeros(batch, frames, dtype=torch.long), torch.full((batch,), frames)
    half = experiment.training.precision == "bf16-mixed"
    taken, threads = [], torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with channels_last(network):
            for _ in range(3):
                start = time.perf_counter()
                with torch.autocast("cpu", torch.bfloat16, enabled=half):
                    law = network(features, lengths)
                network.head.loss(law, labels, lengths).backward()
                taken.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return min(taken[1:])
