"""Size, work and reach of a network, measured on the network itself.

Nothing here is looked up or estimated from settings: multiply-adds are counted by torch while the
network runs, how far a frame is heard is seen by letting a number that is none (NaN) spread from
it, and times are those of this machine, to be read as ratios to another network's in the same run.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from bayes_a2m.networks.network import Network

PHASES = 32
"""Frames in a row that are tried: pooling makes a frame's reach depend on where it falls."""

TRIED = (1600, 8000)
"""Frames of the recordings in which a reach is looked for; what fills the last has no bounds."""


@dataclass(frozen=True)
class Reach:
    """The frames that an answer hears.

    Attributes
    ----------
    before, after
        Most frames before and after the one that is answered; None: all of a recording.
    """

    before: int | None
    after: int | None

    @property
    def frames(self) -> int | None:
        """The receptive field in frames; None: the whole recording."""
        if self.before is None or self.after is None:
            return None
        return self.before + 1 + self.after


@dataclass(frozen=True)
class Measures:
    """Size, work and reach of a network, and its times as ratios.

    Attributes
    ----------
    parameters
        Number of trained parameters.
    multiply_adds
        Multiplications with an addition, per second of audio.
    reach
        The frames that an answer hears.
    prediction, training
        Median time of a pass, and of a training step without the optimiser, over those of the
        network that all are compared with.
    """

    parameters: int
    multiply_adds: float
    reach: Reach
    prediction: float
    training: float


def measures_of(
    networks: Mapping[str, Network],
    *,
    compared_with: str,
    frames: int = 666,
    frames_per_second: float = 16000 / 96,
    repeats: int = 7,
) -> dict[str, Measures]:
    """Measure networks in one run.

    Parameters
    ----------
    networks
        The networks by name.
    compared_with
        The name of the one whose times are one.
    frames, frames_per_second
        Length of what they hear, and the frame rate.
    repeats
        Number of passes whose median counts; the networks take turns, so that what else the
        machine does is shared by all.
    """
    predicting = _median_ratios(networks, compared_with, frames, repeats, train=False)
    training = _median_ratios(networks, compared_with, frames, max(3, repeats // 2), train=True)
    return {
        name: Measures(
            parameters=network.parameter_count,
            multiply_adds=multiply_adds(network, frames) * frames_per_second / frames,
            reach=reach_of(network),
            prediction=predicting[name],
            training=training[name],
        )
        for name, network in networks.items()
    }


def multiply_adds(network: Network, frames: int) -> int:
    """Count multiply-adds of one pass by torch: matrix products, convolutions, attention.

    What is done to each value by itself (normalisation, activations, pooling) is not counted.

    Parameters
    ----------
    network
        The network.
    frames
        Number of frames of the recording.
    """
    from torch.utils.flop_counter import FlopCounterMode

    features = torch.zeros(1, frames, network.bins)
    # oneDNN's recurrence is one operation, of which the counter knows nothing
    with (
        warnings.catch_warnings(action="ignore"),  # that other hardware is not there
        torch.inference_mode(),
        torch.backends.mkldnn.flags(enabled=False),
        FlopCounterMode(display=False) as counter,
    ):
        network.eval()(features)
    return int(counter.get_total_flops()) // 2


def reach_of(network: Network) -> Reach:
    """Find the frames that an answer hears, by letting NaN spread from single frames.

    A reach that fills a recording of ``TRIED[-1]`` frames is taken to have no bounds.
    """
    network.eval()
    before, after = _spread(network, TRIED[0], PHASES)
    for longer in TRIED[1:]:
        if before is not None and after is not None:
            break
        # once is enough to see that everything is heard
        if _spread(network, longer, 1) == (None, None):
            return Reach(None, None)
        before, after = _spread(network, longer, PHASES)
    return Reach(before, after)


def _spread(network: Network, frames: int, phases: int) -> tuple[int | None, int | None]:
    """Most frames that an answer hears before and after its own; None: up to an end."""
    middle = frames // 2
    firsts, lasts = [], []
    with torch.inference_mode():
        for frame in range(middle, middle + phases):
            features = torch.zeros(1, frames, network.bins)
            features[0, frame] = torch.nan
            reached = torch.isnan(network(features)[0]).any(-1).nonzero()[:, 0]
            firsts.append((frame - int(reached.min()), int(reached.min()) == 0))
            lasts.append((int(reached.max()) - frame, int(reached.max()) == frames - 1))
    # an answer after the frame hears it before itself
    before = None if any(end for _, end in lasts) else max(n for n, _ in lasts)
    after = None if any(end for _, end in firsts) else max(n for n, _ in firsts)
    return before, after


def _median_ratios(
    networks: Mapping[str, Network], reference: str, frames: int, repeats: int, *, train: bool
) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in networks}
    for round_ in range(repeats + 1):
        for name, network in networks.items():
            seconds = _seconds(network, frames, train=train)
            if round_:  # the first is a warm-up
                taken[name].append(seconds)
    base = float(np.median(taken[reference]))
    return {name: float(np.median(own)) / base for name, own in taken.items()}


def _seconds(network: Network, frames: int, *, train: bool) -> float:
    """Seconds of a pass, or of a step with four recordings without the optimiser."""
    features = torch.zeros(4 if train else 1, frames, network.bins)
    labels = torch.zeros(features.shape[:2], dtype=torch.long)
    lengths = torch.full((len(features),), frames)
    network.train(train)
    start = time.perf_counter()
    with torch.set_grad_enabled(train):
        log_probs = network(features, lengths)
        if train:
            network.head.loss(log_probs, labels, lengths).backward()
    seconds = time.perf_counter() - start
    network.zero_grad(set_to_none=True)
    network.eval()
    return seconds
