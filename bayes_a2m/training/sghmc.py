"""Stochastic-gradient Hamiltonian Monte Carlo (SG-HMC) as an optimiser, in cycles.

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
    """Cyclical schedule of the step size.

    Attributes
    ----------
    steps
        Number of steps of one cycle.
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
        """Factor of the step size at a step, counted from 0."""
        share = step % self.steps / self.steps
        return max(self.floor, 0.5 * (1 + math.cos(math.pi * share)))

    def sampling(self, step: int) -> bool:
        """Whether noise is added at a step, counted from 0."""
        return step % self.steps >= self.explore * self.steps


class SGHMC(torch.optim.Optimizer):
    """Sampler of the weights of a posterior, given gradients of its mean loss.

    Parameters
    ----------
    parameters
        Parameters to sample.
    lr
        Step size l, like that of SGD.
    momentum
        Momentum b, at least 0 and below 1.
    observations
        Number n of independent observations that the mean loss stands for.
    temperature
        Temperature of the posterior; 1 is Bayes', below it is colder.
    prior_precision
        Precision of a Gaussian prior around zero.
    cycle
        Schedule of the step size.
    seed
        Seed of the noise, which depends on it and the number of the step alone.
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
        """Take one step, and return what ``closure``, which computes the gradients, returned."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            # noise by seed and step: a resumed chain draws what an unbroken one would
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
        """Move one parameter, and its velocity, by the module's equation."""
        if parameter.grad is None:
            return
        state = self.state[parameter]
        if "velocity" not in state:
            state["velocity"] = torch.zeros_like(parameter)
        # in the module's terms: step is h, step * count is h n, and the prior's gradient is of the
        # whole log density, so it is not multiplied by n
        count, friction = group["observations"], 1 - group["momentum"]
        step = math.sqrt(group["lr"] / count)
        velocity = state["velocity"].mul_(group["momentum"])
        velocity.sub_(parameter.grad, alpha=step * count)
        velocity.sub_(parameter, alpha=step * group["prior_precision"])
        if heat:
            noise = torch.randn(parameter.shape, generator=generator).to(parameter)
            velocity.add_(noise, alpha=math.sqrt(2 * friction * heat))
        parameter.add_(velocity, alpha=step)
