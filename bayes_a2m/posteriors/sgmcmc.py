"""Cyclical stochastic-gradient Monte Carlo over all weights of a network.

Zhang et al. 2020, "Cyclical stochastic gradient MCMC for Bayesian deep learning"
(https://arxiv.org/abs/1902.03932), with the steps of stochastic-gradient Hamiltonian Monte Carlo
(:mod:`bayes_a2m.training.sghmc`). With n observations, gradient G of the mean loss and of the
prior, momentum b, temperature T and R standard normal,

    m <- b m - h n G + sqrt(2 (1 - b) T) R,   w <- w + h m,   h = sqrt(C l / n),

where C falls from one to zero in every cycle as a cosine (equation 1 of the paper). Every chain
starts at the trained network; in every cycle large steps without noise leave where it was, small
ones with noise sample where they came to. What is sampled is a tempered posterior: a frame
counts as ``tempering`` observations, for its neighbours say the same thing.

One draw is all weights of the network at the end of an epoch in the last part of a cycle.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor

from bayes_a2m.config.settings import Settings
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given, reading
from bayes_a2m.files.tensors import read_tensors, write_tensors
from bayes_a2m.networks.network import Network
from bayes_a2m.posteriors.network_posterior import FitContext, WeightPosterior
from bayes_a2m.posteriors.posterior import NOT_FITTED
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData


class SGMCMC(WeightPosterior):
    """A network with samples of all its weights; a chain of the sampler is one of the posterior.

    Attributes
    ----------
    samples
        Every parameter's samples by its name in the network, shape ``(chain, draw, *shape)``.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> SGMCMC(CRNN(), chains=3).options.chains
    3
    """

    name = "sgmcmc"

    class Options(Settings):
        """Settings of the sampler, and of the posterior that it samples."""

        chains: int = Field(2, ge=1)
        cycles: int = Field(3, ge=1)
        epochs: int = Field(2, ge=1, description="of a cycle")
        samples: int = Field(1, ge=1, description="of a cycle: at the ends of its last epochs")
        learning_rate: float = Field(0.02, gt=0)
        momentum: float = Field(0.9, ge=0, lt=1)
        explore: float = Field(0.5, ge=0, lt=1, description="share of a cycle without noise")
        tempering: float = Field(0.02, gt=0, description="what a frame counts")
        temperature: float = Field(1.0, ge=0, description="of the posterior; below 1: colder")
        prior_precision: float = Field(10.0, ge=0)

        @model_validator(mode="after")
        def _samples_fit(self) -> SGMCMC.Options:
            if self.samples > self.epochs:
                raise ValueError("no more samples than epochs of a cycle")
            return self

    @classmethod
    def own_passes(cls, options: Any) -> float:
        """The epochs of all cycles of all chains."""
        return float(options.chains * options.cycles * options.epochs)

    def __init__(self, network: Network, **settings: Any) -> None:
        super().__init__(network, **settings)
        self.samples: dict[str, Tensor] = {}

    def fit_posterior(self, training_data: TrainingData, context: FitContext) -> TrainingRecord:
        """Sample one chain after the other; a finished one is kept when a fit is resumed.

        Raises
        ------
        InputError
            If the loss is not finite.
        """
        chains, combined = [], TrainingRecord()
        for chain in range(self.options.chains):
            samples, record = self._chain(training_data, context.inner(f"chain_{chain}"), chain)
            chains.append(samples)
            combined = combined.then(record)
        self.samples = {k: torch.stack([c[k] for c in chains]) for k in chains[0]}
        return combined

    def _chain(
        self, training_data: TrainingData, context: FitContext, chain: int
    ) -> tuple[dict[str, Tensor], TrainingRecord]:
        """Samples of one chain by name, ``(draw, ...)``."""
        finished = None if context.folder is None else context.folder / "chain.safetensors"
        if finished is not None and context.resume and is_given(finished):
            return _read(finished)
        from bayes_a2m.training.sampling import sample

        options, training = self.options, self.experiment.training
        settings = training.model_copy(
            update={
                "epochs": options.cycles * options.epochs,
                "learning_rate": options.learning_rate,
                "early_stopping": None,  # a chain is as long as it was planned
                "gradient_clip": 0.0,  # a clipped gradient is another density's
            }
        )
        if context.folder is not None:
            context.folder.mkdir(parents=True, exist_ok=True)
        result = sample(
            copy.deepcopy(self.network),
            training_data.training_examples(self.experiment.seed),
            training_data.tune_examples,
            normalizer=training_data.normalizer,
            settings=settings,
            floor_db=self.experiment.features.floor_db,
            transposition=training_data.transposition,
            # a SeedSequence mixes its numbers: chains of neighbouring seeds share no stream, as
            # those of seed + chain would
            seed=int(np.random.SeedSequence([self.seed, 6, chain]).generate_state(1)[0]),
            cycles=options.cycles,
            samples=options.samples,
            sampler={
                key: getattr(options, key)
                for key in ("momentum", "temperature", "prior_precision", "tempering", "explore")
            },
            folder=context.folder,
            resume=context.resume,
            progress=context.progress,
        )
        # a prediction with few draws takes the first ones: let them be of different cycles, which
        # differ most, and of each cycle the last sample first, taken with the smallest steps
        order = [
            cycle * options.samples + sample_in_cycle
            for sample_in_cycle in reversed(range(options.samples))
            for cycle in range(options.cycles)
        ]
        # training keeps weights channels last; a file takes contiguous ones
        stacked = {
            k: torch.stack([result.samples[i][k] for i in order]).contiguous()
            for k in result.samples[0]
        }
        record = TrainingRecord(result.log, result.seconds)
        if finished is not None:
            write_tensors(finished, stacked, record.to_words())
        return stacked, record

    @property
    def _stored(self) -> dict[str, Tensor]:
        if not self.samples:
            raise InputError(NOT_FITTED)
        return self.samples

    @property
    def chains(self) -> int:
        """The number of chains that the sampler ran."""
        return len(next(iter(self._stored.values())))

    def available(self) -> int:
        """The number of samples that every chain keeps."""
        return next(iter(self._stored.values())).shape[1]

    def draw_weights(self, chain: int, draw: int) -> dict[str, Tensor]:
        """All weights of one sample, by their names in the network."""
        return {name: samples[chain, draw] for name, samples in self._stored.items()}

    def state_dict(self) -> dict[str, Tensor]:
        """The samples of every parameter, by its name."""
        return dict(self._stored)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back the samples.

        Raises
        ------
        KeyError, RuntimeError
            If those of a parameter are missing, or of another shape.
        """
        for name, tensor in self.network.named_parameters():
            if state[name].shape[2:] != tensor.shape:
                raise RuntimeError(f"samples of {name} are of shape {tuple(state[name].shape)}")
        self.samples = dict(state)


WHAT, MEND = "the samples of a chain", "delete it, and the chain is sampled again"


def _read(path: Path) -> tuple[dict[str, Tensor], TrainingRecord]:
    samples, words = read_tensors(path, WHAT, MEND)
    with reading(path, WHAT, MEND):
        return samples, TrainingRecord.of_words(words)
