"""Heads: from a trunk's features to log-probabilities over the vocabulary, and their loss.

``one_stage`` is a softmax over silence and all pitches. ``two_stage`` asks first whether there is a
sound, then which pitch it has, and gives the distribution the two compose: ``log p(silence)``, and
``log p(sound) + log p(pitch | sound)``. Both are distributions over the same classes, so all that
reads one reads the other; and the stages of either come back exactly
(:mod:`bayes_a2m.metrics.stages`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from pydantic import Field
from torch import Tensor, nn

from bayes_a2m import registry, renamed
from bayes_a2m.config.settings import Settings, parse_settings
from bayes_a2m.errors import InputError


class Head(nn.Module, ABC):
    """Map from trunk features ``(batch, frame, feature)`` to log-probabilities of the classes.

    Attributes
    ----------
    Options
        Its own settings, as an experiment file gives them beside its name.
    """

    class Options(Settings):
        """A head has no settings, unless its class says so."""

    group: ClassVar[str] = "heads"
    name: ClassVar[str]

    def __init__(self, features: int, classes: int, options: Options | None = None) -> None:
        super().__init__()
        self.options = options or self.Options()

    @abstractmethod
    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute log-probabilities ``(batch, frame, class)``.

        Parameters
        ----------
        features
            Trunk features, shape ``(batch, frame, feature)``.
        lengths
            Number of real frames of every item, shape ``(batch,)``.
        """

    def read_by(self, module: str, features: Tensor) -> Tensor:
        """Select the part of the features ``(..., feature)`` that one of its affine maps reads."""
        return features

    def weighted(self, log_probs: Tensor) -> Tensor:
        """Weigh the parts of log-probabilities as the settings say, for the loss."""
        return log_probs

    def loss(
        self,
        log_probs: Tensor,
        labels: Tensor,
        lengths: Tensor,
        weights: Tensor | None = None,
        *,
        focal: float = 0.0,
        smoothing: float = 0.0,
    ) -> Tensor:
        """Compute the negative log-likelihood, the mean over real frames, in nats.

        Parameters
        ----------
        log_probs
            Log-probabilities, shape ``(batch, frame, class)``.
        labels
            True classes, shape ``(batch, frame)``; what lies past a recording's length is not
            looked at.
        lengths
            Number of real frames of every item, shape ``(batch,)``.
        weights
            Weight of every class, shape ``(class,)``; the mean is then a weighted one.
        focal
            Gamma of the focal loss (Lin et al. 2017, equation 4): a frame counts
            ``(1 - p)^gamma``, where p is the probability of its label. Not proper.
        smoothing
            Share of each label that is spread evenly over all classes (Szegedy et al. 2016,
            section 7). Not proper.
        """
        real = torch.arange(labels.shape[1], device=labels.device) < lengths[:, None]
        log_probs, truth = log_probs[real], labels[real]
        counted = self.weighted(log_probs)
        if not focal and not smoothing:
            return nn.functional.nll_loss(counted, truth, weight=weights)
        rows = torch.arange(len(truth), device=truth.device)
        each = -counted[rows, truth]
        if smoothing:
            each = torch.lerp(each, -counted.mean(dim=-1), smoothing)
        if focal:
            # a floor: the gradient of a power below one has none at zero
            doubt = (1 - log_probs[rows, truth].exp()).clamp_min(1e-6)
            each = doubt**focal * each
        if weights is None:
            return each.mean()
        share = weights[truth]
        return (share * each).sum() / share.sum()

    def extra_loss(self, features: Tensor, labels: Tensor, lengths: Tensor) -> Tensor | None:
        """Compute what training adds to the loss, a mean over frames; most heads add nothing.

        Parameters
        ----------
        features
            Trunk features, shape ``(batch, frame, feature)``.
        labels, lengths
            The same as for :meth:`loss`.
        """
        return None


