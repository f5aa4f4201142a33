"""basic-pitch gives a posteriorgram of notes, by its own ONNX model.

Bittner et al. 2022, "A lightweight instrument-agnostic model for polyphonic note transcription and
multipitch estimation" (https://arxiv.org/abs/2203.09893). Its package asks for TensorFlow, of which
none is needed here: only the weights it brings are used. The model takes windows of about two
seconds, here overlapping by 30 frames as in the package, of which the outer halves are dropped.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.onnx import session
from bayes_a2m.baselines.tracker import PitchActivations, Tracker, package_file

INSTALL = "pip install 'bayes_a2m[peers]' && pip install --no-deps basic-pitch"

HOP = 256
"""The samples from frame to frame."""

WINDOW = 43844
"""The samples that the model takes at once."""

FRAMES = 172
"""The frames that the model answers with."""

MARGIN = 15
"""The frames dropped on each side of a window."""

NOTES: Floats = 440.0 * 2.0 ** ((np.arange(21, 109) - 69) / 12)
"""The frequencies of the piano's 88 keys, Hz."""


class BasicPitch(Tracker):
    """basic-pitch's note posteriorgram, made into probabilities of classes.

    Raises
    ------
    InputError
        If basic-pitch or onnxruntime is not installed.
    """

    name = "basic_pitch"
    rate = 22050

    @cached_property
    def backend(self) -> Any:
        """The ONNX session of the model."""
        file = package_file("basic_pitch", "saved_models/icassp_2022/nmp.onnx", INSTALL)
        return session(file, INSTALL)

    def track(self, samples: Floats) -> PitchActivations:
        """The activations of all 88 notes, with basic-pitch's frames of 256 samples.

        Frames are put where their samples are; the package counts on as if windows were whole
        numbers of frames, and mends the drift with a constant.
        """
        step = WINDOW - 2 * MARGIN * HOP
        starts = np.arange(-MARGIN * HOP, max(len(samples), 1), step)
        padded = np.pad(samples, (MARGIN * HOP, WINDOW))
        windows = [padded[start + MARGIN * HOP :][:WINDOW] for start in starts]
        (name,) = (given.name for given in self.backend.get_inputs())
        # outputs by what they hold: contours of 264 bins, and onsets and notes of 88
        wanted = "StatefulPartitionedCall:1"
        outputs = [
            self.backend.run([wanted], {name: window.astype(np.float32)[None, :, None]})[0][0]
            for window in windows
        ]
        inner = np.arange(MARGIN, FRAMES - MARGIN)
        seconds = np.concatenate([(start + inner * HOP) / self.rate for start in starts])
        strength = np.concatenate([output[inner] for output in outputs]).astype(np.float64)
        return PitchActivations(seconds, NOTES[None, :], strength)
