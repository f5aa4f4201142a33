"""Networks that were exported as ONNX, run by onnxruntime."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files.arrays import read_arrays
from bayes_a2m.files.reading import ensure_regular, reading
from bayes_a2m.runtime.directory import DRAWS, HEAD, MEND, NETWORK, TRUNK, ExportedModel

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

Array = NDArray[np.float32]

CLASSES = "log_probs"
"""Output: log-probabilities of the classes, ``(batch, frame, class)``."""

ONSETS = "onset_log_probs"
"""Output: log-probability that a note starts, ``(batch, frame)``."""

PITCH = "pitch_log_probs"
"""Output: log-probabilities of no voice and of every bin of the pitch, ``(batch, frame, bin)``."""

FEATURES = "features"
"""Input: normalised features, ``(batch, frame, bin)``."""

FRAMES = "trunk"
"""Output of the trunk, and input of the head, ``(batch, frame, feature)``."""


def make_session(path: Path) -> InferenceSession:
    """Open the file of a network, to run on as many threads as ``OMP_NUM_THREADS`` says.

    Raises
    ------
    InputError
        If onnxruntime is not installed, or the file is no network.
    """
    ensure_regular(path, "a network")
    with reading(path, "a network", MEND):
        return open_session(str(path), str(path))


def open_session(network: str | bytes, name: str) -> InferenceSession:
    """Open a network, given as the path of its file or as its content.

    Parameters
    ----------
    network
        The path, or the content.
    name
        What errors call it.

    Raises
    ------
    InputError
        If onnxruntime is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise InputError(
            f"{name}: needs onnxruntime; pip install onnxruntime (requirements-onnx.txt names "
            "all that a transcription without torch needs)"
        ) from None

    options = onnxruntime.SessionOptions()
    threads = os.environ.get("OMP_NUM_THREADS", "")
    options.intra_op_num_threads = int(threads) if threads.isdecimal() else 0
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])


class ExportedNetwork(ABC):
    """A network and its draws.

    Attributes
    ----------
    onsets
        Whether it has an output of onsets.
    """

    onsets: bool

    @abstractmethod
    def log_probs(self, features: Array, draws: int) -> Array:
        """Log-probabilities of one window.

        Parameters
        ----------
        features
            Normalised, ``(frame, bin)``.
        draws
            Draws over all chains; there are no more than those that were stored.

        Returns
        -------
        ndarray, shape (chain, draw, frame, class)
            With one column more, that a note starts, where there is an output of onsets.
        """

    @property
    def _outputs(self) -> list[str]:
        return [CLASSES, ONSETS] if self.onsets else [CLASSES]


class PointNetwork(ExportedNetwork):
    """One network, one draw."""

    def __init__(self, session: InferenceSession, *, onsets: bool) -> None:
        self.session, self.onsets = session, onsets

    def log_probs(self, features: Array, draws: int) -> Array:
        """Log-probabilities ``(1, 1, frame, class)``, however many draws are asked for."""
        return _joined(self.session.run(self._outputs, {FEATURES: features[None]}))[None]


class LastLayerNetwork(ExportedNetwork):
    """A trunk that runs once, and a last layer that runs for every draw of its weights.

    Parameters
    ----------
    trunk, head
        The two parts of the network.
    weights
        The draws, each array ``(chain, draw, ...)``, by the head's name for it.
    """

    def __init__(
        self,
        trunk: InferenceSession,
        head: InferenceSession,
        weights: Mapping[str, Array],
        *,
        onsets: bool,
    ) -> None:
        self.trunk, self.head, self.weights, self.onsets = trunk, head, weights, onsets

    def log_probs(self, features: Array, draws: int) -> Array:
        """Log-probabilities ``(chain, draw, frame, class)``; one pass of the trunk for all."""
        frames = self.trunk.run([FRAMES], {FEATURES: features[None]})[0]
        chains, stored = next(iter(self.weights.values())).shape[:2]
        count = min(stored, max(1, draws // chains))
        answers = [
            _joined(
                self.head.run(
                    self._outputs,
                    {FRAMES: frames, **{n: w[chain, draw] for n, w in self.weights.items()}},
                )
            )[0]
            for chain in range(chains)
            for draw in range(count)
        ]
        return np.stack(answers).reshape(chains, count, *answers[0].shape)


def _joined(outputs: Sequence[Any]) -> Array:
    """Classes, and onsets as one more column where there are, ``(batch, frame, class)``."""
    if len(outputs) == 1:
        classes: Array = outputs[0]
        return classes
    return np.concatenate([outputs[0], outputs[1][..., None]], axis=-1)


def open_network(model: ExportedModel) -> ExportedNetwork:
    """Open the networks of an exported model.

    Raises
    ------
    InputError
        If a file cannot be read, or onnxruntime is not installed.
    """
    onsets = model.settings.onsets
    if (model.path / NETWORK).exists():
        return PointNetwork(make_session(model.path / NETWORK), onsets=onsets)
    arrays = read_arrays(model.path / DRAWS, "the draws of an exported model")
    trunk, head = (make_session(model.path / name) for name in (TRUNK, HEAD))
    return LastLayerNetwork(trunk, head, arrays, onsets=onsets)