class OneStage(Head):
    """Head with one softmax over silence and all pitches."""

    name = "one_stage"

    def __init__(self, features: int, classes: int, options: Head.Options | None = None) -> None:
        super().__init__(features, classes, options)
        self.output = nn.Linear(features, classes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the log-softmax of an affine map of each frame's features."""
        return nn.functional.log_softmax(self.scores(features), dim=-1)

    def scores(self, features: Tensor) -> Tensor:
        """Compute the affine map of each frame's features, ``(..., class)``."""
        return _exact(self.output(features))


class TwoStage(Head):
    """Head with two stages on one trunk: whether there is a sound, and which pitch if so.

    Its negative log-likelihood is that of the first stage over all frames and that of the second
    over the frames that sound, added (the chain rule); each can be made to count for more.
    """

    name = "two_stage"

    class Options(Head.Options):
        """Weights of the stages in the loss; at one each it is the plain likelihood."""

        silence_weight: float = Field(1.0, gt=0)
        pitch_weight: float = Field(1.0, gt=0)

    def __init__(self, features: int, classes: int, options: Head.Options | None = None) -> None:
        super().__init__(features, classes, options)
        self.sound = nn.Linear(features, 1)
        self.pitch = nn.Linear(features, classes - 1)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compose a sigmoid of one affine map with a softmax of another."""
        sound = _exact(self.sound(self.read_by("sound", features)))
        pitch = _exact(self.pitch(self.read_by("pitch", features)))
        return compose(sound, pitch)

    def weighted(self, log_probs: Tensor) -> Tensor:
        """Multiply each stage's part of ``log p`` by its weight."""
        options = self.options
        assert isinstance(options, TwoStage.Options)
        first, second = options.silence_weight, options.pitch_weight
        if first == second == 1:
            return log_probs
        sound = torch.logsumexp(log_probs[..., 1:], dim=-1, keepdim=True)
        pitch = log_probs[..., 1:] - sound
        parts = [first * log_probs[..., :1], first * sound + second * pitch]
        return torch.cat(parts, dim=-1)


class CascadeHead(TwoStage):
    """Two-stage head whose stages read trunks of their own, one half of the features each."""

    name = "cascade"

    def __init__(self, features: int, classes: int, options: Head.Options | None = None) -> None:
        super().__init__(features // 2, classes, options)
        self.each_reads = features // 2

    def read_by(self, module: str, features: Tensor) -> Tensor:
        """Select the first half for the first stage, the second for the second."""
        if module == "sound":
            return features[..., : self.each_reads]
        return features[..., self.each_reads :]


class Scores(Head):
    """Head without parameters: the softmax of scores that the trunk gives, one a class."""

    name = "scores"

    def __init__(self, features: int, classes: int, options: Head.Options | None = None) -> None:
        super().__init__(features, classes, options)
        if features != classes:
            raise InputError(f"network.head: {features} scores of each frame for {classes} classes")

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the log-softmax of each frame's scores."""
        return nn.functional.log_softmax(_exact(features), dim=-1)


def compose(sound: Tensor, pitch: Tensor) -> Tensor:
    """Compose log-probabilities over all classes from the scores of two stages.

    Parameters
    ----------
    sound
        Log-odds of a sound, ``(..., 1)``.
    pitch
        Scores of the pitches, ``(..., class - 1)``.

    Returns
    -------
    Tensor, shape (..., class)
        ``log p(silence)``, then ``log p(sound) + log p(pitch | sound)``.

    >>> distribution = compose(torch.tensor([0.0]), torch.tensor([1.0, 1.0])).exp()
    >>> [round(p, 6) for p in distribution.tolist()]
    [0.5, 0.25, 0.25]
    """
    given = nn.functional.log_softmax(pitch, dim=-1)
    present = nn.functional.logsigmoid(sound) + given
    return torch.cat([nn.functional.logsigmoid(-sound), present], dim=-1)


def _exact(scores: Tensor) -> Tensor:
    """Half precision is for training; posteriors of the head alone want all of float64."""
    return scores if scores.dtype == torch.float64 else scores.float()


HeadSettings = str | dict[str, Any]
"""A head's name, or a mapping of its name and its settings."""


def make_head(head: HeadSettings, features: int, classes: int) -> Head:
    """Make a head from its name, or from a mapping with its ``name`` and settings.

    Parameters
    ----------
    head
        Name, or name and settings.
    features
        Number of trunk features of a frame.
    classes
        Number of classes.

    Raises
    ------
    InputError
        If there is no such head, it has no such setting, or there are fewer than two classes.
    """
    given: Mapping[str, Any] = {"name": head} if isinstance(head, str) else head
    kind: type[Head] = registry.get("heads", str(given.get("name", "")), key="network.head")
    if classes < 2:
        raise InputError(f"a head needs at least two classes, not {classes}")
    values = {key: value for key, value in given.items() if key != "name"}
    return kind(features, classes, parse_settings(kind.Options, values, "network.head"))


__getattr__ = renamed.names_of(__name__)
