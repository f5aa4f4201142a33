"""A network that was trained with the times of its labels as latent variables.

The predictive is the network's answer with the lag of a recording's labels and the scatter of each
label integrated (:mod:`bayes_a2m.training.label_times`): what a label will say, as sure of its time
as labels are. The network's own output, ``model.network``, is what sounds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import torch
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.posteriors.network_posterior import FitContext
from bayes_a2m.posteriors.point import Point
from bayes_a2m.posteriors.posterior import NOT_FITTED, Posterior
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.training_data import TrainingData
from bayes_a2m.training.label_times import LabelTimes, Times

NAMES = "names"
"""The name of the tensor that holds the conditions' names, as UTF-8 with a line each."""


class LatentTimes(Point):
    """A network and the times of its labels, by condition; every prediction is one draw.

    Examples
    --------
    >>> from bayes_a2m.networks.crnn import CRNN
    >>> LatentTimes(CRNN()).name
    'latent_times'
    """

    name = "latent_times"

    _label_times: LabelTimes | None = None

    @property
    def label_times(self) -> dict[str, Times]:
        """The lag, its spread and the scatter of labels of every condition, in frames.

        Raises
        ------
        InputError
            If the model is not fitted.
        """
        return self._times.times()

    @property
    def _times(self) -> LabelTimes:
        if self._label_times is None:
            raise InputError(NOT_FITTED)
        return self._label_times

    def fit_examples(
        self, training_data: TrainingData, context: FitContext, start: Posterior | None = None
    ) -> TrainingRecord:
        """Train the network and the times together.

        Raises
        ------
        InputError
            If ``start`` is another method's network, or the settings ask for another loss.
        """
        options = self.experiment.training
        if options.labels or options.class_weight_power or options.focal or options.label_smoothing:
            raise InputError(
                "latent_times: has a loss of its own; leave training.labels, class_weight_power, "
                "focal and label_smoothing out"
            )
        if isinstance(start, LatentTimes):
            self._label_times = start._label_times
        elif start is not None:
            raise InputError("latent_times: trains its network itself; leave --from out")
        else:
            fitting = training_data.fitting
            counts = Counter(examples[0].condition for examples in fitting if len(examples))
            self._label_times = LabelTimes(dict(sorted(counts.items())))
        return super().fit_examples(training_data, context, start)

    def train_network(
        self, training_data: TrainingData, context: FitContext, **options: object
    ) -> TrainingRecord:
        """Train a fresh network and the times."""
        return super().train_network(training_data, context, label_times=self._times)

    def log_probs(self, features: Tensor, draws: int = 1) -> Tensor:
        """Log-probabilities of labels ``(1, 1, frame, class)``: one draw, however many."""
        outputs: Tensor = self.network(features, onsets=True)
        classes = self.network.classes
        labels = self._times.predicted(outputs[..., :classes], torch.tensor([features.shape[1]]))
        return torch.cat([labels, outputs[..., classes:]], dim=-1)[None]

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters of the times, and the conditions' names."""
        names = "\n".join(self._times.names).encode()
        state = {name: tensor.detach() for name, tensor in self._times.state_dict().items()}
        return {**state, NAMES: torch.tensor(list(names), dtype=torch.uint8)}

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what :meth:`state_dict` gave.

        Raises
        ------
        KeyError, RuntimeError
            If a tensor is missing, or of another shape.
        """
        rest = dict(state)
        names = bytes(rest.pop(NAMES).to(torch.uint8).tolist()).decode(errors="replace")
        times = LabelTimes(dict.fromkeys(names.split("\n"), 1))
        times.load_state_dict(rest)
        self._label_times = times.requires_grad_(False)
