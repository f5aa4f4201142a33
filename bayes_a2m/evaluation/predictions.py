"""Predictions of all recordings in one file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayes_a2m.prediction.netcdf_files import write_netcdf

if TYPE_CHECKING:
    import xarray


def write_predictions(path: Path, kept: Sequence[xarray.Dataset]) -> None:
    """Write what chunks of recordings were predicted, the shorter ones padded."""
    import xarray

    longest = max(d.sizes["frame"] for d in kept)
    classes = kept[0].sizes["class"]
    fill = {"label": -1, "time": np.nan, "log_probs": -np.log(classes)}
    widened = [d.pad(frame=(0, longest - d.sizes["frame"]), constant_values=fill) for d in kept]
    whole = xarray.concat(
        [d.drop_vars("time") for d in widened], dim="recording", combine_attrs="override"
    )
    times = next(d["time"] for d in kept if d.sizes["frame"] == longest)
    write_netcdf(path, whole.assign_coords(time=times))
