"""pYIN with the probabilities of its candidates.

pYIN (Mauch and Dixon 2014, https://doi.org/10.1109/ICASSP.2014.6853678) gives several candidates
of a period a probability each, and then takes the one best path through them, which throws the
probabilities away. Here the same hidden Markov model (their section 2.2: pitches in
steps, each voiced or not) is asked for its posterior instead, by forward and backward recursion
(Rabiner 1989, "A tutorial on hidden Markov models", equations 19, 24 and 27). Every frame
then has a probability of there being a pitch, and of its lying at each pitch of the vocabulary;
a logistic model calibrates these into the probabilities of classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.frame_features import FrameFeatureBaseline, FrameFeatureOptions
from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.pitch import Octave, cents, search_range, window_for
from bayes_a2m.baselines.yin import Candidates, candidates, difference
from bayes_a2m.datasets.recording import Recording

THRESHOLDS = (0.05, 0.1, 0.15, 0.2)
"""Means of the threshold's prior that the tuning split chooses from; pYIN's own is 0.1."""

STEPS = 2
"""The pitches of the hidden Markov model per semitone."""

SWITCH = 0.01
"""The probability that voiced becomes unvoiced, or the reverse, from one frame to the next."""

FASTEST = 35.92
"""The octaves per second that pitch may move at most, as in pYIN."""

LEAST = 1e-3
"""The smallest probability that a logarithm is taken of."""


class PYIN(FrameFeatureBaseline):
    """A logistic model of the log-odds of there being a pitch and the log-probability of each.

    Examples
    --------
    >>> PYIN(smoothing=False).options.tolerance
    150.0
    """

    name = "pyin"
    tuned = ("threshold", *FrameFeatureBaseline.tuned)

    class Options(FrameFeatureOptions):
        """Settings of the candidates."""

        threshold: float | None = Field(
            None, gt=0, lt=0.5, description="mean of the prior of YIN's threshold"
        )
        window: int | None = Field(
            None, ge=64, description="samples; None: eight periods of the lowest pitch, or more"
        )
        smoothing: bool = Field(
            True, description="whether frames learn from those before and after them"
        )
        tolerance: float = Field(
            150.0, gt=0, description="cents from the nearest pitch that still count"
        )
        octave: Octave = Field("fold", description="whether octaves of a pitch are that pitch")

    def variants(self) -> Sequence[dict[str, float]]:
        """One variant for every mean of the threshold's prior."""
        given = self.options.threshold
        return [{"threshold": t} for t in (THRESHOLDS if given is None else (given,))]

    def frame_features(self, recording: Recording) -> Floats:
        """Log-odds of any pitch, and the log-probability of each: ``(frame, 1 + pitch)``."""
        mass = self.mass(recording)
        voiced = np.clip(mass[:, :1], LEAST, 1.0 - LEAST)
        return np.column_stack([np.log(voiced / (1.0 - voiced)), np.log(mass[:, 1:] + LEAST)])

    def mass(self, recording: Recording) -> Floats:
        """The probability of any pitch, and of each of the vocabulary's, ``(frame, 1 + pitch)``.

        A pitch has the probability of all frequencies which lie nearest to it and within the
        tolerance, by the octave rule; frequencies elsewhere are a pitch, but none of these.
        """
        samples = recording.audio(self.grid.sample_rate)
        frames = self.grid.frames_of(len(samples))
        period_candidates = self.candidates(recording)
        if self.options.smoothing:
            lowest, highest = search_range(self.vocabulary, self.grid.sample_rate)
            steps = int(np.ceil(12 * STEPS * np.log2(highest / lowest))) + 1
            hertz = lowest * 2.0 ** (np.arange(steps) / (12 * STEPS))
            return smoothed(
                period_candidates, frames, hertz, self._groups(hertz), self.grid.hop_seconds
            )
        groups = self._groups(period_candidates.hertz) * period_candidates.probability[:, None]
        mass = np.zeros((frames, groups.shape[1]))
        np.add.at(mass, period_candidates.frame, groups)
        return np.minimum(mass, 1.0)

    def candidates(self, recording: Recording) -> Candidates:
        """The candidates that pYIN has for every frame of a recording."""
        rate = self.grid.sample_rate
        samples = recording.audio(rate)
        length = self.options.window or window_for(self.vocabulary, rate)
        lowest, highest = search_range(self.vocabulary, rate)
        longest = min(int(np.ceil(rate / lowest)), length // 2)
        shortest = max(int(rate / highest), 1)
        threshold = self.setting("threshold")
        parts, done = [], 0
        for block in blocks(samples, length, self.grid.hop, self.grid.frames_of(len(samples))):
            block_candidates = candidates(difference(block, longest), threshold, shortest, rate)
            parts.append(
                (
                    block_candidates.frame + done,
                    block_candidates.hertz,
                    block_candidates.probability,
                )
            )
            done += len(block)
        frame, hertz, probability = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Candidates(frame, hertz, probability)

    def _groups(self, hertz: Floats) -> Floats:
        """What each frequency counts for: a pitch at all, and one of the vocabulary's; 0 or 1."""
        distance = np.abs(cents(hertz, self.vocabulary, self.options.octave))
        # of pitches an octave apart, which are equally near when folded, rounding must not decide
        nearest = distance <= distance.min(axis=1, keepdims=True) + 1e-6
        near = nearest & (distance <= self.options.tolerance)
        return np.column_stack([np.ones(len(hertz)), near])


def smoothed(found: Candidates, frames: int, hertz: Floats, groups: Floats, hop: float) -> Floats:
    """Posterior of pYIN's hidden Markov model, summed over groups of its pitches.

    Parameters
    ----------
    found
        The candidates of every frame.
    frames
        The number of frames.
    hertz
        The model's pitches, ascending in equal steps of log-frequency, ``(step,)``.
    groups
        The share of each pitch in each group, ``(step, group)``.
    hop
        The seconds from one frame to the next.

    Returns
    -------
    ndarray, shape (frame, group)
        The posterior probability of each group, from 0 to 1; unvoiced states belong to none.
    """
    steps = len(hertz)
    octaves = np.log2(hertz[1] / hertz[0])
    step = np.round(np.log2(found.hertz / hertz[0]) / octaves).astype(np.int64)
    inside = (step >= 0) & (step < steps)
    voiced_likelihood = np.zeros((frames, steps))
    np.add.at(voiced_likelihood, (found.frame[inside], step[inside]), found.probability[inside])
    # a voiced state at least a little, or one missing candidate would break every path
    voiced = np.minimum(voiced_likelihood.sum(axis=1, keepdims=True), 1.0)
    voiced_likelihood += LEAST / steps
    unvoiced_likelihood = (1.0 - voiced + LEAST) / steps
    # pYIN's triangle: how far pitch may move in a frame, and a step at the least
    reach = max(FASTEST * hop / octaves, 1.0) + 1.0
    apart = np.abs(np.arange(steps)[:, None] - np.arange(steps))
    move = np.maximum(1.0 - apart / reach, 0.0)
    move /= move.sum(axis=1, keepdims=True)
    stay = np.kron(np.array([[1 - SWITCH, SWITCH], [SWITCH, 1 - SWITCH]]), move)
    forward = np.empty((frames, 2 * steps), dtype=np.float32)
    state = np.full(2 * steps, 0.5 / steps)
    for i in range(frames):
        state = state @ stay if i else state
        state[:steps] *= voiced_likelihood[i]
        state[steps:] *= unvoiced_likelihood[i]
        state /= state.sum()  # scaled in every frame, as a product of so many would be zero
        forward[i] = state
    mass = np.empty((frames, groups.shape[1]))
    backward, back = np.ones(2 * steps), np.ascontiguousarray(stay.T)
    for i in range(frames - 1, -1, -1):
        both = forward[i] * backward
        mass[i] = both[:steps] @ groups / both.sum()
        backward[:steps] *= voiced_likelihood[i]
        backward[steps:] *= unvoiced_likelihood[i]
        backward = backward @ back
        backward /= backward.sum()
    return np.clip(mass, 0.0, 1.0)
