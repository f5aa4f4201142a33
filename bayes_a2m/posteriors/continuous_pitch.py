"""Continuous pitch of a recording, from a network that has an output of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from bayes_a2m.datasets.recording import Recording
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid
from bayes_a2m.networks.equivariant import Equivariant

if TYPE_CHECKING:
    from bayes_a2m.posteriors.network_posterior import NetworkPosterior

EDGE = 0.2
"""Share of a note's frames at either end that slide into and out of it, and count for little."""

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class ContinuousPitch:
    """Pitch, its spread and the voicing of every frame, each ``(frame,)``.

    Attributes
    ----------
    midi
        Fractional MIDI number, also where there is no voice.
    spread
        Standard deviation of the pitch, cents, given that its octave is right.
    voicing
        Probability that there is a voice with a pitch.
    grid
        Times of the frames.
    """

    midi: Floats
    spread: Floats
    voicing: Floats
    grid: FrameGrid

    def of_span(self, onset: float, offset: float, near: float) -> float:
        """The pitch of a note: the median of its frames, weighed by their voicing.

        Parameters
        ----------
        onset, offset
            Seconds.
        near
            MIDI number of the note; frames further away than a tone are not of it.

        Returns
        -------
        float
            Fractional MIDI; ``near`` where no frame is of the note.
        """
        start, end = self.grid.span(onset, offset)
        start, end = max(start, 0), min(max(end, start + 1), len(self.midi))
        edge = int(EDGE * (end - start))
        inner = slice(start + edge, max(end - edge, start + edge + 1))
        midi, weight = self.midi[inner], self.voicing[inner] * (abs(self.midi[inner] - near) <= 2)
        if weight.sum() < 1e-3:
            return near
        order = np.argsort(midi)
        reached = np.cumsum(weight[order])
        return float(midi[order][np.searchsorted(reached, reached[-1] / 2)])


def continuous_pitch(model: NetworkPosterior, recording: Recording) -> ContinuousPitch:
    """Follow the pitch of a recording of any length.

    Parameters
    ----------
    model
        Fitted, with an equivariant network that has an output of continuous pitch.
    recording
        Its level is brought to the model's first.

    Raises
    ------
    InputError
        If the network has no such output.
    """
    network = model.network
    if not isinstance(network, Equivariant) or network.pitch_output is None:
        raise InputError("this model has no output of continuous pitch; the pretrained one has")

    def window(features: Floats) -> Floats:
        with torch.inference_mode():
            log_probs: Floats = network.continuous(torch.from_numpy(features)[None])[None].numpy()
        return log_probs

    log_probs = model.frontend.predict(model.levelled(recording), window)[0, 0]
    with torch.inference_mode():
        estimate = network.pitch_output.decode(torch.from_numpy(np.asarray(log_probs)))
    return ContinuousPitch(
        estimate.midi.numpy(), estimate.spread.numpy(), estimate.voicing.numpy(), model.grid
    )
