"""Linear prediction separates the vocal tract from the source, and finds the source's period.

The features of a frame are its level, the level of the residual that a linear predictor leaves, how
periodic that residual is and at what pitch, and the cepstrum of the predictor's filter
(:mod:`bayes_a2m.baselines.linear_prediction`). Silence is quiet, badly predicted and not periodic;
pitch is where the residual repeats. A logistic model makes probabilities of the features.
"""

from __future__ import annotations

import numpy as np
from pydantic import Field

from bayes_a2m.baselines import linear_prediction as lp
from bayes_a2m.baselines.baseline import Floats
from bayes_a2m.baselines.frame_features import FrameFeatureBaseline, FrameFeatureOptions
from bayes_a2m.baselines.frames import blocks
from bayes_a2m.baselines.pitch import (
    Octave,
    cents,
    closeness,
    search_range,
    sounding,
    window_for,
)
from bayes_a2m.datasets.recording import Recording

QUIETEST = 1e-9
"""The mean square that counts as silence, -90 dB of full scale."""


class LPC(FrameFeatureBaseline):
    """A logistic model of energy, prediction gain, periodicity of the residual and LPC cepstrum.

    Examples
    --------
    >>> LPC(order=12).options.octave
    'fold'
    """

    name = "lpc"

    class Options(FrameFeatureOptions):
        """Settings of the prediction."""

        order: int = Field(16, ge=1, le=100, description="coefficients of the predictor")
        window: int | None = Field(
            None, ge=64, description="samples; None: eight periods of the lowest pitch, or more"
        )
        preemphasis: float = Field(0.97, ge=0, lt=1, description="of the sample before")
        lowpass: float = Field(1000.0, gt=0, description="of the residual, Hz")
        cepstra: int = Field(12, ge=0, le=100, description="cepstral coefficients")
        width: float = Field(100.0, gt=0, description="cents from a pitch that still count")
        octave: Octave = Field("fold", description="whether octaves of a pitch are that pitch")

    def frame_features(self, recording: Recording) -> Floats:
        """The features of every frame, ``(frame, feature)``.

        They are, in this order: the level and the residual's level in dB, voicing, voicing near
        each pitch, the residual's correlation at each pitch's period, and the cepstrum.
        """
        options, grid = self.options, self.grid
        samples = recording.audio(grid.sample_rate).astype(np.float64)
        frames = grid.frames_of(len(samples))
        emphasised = samples.copy()
        emphasised[1:] -= options.preemphasis * samples[:-1]
        length = options.window or window_for(self.vocabulary, grid.sample_rate)
        window = np.hanning(length + 1)[:-1]
        pieces = [
            self._block(block * window, window)
            for block in blocks(emphasised, length, grid.hop, frames)
        ]
        return np.concatenate(pieces)

    def _block(self, frames: Floats, window: Floats) -> Floats:
        """The features of windowed frames ``(frame, sample)``."""
        options, rate, length = self.options, self.grid.sample_rate, frames.shape[1]
        order = min(options.order, length - 1)
        predictor, error = lp.coefficients(frames, order)
        energy = np.square(frames).sum(axis=1)
        lowest, highest = search_range(self.vocabulary, rate)
        # of lags past half a window only the tapered rim is left to compare
        longest = min(int(np.ceil(rate / lowest)), length // 2)
        shortest = max(int(rate / highest), 1)
        correlation = lp.residual_correlation(
            frames, predictor, window, longest + 1, lowpass=2 * options.lowpass / rate
        )
        periods = lp.pitch(correlation, shortest, longest)
        distance = cents(rate / periods.period, self.vocabulary, options.octave)
        near = closeness(distance, options.width)
        return np.column_stack(
            [
                10 * np.log10(energy / length + QUIETEST),
                10 * np.log10(error / length + QUIETEST),
                periods.height,
                periods.height[:, None] * near,
                self._heights(correlation),
                lp.cepstrum(predictor, options.cepstra),
            ]
        )

    def _heights(self, correlation: Floats) -> Floats:
        """The highest correlation within half a semitone of each pitch's period."""
        last = correlation.shape[1] - 1
        quarter_tone = 2.0 ** (0.5 / 12.0)
        heights = []
        for period in self.grid.sample_rate / sounding(self.vocabulary):
            first = min(int(period / quarter_tone), last)
            stop = min(int(np.ceil(period * quarter_tone)), last) + 1
            heights.append(correlation[:, first:stop].max(axis=1))
        return np.stack(heights, axis=1)
