"""The time of a cell is estimated before it is begun: a step is timed, steps are counted."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from bayes_a2m import renamed
from bayes_a2m.config.experiment import Experiment
from bayes_a2m.models.construction import posterior_class

if TYPE_CHECKING:
    from bayes_a2m.studies.cell import Cell

OVERHEAD = 1.3
"""The time of an epoch over that of its steps: augmentation, the tuning split, checkpoints."""

BESIDE = 20.0
"""The seconds that a cell takes beside its training: features, tuning, scoring."""

BASELINE = 60.0
"""The seconds that a baseline takes."""


class Estimates:
    """Estimates of cells' seconds on one processor; every kind of step is timed once."""

    def __init__(self) -> None:
        self._steps: dict[str, float] = {}

    def seconds_of(self, cell: Cell) -> float:
        """The seconds that training and scoring a cell will take from its beginning, roughly."""
        experiment = cell.experiment
        kind = posterior_class(experiment.posterior.name)
        if not kind.trains_network:
            return BASELINE
        epochs = kind.passes(experiment, started=cell.start is not None)
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

    from bayes_a2m.networks.network import make_network
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
                    log_probs = network(features, lengths)
                network.head.loss(log_probs, labels, lengths).backward()
                taken.append(time.perf_counter() - start)
    finally:
        torch.set_num_threads(threads)
    return min(taken[1:])


__getattr__ = renamed.names_of(__name__)
