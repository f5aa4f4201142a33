"""Change of the spectrum, which tells a note that is repeated on one pitch from a long one.

A voice that starts the same pitch anew stops for a moment, or sings a consonant: for some frames
the shape of its spectrum is another one, though the pitch and often the level are not.
"""

from __future__ import annotations

import torch
from torch import Tensor


def spectral_change(features: Tensor, lengths: Tensor, reach: int) -> Tensor:
    """Compute what changes around every frame, a spectrum of differences.

    The spectrum ``reach`` frames later less that ``reach`` frames earlier, each less its mean over
    bins, so that a change of level alone gives nothing. Past the ends the first and the last frame
    stand in.

    Parameters
    ----------
    features
        Normalised decibels, shape ``(batch, frame, bin)``.
    lengths
        Number of real frames, shape ``(batch,)``.
    reach
        Frames on either side.

    >>> louder = torch.tensor([[[0.0, 1.0], [5.0, 6.0], [6.0, 5.0]]])
    >>> spectral_change(louder, torch.tensor([3]), 1)[0].tolist()
    [[0.0, 0.0], [1.0, -1.0], [1.0, -1.0]]
    """
    centred = features - features.mean(dim=-1, keepdim=True)
    time = torch.arange(features.shape[1], device=features.device)
    later = torch.minimum(time + reach, lengths[:, None] - 1)
    earlier = (time - reach).clamp_min(0).expand_as(later).minimum(later)
    items = torch.arange(features.shape[0], device=features.device)[:, None]
    return centred[items, later] - centred[items, earlier]
