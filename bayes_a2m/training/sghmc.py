"""Stochastic-gradient Hamiltonian Monte Carlo as an optimiser, in cycles.

Chen, Fox and Guestrin 2014 (arXiv 1402.4102), in the form of Wenzel et al. 2020
(arXiv 2002.02405, algorithm 1 with unit masses), whose parameters are those of SGD with
momentum. With n observations, step size l, momentum b, temperature T and mean-loss gradient G,

    h = sqrt(C l / n),   m <- b m - h n G + sqrt(2 (1 - b) T) R,   w <- w + h m,

R being standard normal. Without noise it is SGD with momentum; without momentum it is
stochastic-gradient Langevin dynamics (Welling and Teh 2011). C is a cosine that falls from one
to zero in every cycle (Zhang et al. 2020, arXiv 1902.03932, equation 1): each cycle goes far,
without noise, and then samples where it came to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Cycle:
    """How the step size goes round.

    Attributes
    ----------
    steps
        Of one cycle.
    explore
        Share of a cycle without noise.
    floor
        Smallest scale of the step size: at zero nothing would be sampled.

    Examples
    --------
    >>> cycle = Cycle(steps=4, explore=0.5, floor=0.0)
    >>> [round(cycle.scale(s), 3) for s in range(5)]
    [1.0, 0.854, 0.5, 0.146, 1.0]
    >>> [cycle.sampling(s) for s in range(4)]
    [False, False, True, True]
    """

    steps: int
    explore: float = 0.5
    floor: float = 0.01

    def scale(self, step: int) -> float:
        """What the step size is multiplied with."""
        share = step % self.steps / self.steps
        return max(self.floor, 0.5 * (1 + math.cos(math.pi * share)))

    def sampling(self, step: int) -> bool:
        """Whether there is noise."""
        return step % self.steps >= self.explore * self.steps


class SGHMC(torch.optim.Optimizer):
    """Samples weights from the posterior whose mean loss it is given gradients of.

    Parameters
    ----------
    parameters
        What to sample.
    lr
        Step size l, as of SGD.
    momentum
        b, at least 0 and below 1.
    observations
        n: how many independent observations the mean loss stands for.
    temperature
        Of the posterior; 1 is Bayes', below it is colder.
    prior_precision
        Of a Gaussian around zero.
    cycle
        How the step size goes round.
    seed
        The noise of a step comes from it and the step's number alone.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float,
        observations: float,
        temperature: float,
        prior_precision: float,
        cycle: Cycle,
        seed: int,
    ) -> None:
        defaults = {
            "lr": lr,
            "start_lr": lr,
            "momentum": momentum,
            "observations": observations,
            "temperature": temperature,
            "prior_precision": prior_precision,
            "steps": 0,
        }
        super().__init__(parameters, defaults)
        self.cycle = cycle
        self.seed = seed

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step; returns what ``closure`` did, which computes the gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            number = group["steps"]
            seed = np.random.SeedSequence([self.seed, number]).generate_state(1)[0]
            generator = torch.Generator().manual_seed(int(seed))
            group["lr"] = group["start_lr"] * self.cycle.scale(number)
            heat = group["temperature"] if self.cycle.sampling(number) else 0.0
            for parameter in group["params"]:
                self._move(parameter, group, heat, generator)
            group["steps"] = number + 1
        return loss

    def _move(
        self, parameter: Tensor, group: dict[str, Any], heat: float, generator: torch.Generator
    ) -> None:
        if parameter.grad is None:
            return
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        count, friction = group["observations"], 1 - group["momentum"]
        step = math.sqrt(group["lr"] / count)
        velocity = state["velocity"].mul_(group["momentum"])
        velocity.sub_(parameter.grad, alpha=step * count)
        velocity.sub_(parameter, alpha=step * group["prior_precision"])
        if heat:
            noise = torch.randn(parameter.shape, generator=generator).to(parameter)
            velocity.add_(noise, alpha=math.sqrt(2 * friction * heat))
        parameter.add_(velocity, alpha=step)
