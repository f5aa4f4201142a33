"""Posterior predictive of the class of every frame, the type that every model returns.

Whatever turns sound into probabilities returns a :class:`FramePosterior`; calibration,
decoding and reports read one and know nothing else of the model.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files import reading
from bayes_a2m.files.formats import KEY
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.notebook import Shown
from bayes_a2m.prediction.netcdf import FORMAT, arranged, onset_mean_of
from bayes_a2m.prediction.netcdf_files import WHAT, read_netcdf, write_netcdf

if TYPE_CHECKING:
    import arviz
    import xarray

SMALLEST = 1e-12
"""Probabilities are kept at or above this: a logarithm needs it, and no model knows more."""

Array = NDArray[np.float32]

Real = TypeVar("Real", np.float32, np.float64)


class FramePredictive(Shown, ABC):
    """Posterior predictive, whose draws may be kept or only summed.

    Uncertainty is split twice over, and both splits are exact. In nats: entropy is expected entropy
    plus mutual information (Houlsby et al. 2011, https://arxiv.org/abs/1112.5745, equation 2).
    In variance of the indicator "this frame is of this class": ``p (1 - p)`` is the mean of
    ``p_d (1 - p_d)`` over draws plus the variance of ``p_d`` (the law of total variance). The
    first part is aleatoric (from the data), the second epistemic (from the model).

    Attributes
    ----------
    lengths
        Number of frames of every recording, shape ``(recording,)``; what lies past them is
        padding.
    ids
        Names of the recordings.
    vocabulary, grid
        Meaning of the classes, and times of the frames.
    """

    lengths: NDArray[np.int64]
    ids: tuple[str, ...]
    vocabulary: Vocabulary
    grid: FrameGrid

    @property
    @abstractmethod
    def draws(self) -> int:
        """Number of draws over all chains."""

    @abstractmethod
    def mean(self) -> Array:
        """Posterior predictive probability, shape ``(recording, frame, class)``."""

    @abstractmethod
    def variance(self) -> Array:
        """Variance of each class's probability over draws (epistemic); shape as the mean."""

    @abstractmethod
    def expected_variance(self) -> Array:
        """Mean over draws of ``p_d (1 - p_d)`` (aleatoric); shape as the mean."""

    @abstractmethod
    def expected_entropy(self) -> Array:
        """Mean entropy of a draw in nats, ``(recording, frame)`` (aleatoric)."""

    @abstractmethod
    def onset_mean(self) -> Array | None:
        """Probability that a note starts at each frame, mean over draws, ``(recording, frame)``.

        None of a model that says nothing of onsets.
        """

    def __len__(self) -> int:
        """Number of recordings."""
        return len(self.ids)

    def _shown(self) -> Mapping[str, object]:
        return {
            "recordings": len(self),
            "draws": self.draws,
            "frames": int(self.lengths.sum()),
            "seconds": f"{sum(self.grid.seconds(int(n)) for n in self.lengths):.1f}",
            "classes": " ".join(self.vocabulary.names),
        }

    def total_variance(self) -> Array:
        """Total variance ``p (1 - p)`` of each class, expected variance plus variance."""
        total: Array = self.mean() * (1 - self.mean())
        return total

    def entropy(self) -> Array:
        """Entropy of the posterior predictive in nats, ``(recording, frame)`` (total)."""
        return entropy_of(self.mean())

    def mutual_information(self) -> Array:
        """Mutual information of class and draw in nats, ``(recording, frame)`` (epistemic).

        It is the entropy less the expected entropy (Houlsby et al. 2011, equation 2), never
        negative, and zero for a single draw.
        """
        information: Array = np.maximum(self.entropy() - self.expected_entropy(), 0)
        return information

    def confidence(self) -> Array:
        """Probability of the likeliest class, ``(recording, frame)``."""
        confidence: Array = self.mean().max(axis=-1)
        return confidence

    def margin(self) -> Array:
        """Probability of the likeliest class less that of the next, ``(recording, frame)``."""
        top = np.partition(self.mean(), -2, axis=-1)
        margin: Array = top[..., -1] - top[..., -2]
        return margin

    def of(self, recording: int) -> Array:
        """Posterior predictive of one recording, ``(frames, class)``, without padding."""
        return self.mean()[recording, : self.lengths[recording]]

    def inside(self) -> NDArray[np.bool_]:
        """Mask of the real frames, ``(recording, frame)``; the others are padding."""
        return np.arange(self.mean().shape[1]) < self.lengths[:, None]

    def to_xarray(self, labels: Sequence[NDArray[np.int64]] | None = None) -> xarray.Dataset:
        """Convert to the dataset that ``predictions.nc`` holds.

        Vocabulary and grid are attributes; ``label`` is -1 where there is no frame or no
        reference.

        Parameters
        ----------
        labels
            Class of every frame, one array a recording.
        """
        import xarray

        frames = self.mean().shape[1]
        label = np.full((len(self), frames), -1, dtype=np.int16)
        for i, array in enumerate(labels or []):
            label[i, : len(array)] = array
        axes = ("recording", "frame", "class")
        onsets = self.onset_mean()
        said = {} if onsets is None else {"onset_probability": (axes[:2], onsets)}
        return xarray.Dataset(
            {
                "probability": (axes, self.mean()),
                "variance": (axes, self.variance()),
                "entropy": (axes[:2], self.entropy()),
                "mutual_information": (axes[:2], self.mutual_information()),
                "label": (axes[:2], label),
                "length": (axes[:1], self.lengths),
                **said,
            },
            coords={
                "recording": list(self.ids),
                "class": list(self.vocabulary.names),
                "time": ("frame", self.grid.times(frames), {"units": "s"}),
            },
            attrs=self._attributes,
        )

    @property
    def _attributes(self) -> dict[str, object]:
        return {
            KEY: FORMAT,
            "pitches": list(self.vocabulary.pitches),
            "sounding_offset": self.vocabulary.sounding_offset,
            "middle_c": self.vocabulary.middle_c,
            "sample_rate": self.grid.sample_rate,
            "hop": self.grid.hop,
            "draws": self.draws,
        }


@dataclass(frozen=True, eq=False, repr=False)
class FramePosterior(FramePredictive):
    """Draws from the posterior predictive of the class of every frame.

    Attributes
    ----------
    log_probs
        Log-probabilities, shape ``(chain, draw, recording, frame, class)``. Chains are ensemble
        members or MCMC chains, draws the draws within one; a draw is one state of belief, the same
        for every frame and recording.
    lengths
        Number of frames of every recording, shape ``(recording,)``; what lies past them is
        padding.
    ids
        Names of the recordings.
    vocabulary, grid
        Meaning of the classes, and times of the frames.
    onset_log_probs
        Log-probability that a note starts at each frame, whatever its pitch, shape ``(chain, draw,
        recording, frame)``; None of a model that says nothing of onsets.
    """

    log_probs: Array = field(repr=False)
    lengths: NDArray[np.int64]
    ids: tuple[str, ...]
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    grid: FrameGrid = field(default_factory=FrameGrid)
    onset_log_probs: Array | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_probs", np.asarray(self.log_probs, dtype=np.float32))
        object.__setattr__(self, "lengths", np.asarray(self.lengths, dtype=np.int64))
        object.__setattr__(self, "ids", tuple(self.ids))
        if self.log_probs.ndim != 5:
            raise InputError(
                "log_probs must be (chain, draw, recording, frame, class), "
                f"not of shape {self.log_probs.shape}"
            )
        _, _, recordings, frames, classes = self.log_probs.shape
        if classes != len(self.vocabulary):
            raise InputError(
                f"{classes} classes do not fit the vocabulary {', '.join(self.vocabulary.names)}"
            )
        if not recordings == len(self.ids) == len(self.lengths):
            raise InputError(
                f"{recordings} recordings, but {len(self.ids)} ids and {len(self.lengths)} lengths"
            )
        if recordings and not (self.lengths.min() >= 1 and self.lengths.max() <= frames):
            raise InputError(f"lengths must lie between 1 and {frames} frames")
        if self.onset_log_probs is not None:
            onsets = np.asarray(self.onset_log_probs, dtype=np.float32)
            object.__setattr__(self, "onset_log_probs", onsets)
            if onsets.shape != self.log_probs.shape[:4]:
                raise InputError(
                    f"onset_log_probs must be (chain, draw, recording, frame), here "
                    f"{self.log_probs.shape[:4]}, not of shape {onsets.shape}"
                )

    def alone(self, recording: int) -> FramePosterior:
        """The posterior of one recording alone, with all its draws and without padding."""
        return self.select([recording])

    def select(self, recordings: Sequence[int]) -> FramePosterior:
        """Some recordings with all that is said of them, in the order given.

        Padding is cut to the longest of them.
        """
        chosen = list(recordings)
        longest = int(self.lengths[chosen].max(initial=1))
        onsets = self.onset_log_probs
        return FramePosterior(
            self.log_probs[:, :, chosen, :longest],
            self.lengths[chosen],
            tuple(self.ids[i] for i in chosen),
            self.vocabulary,
            self.grid,
            None if onsets is None else onsets[:, :, chosen, :longest],
        )

    @classmethod
    def from_probs(
        cls,
        probs: Sequence[ArrayLike] | NDArray[np.floating],
        *,
        ids: Sequence[str] | None = None,
        vocabulary: Vocabulary | None = None,
        grid: FrameGrid | None = None,
        onsets: Sequence[ArrayLike] | None = None,
    ) -> FramePosterior:
        """Wrap any model's probabilities.

        Parameters
        ----------
        probs
            One array a recording, of any lengths: ``(frame, class)``, or ``(draw, frame, class)``
            where the model draws, with as many draws for each.
        ids
            Names of the recordings; their numbers where left out.
        vocabulary, grid
            Meaning of the classes and times of the frames; the defaults where left out.
        onsets
            Probability that a note starts at each frame, one array ``(frame,)`` a recording;
            None where the model says nothing of onsets.

        Raises
        ------
        InputError
            If a frame's probabilities are negative or do not sum to one within 1e-3, if they
            do not fit the vocabulary, if there are not as many ids as recordings, or if onsets
            do not fit the frames or lie outside 0 to 1.

        >>> probs = [[0.5, 0.5], [0.0, 1.0]]
        >>> post = FramePosterior.from_probs([probs], vocabulary=Vocabulary((60,)))
        >>> post.mean().round(3).tolist()
        [[[0.5, 0.5], [0.0, 1.0]]]
        """
        if isinstance(probs, np.ndarray) and probs.ndim == 2:
            raise InputError(f"one recording of shape {probs.shape}: give a list, [probs]")
        arrays = [np.asarray(p, dtype=np.float32) for p in probs]
        arrays = [a[None] if a.ndim == 2 else a for a in arrays]
        names = tuple(ids) if ids is not None else tuple(str(i) for i in range(len(arrays)))
        vocabulary = vocabulary or Vocabulary()
        if not arrays:
            raise InputError("no recording: give one array of probabilities for each")
        if len(names) != len(arrays):
            raise InputError(f"{len(arrays)} recordings, but {len(names)} ids")
        for name, array in zip(names, arrays, strict=True):
            if array.ndim != 3 or not array.size:
                raise InputError(
                    f"recording {name}: probabilities must be (frame, class) or "
                    f"(draw, frame, class), not of shape {array.shape}"
                )
            if array.shape[0] != arrays[0].shape[0]:
                raise InputError(
                    f"recording {name}: {array.shape[0]} draws, but {arrays[0].shape[0]} in "
                    f"recording {names[0]}"
                )
            if array.shape[2] != len(vocabulary):
                raise InputError(
                    f"recording {name}: {array.shape[2]} classes do not fit the vocabulary "
                    f"{', '.join(vocabulary.names)}"
                )
            total = array.sum(axis=2)
            if not np.isfinite(array).all() or array.min() < 0 or abs(total - 1).max() > 1e-3:
                raise InputError(f"recording {name}: probabilities must sum to one in every frame")
        starts = None
        if onsets is not None:
            given = [np.asarray(one, dtype=np.float32) for one in onsets]
            if [one.shape for one in given] != [array.shape[1:2] for array in arrays]:
                raise InputError("onsets must be one array (frame,) a recording, as long as it")
            for name, one in zip(names, given, strict=True):
                if not (np.isfinite(one).all() and one.min() >= 0 and one.max() <= 1):
                    raise InputError(f"recording {name}: onset probabilities must lie in 0 to 1")
            logs = [np.log(np.maximum(one, SMALLEST)) for one in given]
            draws = arrays[0].shape[0]
            starts = [np.broadcast_to(one, (1, draws, one.size)) for one in logs]
        log_probs = [np.log(np.maximum(a, SMALLEST))[None] for a in arrays]
        return cls.of_recordings(log_probs, names, vocabulary, grid or FrameGrid(), onsets=starts)

    @classmethod
    def of_recordings(
        cls,
        log_probs: Sequence[Array],
        ids: Sequence[str],
        vocabulary: Vocabulary,
        grid: FrameGrid,
        *,
        onsets: Sequence[Array] | None = None,
    ) -> FramePosterior:
        """Put recordings together, padded to the longest.

        Parameters
        ----------
        log_probs
            Each ``(chain, draw, frame, class)``.
        ids, vocabulary, grid
            Those of the posterior.
        onsets
            Log-probabilities of an onset, each ``(chain, draw, frame)``; None where not known.
        """
        lengths = np.array([a.shape[2] for a in log_probs], dtype=np.int64)
        chains, draws, _, classes = log_probs[0].shape
        shape = (chains, draws, len(log_probs), int(lengths.max()), classes)
        padded = np.full(shape, -np.log(classes), dtype=np.float32)
        for i, array in enumerate(log_probs):
            padded[:, :, i, : array.shape[2]] = array
        starts = None
        if onsets is not None:
            starts = np.full(shape[:4], np.log(SMALLEST), dtype=np.float32)
            for i, array in enumerate(onsets):
                starts[:, :, i, : array.shape[2]] = array
        return cls(padded, lengths, tuple(ids), vocabulary, grid, starts)

    @property
    def draws(self) -> int:
        """Number of draws over all chains."""
        chains, draws = self.log_probs.shape[:2]
        return int(chains * draws)

    @cached_property
    def _mean(self) -> Array:
        # one draw is the usual case: no copy of what exp already made
        probs = np.exp(self.log_probs)
        mean: Array = probs[0, 0] if self.draws == 1 else probs.mean(axis=(0, 1))
        return mean

    def mean(self) -> Array:
        """Posterior predictive probability, shape ``(recording, frame, class)``."""
        return self._mean

    def variance(self) -> Array:
        """Variance of each class's probability over draws, ``(recording, frame, class)``."""
        variance: Array = np.exp(self.log_probs).var(axis=(0, 1))
        return variance

    def expected_variance(self) -> Array:
        """Mean over draws of ``p_d (1 - p_d)``, ``(recording, frame, class)`` (aleatoric)."""
        probs = np.exp(self.log_probs)
        expected: Array = (probs * (1 - probs)).mean(axis=(0, 1))
        return expected

    def expected_entropy(self) -> Array:
        """Mean entropy of a draw in nats, ``(recording, frame)`` (aleatoric)."""
        expected: Array = entropy_of(np.exp(self.log_probs)).mean(axis=(0, 1))
        return expected

    def onset_mean(self) -> Array | None:
        """Probability that a note starts at each frame, mean over draws, ``(recording, frame)``."""
        if self.onset_log_probs is None:
            return None
        mean: Array = np.exp(self.onset_log_probs).mean(axis=(0, 1))
        return mean

    def to_inference_data(self) -> arviz.InferenceData:
        """Convert to ``InferenceData``, with all draws and named dimensions, for ArviZ 0.x.

        The groups are those of :meth:`to_datatree`, which is for ArviZ 1: it has no
        ``InferenceData`` any more.

        Raises
        ------
        InputError
            If ArviZ has no ``InferenceData``.
        """
        import arviz

        if int(arviz.__version__.partition(".")[0]) >= 1:
            raise InputError(
                f"ArviZ {arviz.__version__} has no InferenceData; to_datatree() has the same groups"
            )
        groups: Any = self._groups()  # each is a keyword
        return arviz.InferenceData(**groups)

    def to_datatree(self) -> xarray.DataTree:
        """Convert to a ``DataTree``, with all draws and named dimensions; xarray does it alone.

        The group ``posterior`` has ``log_probs (chain, draw, recording, frame, class)``, which
        is a function of the weights and no sampled label; ``constant_data`` has ``length``.
        Vocabulary and grid are attributes of both. Padding is left in: leave frames past
        ``length`` out of R-hat and ESS, as :mod:`bayes_a2m.diagnostics` does.

        Examples
        --------
        >>> post = FramePosterior.from_probs([[[0.1, 0.2, 0.3, 0.4]]])
        >>> dict(post.to_datatree()["posterior"]["log_probs"].sizes)
        {'chain': 1, 'draw': 1, 'recording': 1, 'frame': 1, 'class': 4}
        """
        import xarray

        return xarray.DataTree.from_dict(self._groups())

    @classmethod
    def from_inference_data(cls, data: arviz.InferenceData | xarray.DataTree) -> FramePosterior:
        """Take back what :meth:`to_inference_data` or :meth:`to_datatree` gave, also from a file.

        ``log_probs`` may stand in the group ``posterior_predictive`` instead.

        Raises
        ------
        InputError
            If the draws, the lengths or the attributes are missing.
        """
        groups = _groups_of(data)
        for group in ("posterior", "posterior_predictive"):
            if "log_probs" in groups.get(group, ()):
                draws = groups[group]
                break
        else:
            raise InputError(
                f"this {type(data).__name__} holds no log_probs in posterior or "
                "posterior_predictive; to_inference_data and to_datatree make one that does"
            )
        if "constant_data" in groups:
            draws = draws.assign(groups["constant_data"].data_vars)
        if "length" not in draws:  # without it padding would be taken for frames
            raise InputError(f"the {type(data).__name__}: the predictions lack something: length")
        return cls._of_xarray(draws, f"the {type(data).__name__}")

    def _groups(self) -> dict[str, xarray.Dataset]:
        """What ArviZ's schema calls the parts."""
        import xarray

        whole = self._draws_as_xarray()
        recordings = xarray.Dataset({"length": whole["length"]}, attrs=whole.attrs)
        return {"posterior": whole.drop_vars("length"), "constant_data": recordings}

    def _draws_as_xarray(self) -> xarray.Dataset:
        import xarray

        chains, draws = self.log_probs.shape[:2]
        axes = ("chain", "draw", "recording", "frame", "class")
        arrays = {"log_probs": (axes, self.log_probs), "length": ("recording", self.lengths)}
        if self.onset_log_probs is not None:
            arrays["onset_log_probs"] = (axes[:4], self.onset_log_probs)
        return xarray.Dataset(
            arrays,
            coords={
                "chain": np.arange(chains),
                "draw": np.arange(draws),
                "recording": list(self.ids),
                "frame": np.arange(self.log_probs.shape[3]),
                "class": list(self.vocabulary.names),
            },
            attrs=self._attributes,
        )

    def save(self, path: str | Path) -> None:
        """Write all draws as NetCDF, atomically."""
        write_netcdf(Path(path), self._draws_as_xarray())

    def to_xarray(
        self, labels: Sequence[NDArray[np.int64]] | None = None, *, draws_too: bool = False
    ) -> xarray.Dataset:
        """Convert to the dataset that ``predictions.nc`` holds, with all draws where asked.

        Parameters
        ----------
        labels
            Class of every frame, one array a recording.
        draws_too
            Whether to add ``log_probs (chain, draw, recording, frame, class)``.
        """
        summary = super().to_xarray(labels)
        if draws_too:
            axes = ("chain", "draw", "recording", "frame", "class")
            summary = summary.assign(log_probs=(axes, self.log_probs))
            if self.onset_log_probs is not None:
                summary = summary.assign(onset_log_probs=(axes[:4], self.onset_log_probs))
        return summary

    @classmethod
    def load(cls, path: str | Path) -> FramePosterior:
        """Read what :meth:`save` wrote, or a ``predictions.nc``.

        The latter has one draw, the mean, unless it was written with all of them.

        Raises
        ------
        InputError
            If the file is missing or is no such file.
        """
        data = read_netcdf(Path(path))
        with reading(Path(path), WHAT, "write it again"):
            return cls._of_xarray(data, str(path))

    @classmethod
    def _of_xarray(cls, data: xarray.Dataset, source: str) -> FramePosterior:
        data, facts = arranged(data, source)
        if "log_probs" in data:
            log_probs = np.maximum(data["log_probs"].values, np.log(SMALLEST))
        else:
            log_probs = np.log(np.maximum(data["probability"].values, SMALLEST))[None, None]
        onsets = None
        if "onset_log_probs" in data:
            onsets = data["onset_log_probs"].transpose("chain", "draw", "recording", "frame").values
        elif "log_probs" not in data and (mean := onset_mean_of(data, source)) is not None:
            onsets = np.log(np.maximum(mean, SMALLEST))[None, None]
        return cls(log_probs, facts.lengths, facts.ids, facts.vocabulary, facts.grid, onsets)


def _groups_of(data: arviz.InferenceData | xarray.DataTree) -> dict[str, xarray.Dataset]:
    """Groups by name, of either container."""
    import xarray

    if isinstance(data, xarray.DataTree):
        return {str(name): node.to_dataset() for name, node in data.children.items()}
    return {name: data[name] for name in data.groups()}


def entropy_of(probs: NDArray[Real]) -> NDArray[Real]:
    """Compute the entropy over the last axis, in nats."""
    entropy: NDArray[Real] = -(probs * np.log(np.maximum(probs, SMALLEST))).sum(axis=-1)
    return entropy
