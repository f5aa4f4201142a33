"""Convergence of chains: R-hat and effective sample sizes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.diagnostics.arviz_compat import ess, rhat
from bayes_a2m.errors import InputError
from bayes_a2m.prediction.posterior import FramePosterior

Floats = NDArray[np.float64]

RHAT_LIMIT = 1.01
"""R-hat above which chains have not mixed (Vehtari et al. 2021, section 4)."""

ESS_LIMIT = 100
"""Effective draws a chain below which R-hat and quantiles are not to be trusted (the same)."""


@dataclass(frozen=True)
class Mixing:
    """R-hat and effective sample sizes of some functions of the weights.

    Attributes
    ----------
    rhat, bulk, tail
        Rank-normalised split R-hat, and effective draws for the centre and for the 5 % and 95 %
        quantiles, of every quantity that varies, shape ``(quantity,)``.
    chains, draws
        Number of chains, and of draws in each.
    constant
        Number of quantities that were the same in all draws; they are left out.
    """

    rhat: Floats = field(repr=False)
    bulk: Floats = field(repr=False)
    tail: Floats = field(repr=False)
    chains: int
    draws: int
    constant: int = 0

    @property
    def worst_rhat(self) -> float:
        """Largest R-hat; nan where no quantity varies."""
        return float(self.rhat.max()) if self.rhat.size else float("nan")

    @property
    def least_bulk(self) -> float:
        """Smallest bulk ESS; nan where no quantity varies."""
        return float(self.bulk.min()) if self.bulk.size else float("nan")

    @property
    def least_tail(self) -> float:
        """Smallest tail ESS; nan where no quantity varies."""
        return float(self.tail.min()) if self.tail.size else float("nan")

    @property
    def mixed(self) -> bool:
        """Whether every R-hat is at most 1.01 and every ESS at least 100 a chain."""
        least = min(self.least_bulk, self.least_tail)
        return self.worst_rhat <= RHAT_LIMIT and least >= ESS_LIMIT * self.chains

    @property
    def sentence(self) -> str:
        """Result in a sentence."""
        if not self.rhat.size:
            return "no quantity varies between draws: there is nothing to mix"
        above = (self.rhat > RHAT_LIMIT).mean()
        return (
            f"{self.chains} x {self.draws} draws: R-hat at most {self.worst_rhat:.3f} "
            f"({above:.0%} of {self.rhat.size} quantities above {RHAT_LIMIT}), bulk ESS at least "
            f"{self.least_bulk:.0f}, tail ESS at least {self.least_tail:.0f}"
        )


def rhat_ess(values: ArrayLike) -> Mixing:
    """Compute rank-normalised split R-hat, bulk and tail ESS, by ArviZ.

    Vehtari et al. 2021, "Rank-normalization, folding, and localization: an improved R-hat"
    (https://arxiv.org/abs/1903.08008), equations 4, 14 and section 4.3. Ranks make it the same
    for a probability and for its logit. The worst of many quantities is high by chance alone where
    chains have few draws (50 quantities of 30 independent draws: 1.5), so draw hundreds for this.

    Parameters
    ----------
    values
        Functions of the weights, shape ``(chain, draw, quantity)``; a single chain is compared
        with itself, by its quarters (ArviZ wants two chains, and splits each).

    Raises
    ------
    InputError
        If the shape is another, a value is not finite, or a chain has fewer than 8 draws.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 3:
        raise InputError(f"values must be (chain, draw, quantity), not of shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError("values must be finite")
    chains, draws, quantities = array.shape
    if draws < 8:
        raise InputError(f"R-hat needs at least 8 draws a chain, not {draws}: ask for more draws")
    varies = np.ptp(array, axis=(0, 1)) > 0
    kept = array[..., varies]
    if not kept.shape[2]:
        none = np.zeros(0)
        return Mixing(none, none, none, chains, draws, quantities)
    # one chain has no other to agree with: its first and last half stand for two
    halves = kept
    if chains == 1:
        half = draws // 2
        halves = np.stack([kept[0, :half], kept[0, -half:]])
    return Mixing(
        rhat(halves),
        ess(kept, "bulk"),
        ess(kept, "tail"),
        chains,
        draws,
        int(quantities - kept.shape[2]),
    )


def function_values(post: FramePosterior, frames: int = 50) -> Floats:
    """Take probabilities of every sounding class at evenly spaced real frames.

    Silence is left out, since it is one minus the others.

    Parameters
    ----------
    post
        Predictions with the draws whose mixing is asked for.
    frames
        Number of frames over all recordings together; fewer where there are not as many.

    Returns
    -------
    ndarray, shape (chain, draw, frame * pitch)
    """
    recordings, frame = np.nonzero(post.inside())
    chosen = np.linspace(0, recordings.size - 1, min(frames, recordings.size)).round().astype(int)
    log_probs = post.log_probs[:, :, recordings[chosen], frame[chosen], 1:]
    return np.exp(log_probs.astype(np.float64)).reshape(*log_probs.shape[:2], -1)
