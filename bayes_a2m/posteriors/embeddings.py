"""Embeddings of frames: what a network's head reads, the space in which it tells classes apart."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from bayes_a2m.audio import windows
from bayes_a2m.datasets.recording import Recording
from bayes_a2m.posteriors.ensemble import DeepEnsemble
from bayes_a2m.posteriors.network_posterior import NetworkPosterior
from bayes_a2m.posteriors.posterior import Posterior

Array = NDArray[np.float32]


def embeddings(model: Posterior, recording: Recording) -> Array | None:
    """Embeddings of every frame, ``(frames, feature)``; None for models without a trunk.

    Members of an ensemble do not share their features, so those of its first member stand for it.
    A long recording is run in the windows that the model predicts in, and frames that two windows
    share are taken from the first.

    Raises
    ------
    InputError
        If the model is not fitted.
    """
    if isinstance(model, DeepEnsemble):
        return embeddings(model.members[0], recording) if model.members else None
    if not isinstance(model, NetworkPosterior):
        return None
    frontend = model.frontend
    features = frontend.normalizer(frontend.features(recording))
    length, overlap = frontend.window.frames(model.grid)
    pieces: list[Array] = []
    done = 0
    for start, end in windows.spans(features.shape[0], length, overlap):
        with torch.inference_mode():
            trunk = model.network.trunk(torch.from_numpy(features[start:end])[None])[0]
        pieces.append(trunk.float().numpy()[done - start :])
        done = end
    return np.concatenate(pieces)
