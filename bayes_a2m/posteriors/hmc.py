"""Hamiltonian Monte Carlo on the last layer is the yardstick for the cheap methods.

The no-U-turn sampler (Hoffman and Gelman 2014, "The No-U-Turn Sampler",
https://arxiv.org/abs/1111.4246, algorithm 6), as Pyro has it, on the tempered joint density of the
head's weights w. It moves in coordinates u that Laplace's approximation N(m, L L^T) makes nearly
round, with the potential energy

    w = m + L u,   U(u) = -(e sum over frames of log p(class | w) + log prior(w)),

along the leapfrog steps

    r <- r - (s / 2) grad U(u),   u <- u + s M^-1 r,   r <- r - (s / 2) grad U(u).

The step size s and the masses M are adapted in the warm-up, which is not kept.

One draw is the head's weights at one state of one chain; the trunk is the same in all. Nothing is
assumed of the posterior's shape; the error that remains is that of Monte Carlo, which R-hat and
the effective sample size measure.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.laplace import Gaussian, approximate
from bayes_a2m.posteriors.last_layer import PREFIX, LastLayer, unflatten
from bayes_a2m.posteriors.network_posterior import FitContext, WeightPosterior
from bayes_a2m.posteriors.posterior import NOT_FITTED
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData

MOST_DIVERGENCES = 0.05
"""Share of divergent transitions beyond which the samples are not to be trusted."""

SPREAD = 2.0
"""Standard deviations over which chains start, so that R-hat can tell whether they met."""


class HMC(WeightPosterior):
    """A trained network with samples of its head's weights from their posterior.

    Attributes
    ----------
    samples
        The head's weights, shape ``(chain, draw, parameter)``, in a random order, so that the
        first few draws are spread over the whole chain.
    divergences
        The number of divergent transitions in all chains.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> HMC(CRNN(), chains=2).options.chains
    2
    """

    name = "hmc"

    class Options(Settings):
        """Settings of the sampler, and of the posterior that it samples."""

        chains: int = Field(4, ge=1)
        samples: int = Field(150, ge=4, description="kept, a chain")
        warmup: int = Field(150, ge=10, description="not kept")
        every: int = Field(8, ge=1, description="each so many-th frame stands for all of them")
        tempering: float = Field(0.03, gt=0, description="what a frame counts")
        prior_precision: float | None = Field(None, gt=0, description="None: by the evidence")

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """The trunk runs once; the sampler works on the last layer alone."""
        return 3.0

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.samples: Tensor | None = None
        self.divergences = 0

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Sample every chain.

        Raises
        ------
        InputError
            If too many transitions diverge, or a density is not finite.
        """
        options = self.options
        started = time.perf_counter()
        layer = LastLayer.of(
            self.network, training_data, tempering=options.tempering, every=options.every
        )
        gaussian = approximate(layer, prior_precision=options.prior_precision, refit=True)
        chains = []
        self.divergences = 0
        for chain in range(options.chains):
            whitened, divergences = self._chain(layer, gaussian, chain, context.progress)
            self.divergences += divergences
            chains.append(gaussian.mean + whitened @ gaussian.factor.T)
        most = MOST_DIVERGENCES * options.chains * options.samples
        if self.divergences > most:
            raise InputError(
                f"hmc: {self.divergences} of {options.chains * options.samples} transitions "
                "diverged; raise posterior.warmup, or set a larger posterior.prior_precision"
            )
        # a chain is autocorrelated: shuffled, its first few draws say as much as any others.
        # A SeedSequence of the seed and a number of its own keeps this stream apart from those of
        # the chains, whatever the seeds of other models are
        order = np.random.default_rng(np.random.SeedSequence([self.seed, 7]))
        shuffled = [c[torch.from_numpy(order.permutation(len(c)))] for c in chains]
        self.samples = torch.stack(shuffled).float()
        return TrainingRecord(seconds=time.perf_counter() - started)

    def _chain(
        self, layer: LastLayer, gaussian: Gaussian, chain: int, progress: bool
    ) -> tuple[Tensor, int]:
        """Whitened samples ``(draw, parameter)`` of one chain, and its divergences."""
        from pyro.infer import MCMC, NUTS

        def potential(position: dict[str, Tensor]) -> Tensor:
            weights = gaussian.mean + gaussian.factor @ position["u"]
            energy = -layer.log_joint(weights, gaussian.prior_precision)
            if not torch.isfinite(energy):
                raise InputError(
                    "hmc: the density of the head's weights is not finite; check the network it "
                    "starts from, or set posterior.prior_precision"
                )
            return energy

        # Pyro draws from the global generator: it is lent a seed, and given back as it was
        seed = int(np.random.SeedSequence([self.seed, 6, chain]).generate_state(1)[0])
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            start = SPREAD * torch.randn(len(gaussian.mean), dtype=torch.float64)
            sampler = MCMC(
                NUTS(potential_fn=potential),
                num_samples=self.options.samples,
                warmup_steps=self.options.warmup,
                initial_params={"u": start},
                disable_progbar=not progress,
            )
            sampler.run()
        divergent = sampler.diagnostics()["divergences"]
        return sampler.get_samples()["u"], sum(len(steps) for steps in divergent.values())

    @property
    def _stored(self) -> Tensor:
        if self.samples is None:
            raise InputError(NOT_FITTED)
        return self.samples

    @property
    def chains(self) -> int:
        """The number of chains that the sampler ran."""
        return len(self._stored)

    def available(self) -> int:
        """The number of samples that every chain keeps."""
        return self._stored.shape[1]

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """The head's weights at one state of a chain, by their names in the network."""
        named = unflatten(self.network.head, self._stored[chain, draw])
        return {PREFIX + name: tensor for name, tensor in named.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """The samples of all chains, and the number of divergences."""
        return {"samples": self._stored, "divergences": torch.tensor(self.divergences)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the samples.

        Raises
        ------
        KeyError, RuntimeError
            If they are missing, or do not fit the head.
        """
        unflatten(self.network.head, state["samples"][0, 0])  # a RuntimeError where unfit
        self.samples = state["samples"]
        self.divergences = int(state["divergences"])
