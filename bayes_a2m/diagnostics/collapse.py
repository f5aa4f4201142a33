"""Detection of posteriors whose many draws are no more than a point."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayes_a2m.prediction.posterior import FramePosterior, FramePredictive

COLLAPSE = 1e-3
"""A posterior whose epistemic share of the uncertainty is below this is a point."""


@dataclass(frozen=True)
class Collapse:
    """Epistemic share of the uncertainty of a posterior.

    Attributes
    ----------
    draws
        Number of draws.
    different
        Number of draws that differ from each other; None where the draws are not kept.
    information
        Mutual information over entropy, both summed over real frames.
    variance
        Variance over draws over ``p (1 - p)``, both summed over real frames and classes.
    """

    draws: int
    different: int | None
    information: float
    variance: float

    @property
    def sentence(self) -> str | None:
        """Alarm in a sentence, or None; a single draw is a point by its nature and gives none."""
        if self.draws < 2:
            return None
        look = "look at step size, temperature, prior and whether draws change the network at all"
        if self.different == 1:
            return (
                f"this posterior has collapsed to a point: all {self.draws} draws are one; {look}"
            )
        if self.information < COLLAPSE and self.variance < COLLAPSE:
            return (
                f"this posterior has collapsed to a point: of the uncertainty of its {self.draws} "
                f"draws a share of {self.information:.1g} in nats and {self.variance:.1g} in "
                f"variance is epistemic (alarm below {COLLAPSE:g}); {look}"
            )
        if self.different is not None and 2 * self.different < self.draws:
            return (
                f"only {self.different} of this posterior's {self.draws} draws differ: most of "
                f"them repeat another; {look}"
            )
        return None


def collapse_of(post: FramePredictive) -> Collapse:
    """Measure the epistemic share of a posterior's uncertainty, for :func:`collapsed`."""
    inside = post.inside()
    different = None
    if isinstance(post, FramePosterior):
        # every fourth frame will do to tell two draws apart
        probed = post.log_probs[:, :, inside][:, :, ::4].reshape(post.draws, -1)
        different = len({row.tobytes() for row in probed})
    entropy = post.entropy()[inside].sum(dtype=np.float64)
    information = post.mutual_information()[inside].sum(dtype=np.float64)
    total = post.total_variance()[inside].sum(dtype=np.float64)
    variance = post.variance()[inside].sum(dtype=np.float64)
    return Collapse(
        post.draws,
        different,
        float(information / max(entropy, 1e-30)),
        float(variance / max(total, 1e-30)),
    )


def collapsed(post: FramePredictive) -> str | None:
    """Describe in a sentence that a posterior has collapsed to a point; None where it has not.

    It has where all draws are the same; or mutual information and variance over draws are both
    below :data:`COLLAPSE` of the entropy and of ``p (1 - p)``; or less than half of the draws
    differ.

    Parameters
    ----------
    post
        Predictions with several draws, or their summary.
    """
    return collapse_of(post).sentence
