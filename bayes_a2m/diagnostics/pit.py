"""Probability integral transforms: the rank of the reference among sampled transcriptions.

Frames calibrated one by one do not make a calibrated transcription: each frame's silence may be
right eight times in ten where its probability is 0.8, and all of a recording's still be right or
wrong together. So whole transcriptions are drawn (:mod:`bayes_a2m.decoding.sampling`), a statistic
is taken of each and of the reference, and the probability integral transform is where among them
the reference lies (Dawid 1984, "Present position and potential developments: some personal views.
Statistical theory: the prequential approach", JRSS A 147). If the reference is exchangeable with
the m samples, it is uniform. A U says that samples are too narrow, a hump that they are too wide, a
slope that they are biased.

Statistics of labels are counts, with ties, so the transform is randomised (Brockwell 2007,
"Universal residuals: a multivariate transformation", Statistics and Probability
Letters 77; Czado, Gneiting and Held 2009, "Predictive model assessment for count data",
Biometrics 65):

    u = (samples below the reference + V (samples equal to it + 1)) / (m + 1),   V uniform in 0..1

which is exactly uniform for any m: among equal values the reference's rank is uniform, and within
its rank so is V.

The samples carry both doubts, that in the model (another draw) and that in the data (another path
given the draw); the reference does, too. The notes that each draw decodes, its likeliest path,
lack the second: they agree on every frame where the draws do, sure or not, so their spread is too
small and references lie outside it, even where every distribution is true. That is why
:func:`bayes_a2m.diagnostics.predictive_checks`, which takes them, speaks of the model's
doubt alone, and nothing here is computed from them.

There is one value a recording, so no frames are counted as independent, and a plain
Kolmogorov-Smirnov test against the uniform is valid where recordings are independent (not where
several are cut from one take). One thing all recordings share, though: the model. Its one error
moves all values the same way, and each value is uniform only over models as well as over
recordings. An honest posterior with shared doubt is rejected too often: of 40 simulated recordings
p < 0.05 in 5 of 100 where no variance of the statistic is shared, in 29 where 8 % is, in 49 where
20 % is. A small p then says that these recordings are not spread as predicted for a typical
recording, and not that the posterior errs; the same holds of :meth:`PIT.shape`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, sqrt
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.sampling import generators_of, sample_paths
from bayes_a2m.errors import InputError
from bayes_a2m.metrics import inputs
from bayes_a2m.metrics.inputs import Floats, Ints
from bayes_a2m.music import FrameGrid
from bayes_a2m.prediction.posterior import FramePosterior

SHORTEST = 0.05
"""Seconds: shorter runs of a sounding class are no notes, in samples and in references."""

FEWEST = 8
"""Recordings below which a shape is not told from chance."""

_LEVEL = 0.05
"""Chance that :meth:`PIT.shape` sees a departure where there is none."""

STATISTICS = MappingProxyType(
    {
        "silence": ("less silence", "more silence"),
        "notes": ("fewer notes", "more notes"),
        "onset": ("earlier first notes", "later first notes"),
    }
)
"""Statistics of a recording, and what it has where its reference lies low and high: the share of
its frames that are silent; the number of its notes; the time of its first note."""


@dataclass(frozen=True, eq=False)
class PIT:
    """Probability integral transforms of one statistic.

    Attributes
    ----------
    statistic
        Its name, of :data:`STATISTICS` or another.
    values
        Transform of every recording, 0 to 1: the share of samples below the reference; ``(R,)``.
    ids
        The recordings.
    """

    statistic: str
    values: Floats
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        if self.values.shape != (len(self.ids),) or not self.ids:
            raise InputError(f"a PIT needs one value a recording, not {self.values.shape}")
        if not ((self.values >= 0) & (self.values <= 1)).all():
            raise InputError("the values of a PIT must lie in 0 to 1")

    def ks(self) -> tuple[float, float]:
        """Test uniformity: the Kolmogorov-Smirnov statistic and its p-value.

        The test is two-sided and exact for so few recordings, by scipy. See the module for when it
        is valid.
        """
        from scipy import stats

        test = stats.kstest(self.values, "uniform")
        return float(test.statistic), float(test.pvalue)

    def location(self) -> float:
        """Distance of the mean from 1/2, in standard errors ``1 / sqrt(12 R)`` of uniforms."""
        return float((self.values.mean() - 0.5) * sqrt(12 * self.values.size))

    def dispersion(self) -> float:
        """Distance of the spread from a uniform's, in standard errors; above 0 is too narrow.

        The spread is that of ``(u - 1/2)^2``, with mean 1/12 and variance 1/180. Where the mean is
        off, the spread about the mean is taken instead: then only a value above 0 says something,
        as a shift alone makes it smaller.
        """
        centre = 0.5
        if _tail(self.location()) < _LEVEL / 2:
            centre = float(self.values.mean())
        spread = np.square(self.values - centre).mean() - 1 / 12
        return float(spread * sqrt(180 * self.values.size))

    def shape(self) -> str:
        """Describe the histogram in one plain sentence.

        There are two tests, of location and of dispersion, each at 2.5 %, so that where nothing is
        wrong the sentence says so 95 times in 100.
        """
        count = self.values.size
        if count < FEWEST:
            plural = "recording is" if count == 1 else "recordings are"
            return f"{count} {plural} too few to tell (at least {FEWEST} are wanted)"
        shifted = _tail(self.location()) < _LEVEL / 2
        spread = self.dispersion()
        off = _tail(spread) < _LEVEL / 2
        if shifted:
            low, high = STATISTICS.get(self.statistic, ("lower values", "higher values"))
            words = f"biased: references have {high if self.location() > 0 else low} than predicted"
            return f"{words}, and samples are too narrow" if off and spread > 0 else words
        if off:
            wide = "too narrow (U): references lie outside the samples too often"
            narrow = "too wide (hump): references lie amid the samples too often"
            return wide if spread > 0 else narrow
        return f"no departure seen with {count} recordings"


def randomised_pit(samples: ArrayLike, reference: float, uniform: float) -> float:
    """Compute the transform of one recording; infinite values equal each other.

    Parameters
    ----------
    samples
        The statistic of every sample, ``(m,)``; there may be none.
    reference
        The statistic of the reference.
    uniform
        V of the module's formula, drawn from 0 to 1.

    Raises
    ------
    InputError
        If a value is no number.

    >>> randomised_pit([1, 2, 2, 5], 2, 0.5)  # 1 below, 2 equal: between 1/5 and 4/5
    0.5
    """
    array = np.asarray(samples, dtype=np.float64)
    if np.isnan(array).any() or np.isnan(reference):
        raise InputError("a statistic of a recording must be a number (inf where there is none)")
    below, equal = int((array < reference).sum()), int((array == reference).sum())
    return (below + uniform * (equal + 1)) / (array.size + 1)


def pits(
    posterior: FramePosterior,
    references: Sequence[ArrayLike],
    decoder: Decoder,
    generator: np.random.Generator,
    *,
    paths_per_draw: int = 1,
    shortest: float = SHORTEST,
) -> dict[str, PIT]:
    """Compute the transforms of every statistic of :data:`STATISTICS`.

    A transcription without a note has its first one at infinity, be it sample or reference, and
    two such are equal. To leave out the recordings whose reference has none would be to choose
    recordings by their references, and their transforms would not be uniform.

    Parameters
    ----------
    posterior
        Predictions of recordings with references; m is the number of draws times
        ``paths_per_draw``. Any m is exact; more show smaller departures.
    references
        Class of every frame, one array a recording.
    decoder
        Decoder that defines the distribution of paths.
    generator
        Source of the paths and of V; each recording's own are made from its id.
    paths_per_draw, shortest
        Number of paths of every draw; seconds below which a run is no note.

    Raises
    ------
    InputError
        If labels and recordings do not go together, or classes and decoder do not.
    """
    _, flat = inputs.frames(posterior, list(references))
    truth = np.split(flat, np.cumsum(posterior.lengths)[:-1])
    paths = sample_paths(posterior, decoder, generator, paths_per_draw=paths_per_draw)
    values: dict[str, list[float]] = {name: [] for name in STATISTICS}
    own = generators_of(posterior.ids, generator)
    for sampled, path, numbers in zip(paths, truth, own, strict=True):
        of_samples = statistics_of(sampled, posterior.grid, shortest=shortest)
        of_reference = statistics_of(path[None], posterior.grid, shortest=shortest)
        for name, into in values.items():
            reference = float(of_reference[name][0])
            into.append(randomised_pit(of_samples[name], reference, numbers.random()))
    return {
        name: PIT(name, np.array(transforms), posterior.ids) for name, transforms in values.items()
    }


def statistics_of(paths: Ints, grid: FrameGrid, *, shortest: float = SHORTEST) -> dict[str, Floats]:
    """Measure the silence, the notes and the first onset of every path.

    A note is a run of one sounding class of at least ``shortest`` seconds. Silence is counted in
    frames, whatever the runs.

    Parameters
    ----------
    paths
        Classes, shape ``(path, frame)``; 0 is silence.
    grid
        Times of the frames.
    shortest
        Seconds below which a run is no note.

    Returns
    -------
    dict
        Name to ``(path,)``: share 0 to 1; number; seconds, inf without a note.

    >>> paths = np.array([[0, 0, 1, 1, 2, 2, 2, 0], [0, 0, 0, 0, 0, 0, 0, 1]])
    >>> found = statistics_of(paths, FrameGrid(), shortest=0.012)
    >>> found["silence"], found["notes"], found["onset"]
    (array([0.375, 0.875]), array([2., 0.]), array([0.012, inf]))
    """
    if paths.ndim != 2 or not paths.shape[1]:
        raise InputError(f"paths must have shape (path, frame), not {paths.shape}")
    count, frames = paths.shape
    # a column that is no class parts the paths, so that all are one row of runs
    row = np.pad(paths, ((0, 0), (0, 1)), constant_values=-1).ravel()
    starts = np.flatnonzero(np.diff(row, prepend=-1) != 0)
    lengths = np.diff(starts, append=row.size)
    notes = (row[starts] > 0) & (lengths * grid.hop_seconds >= shortest - 1e-9)
    of_path, onset = np.divmod(starts[notes], frames + 1)
    first = np.full(count, np.inf)
    np.minimum.at(first, of_path, onset * grid.hop_seconds)
    return {
        "silence": (paths == 0).mean(axis=1),
        "notes": np.bincount(of_path, minlength=count).astype(np.float64),
        "onset": first,
    }


def _tail(deviation: float) -> float:
    """Two-sided tail of a standard normal."""
    return erfc(abs(deviation) / sqrt(2))
