"""Files of predictions, read by the names of their axes.

A file of predictions is an xarray dataset (NetCDF 4, or 3). Whoever wrote it, axes are found by
their names, in any order; classes by the names of their coordinate, as pandas sorts them, too;
frames by their numbers. What is missing but can be told from the rest is: lengths from the frames
that are NaN, pitches from the names of the classes. Whatever could be read in two ways is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid, Vocabulary
from bayes_a2m.music.pitch_names import SILENCES, classes_of, parse_pitch

if TYPE_CHECKING:
    import xarray

AXES = ("chain", "draw", "recording", "frame", "class")
"""Axes of draws; those of their mean are the last three."""

FORMAT = 1
"""The version of a file of predictions."""

TOLERANCE = 1e-3
"""How far from one the probabilities of a frame may sum."""


@dataclass(frozen=True)
class Facts:
    """Contents of a file of predictions beside probabilities."""

    lengths: NDArray[np.int64]
    ids: tuple[str, ...]
    vocabulary: Vocabulary
    grid: FrameGrid
    draws: int


def arranged(data: xarray.Dataset, source: str) -> tuple[xarray.Dataset, Facts]:
    """The same predictions with the toolkit's order of axes, frames and classes; what is said.

    Parameters
    ----------
    data
        ``log_probs`` of every draw, or their mean, ``probability``.
    source
        What errors name.

    Raises
    ------
    InputError
        If an axis, a class or a recording cannot be told, something is missing, or probabilities
        are none.
    """
    name = next((n for n in ("log_probs", "probability") if n in data), None)
    if name is None:
        raise InputError(f"{source}: holds neither log_probs nor probability")
    data = _with_axes(data, name, source)
    ids = _ids(data, source)
    data = _in_order_of_frames(data, source)
    vocabulary = _vocabulary(data, source)
    data = _in_order_of_classes(data, vocabulary, source)
    grid = FrameGrid(_number(data, "sample_rate", source), _number(data, "hop", source))
    lengths = _lengths(data, name, ids, source)
    data = _checked(data, name, lengths, ids, source)
    draws = int(data.attrs.get("draws", 1))
    if draws < 1:
        raise InputError(f"{source}: says that it holds {draws} draws; there is at least one")
    return data, Facts(lengths, ids, vocabulary, grid, draws)


def onset_mean_of(data: xarray.Dataset, source: str) -> NDArray[np.float32] | None:
    """The mean probability of an onset, ``(recording, frame)``; None where there is none.

    Parameters
    ----------
    data
        What :func:`arranged` gave.
    source
        What errors name.

    Raises
    ------
    InputError
        If it has other axes, or a number is no probability.
    """
    if "onset_probability" not in data:
        return None
    variable = data["onset_probability"]
    if set(variable.dims) != {"recording", "frame"}:
        raise InputError(f"{source}: onset_probability must have the axes recording and frame")
    values = variable.transpose("recording", "frame").fillna(0.0).values.astype(np.float32)
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise InputError(f"{source}: onset_probability must lie in 0 to 1")
    return values


# --- axes


def _with_axes(data: xarray.Dataset, name: str, source: str) -> xarray.Dataset:
    """Every variable with its axes in the usual order, draws with all five."""
    wanted = AXES if name == "log_probs" else AXES[2:]
    there = [str(d) for d in data[name].dims]
    missing = [a for a in AXES[2:] if a not in there]
    strange = [d for d in there if d not in wanted]
    if missing or strange:
        raise InputError(
            f"{source}: {name} has the axes {', '.join(there)} where they must be "
            f"{', '.join(wanted)}, in any order; rename them"
        )
    if name == "log_probs":
        data[name] = data[name].expand_dims([a for a in AXES[:2] if a not in there])
    return data.transpose(*(a for a in AXES if a in data.dims), ...)


def _ids(data: xarray.Dataset, source: str) -> tuple[str, ...]:
    if "recording" not in data.coords:
        raise InputError(f"{source}: the predictions lack something: the names of the recordings")
    ids = tuple(_texts(data["recording"].values))
    twice = sorted({i for i in ids if ids.count(i) > 1})
    if twice:
        raise InputError(f"{source}: recording {twice[0]} is there twice")
    return ids


def _in_order_of_frames(data: xarray.Dataset, source: str) -> xarray.Dataset:
    """Frames by their numbers, where they have numbers."""
    if "frame" not in data.coords:
        return data
    numbers = data["frame"].values
    count = data.sizes["frame"]
    if numbers.dtype.kind not in "iuf" or not np.array_equal(np.sort(numbers), np.arange(count)):
        raise InputError(
            f"{source}: frames must be numbered from 0 to {count - 1}, each once; they are "
            f"{numbers[0]} to {numbers[-1]}"
        )
    return data if (numbers[1:] > numbers[:-1]).all() else data.sortby("frame")


# --- classes


def _vocabulary(data: xarray.Dataset, source: str) -> Vocabulary:
    """The vocabulary that the attributes say or, without pitches, the names of the classes."""
    middle_c = str(data.attrs.get("middle_c", "C4"))
    offset = int(data.attrs.get("sounding_offset", 0))
    if "pitches" in data.attrs:
        stated = np.atleast_1d(data.attrs["pitches"])
        return Vocabulary(tuple(int(p) for p in stated), offset, middle_c)
    names = _class_names(data)
    sounding = [n for n in names or () if n.strip().lower() not in SILENCES]
    pitches = [parse_pitch(n, middle_c) for n in sounding]
    known = [p for p in pitches if p is not None and p > 0]
    if names is None or len(known) != len(names) - 1 or len(known) != len(sounding):
        raise InputError(
            f"{source}: the predictions lack something: pitches (an attribute: the MIDI numbers of "
            "the classes but silence)"
        )
    return Vocabulary(tuple(sorted(known)), offset, middle_c)


def _class_names(data: xarray.Dataset) -> list[str] | None:
    return _texts(data["class"].values) if "class" in data.coords else None


def _in_order_of_classes(
    data: xarray.Dataset, vocabulary: Vocabulary, source: str
) -> xarray.Dataset:
    """Classes in the order of the vocabulary, by name; by position where they have no names."""
    names = _class_names(data)
    count = data.sizes["class"]
    wanted = ", ".join(vocabulary.names)
    if names is None:
        if count != len(vocabulary):
            raise InputError(f"{source}: {count} classes without names do not fit {wanted}")
        return data.assign_coords({"class": list(vocabulary.names)})
    classes = classes_of(names, vocabulary.pitches, vocabulary.middle_c)
    strange = [n for n, k in zip(names, classes, strict=True) if k is None]
    if strange:
        raise InputError(
            f"{source}: unknown {'class' if len(strange) == 1 else 'classes'} "
            f"{', '.join(map(repr, strange))}; known are {wanted}, also as MIDI numbers"
        )
    order = [k for k in classes if k is not None]
    for k, name in enumerate(vocabulary.names):
        if order.count(k) != 1:
            reason = "is missing" if k not in order else "is there twice"
            raise InputError(f"{source}: class {name} {reason}; the classes are {', '.join(names)}")
    if order == list(range(count)):
        return data.assign_coords({"class": list(vocabulary.names)})
    if "label" in data:  # labels number the file's own classes
        own = data["label"].values.astype(np.int64)
        inside = (own >= 0) & (own < count)
        moved = np.where(inside, np.asarray(order)[np.where(inside, own, 0)], own)
        data = data.assign(label=(data["label"].dims, moved.astype(np.int16)))
    sorted_ = data.isel({"class": np.argsort(order)})
    return sorted_.assign_coords({"class": list(vocabulary.names)})


# --- lengths and numbers


def _number(data: xarray.Dataset, name: str, source: str) -> int:
    """An attribute that must be there."""
    meaning = {"sample_rate": "in Hz", "hop": "samples from one frame to the next"}[name]
    if name not in data.attrs:
        text = f"the predictions lack something: {name} (an attribute: {meaning})"
        raise InputError(f"{source}: {text}")
    return int(data.attrs[name])


def _lengths(data: xarray.Dataset, name: str, ids: Sequence[str], source: str) -> NDArray[np.int64]:
    """Frames of every recording: as stated, or up to the last that is not NaN."""
    frames = data.sizes["frame"]
    if "length" in data:
        stated = data["length"].values.astype(np.float64)
        if stated.shape != (len(ids),) or not (np.isfinite(stated) & (stated % 1 == 0)).all():
            raise InputError(f"{source}: length must be one whole number a recording")
        wrong = (stated < 1) | (stated > frames)
        if wrong.any():
            i = int(np.argmax(wrong))
            raise InputError(
                f"{source}: recording {ids[i]} is said to have {stated[i]:g} frames; lengths must "
                f"lie between 1 and {frames} frames"
            )
        return stated.astype(np.int64)
    missing = np.isnan(data[name].values).all(axis=-1)  # in every class, and below in every draw
    present = ~missing.reshape(-1, *missing.shape[-2:]).all(axis=0)
    lengths: NDArray[np.int64] = frames - np.argmax(present[:, ::-1], axis=1)
    for i, id_ in enumerate(ids):
        if not present[i].any():
            raise InputError(f"{source}: recording {id_} has no frame that is not NaN")
    return lengths


def _checked(
    data: xarray.Dataset,
    name: str,
    lengths: NDArray[np.int64],
    ids: Sequence[str],
    source: str,
) -> xarray.Dataset:
    """Refuse what is no probability, and say whose; NaN after the end becomes "nothing known"."""
    values = data[name].values
    classes = data.sizes["class"]
    for i, (id_, length) in enumerate(zip(ids, lengths, strict=True)):
        real = values[..., i, :length, :]
        probs = np.exp(real) if name == "log_probs" else real
        total = probs.sum(axis=-1, dtype=np.float64)
        wrong = ~((np.abs(total - 1) <= TOLERANCE) & (probs >= 0).all(axis=-1))  # true of NaN, too
        if wrong.any():
            *_, frame = (int(k) for k in np.argwhere(wrong)[0])
            raise InputError(
                f"{source}: probabilities of recording {id_} must be finite, not below zero, and "
                f"sum to one in every frame; in frame {frame} they sum to {total[wrong][0]:.4g}"
            )
    if not np.isnan(values).any():
        return data
    nothing = {
        "log_probs": -np.log(classes),
        "probability": 1 / classes,
        "label": -1,
        "entropy": np.log(classes),
        "variance": 0.0,
        "mutual_information": 0.0,
    }
    return data.fillna({k: v for k, v in nothing.items() if k in data})


def _texts(values: NDArray[Any]) -> list[str]:
    """Names as text, whatever they were written as."""
    return [v.decode("utf-8", "replace") if isinstance(v, bytes) else str(v) for v in values]
