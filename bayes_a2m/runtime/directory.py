"""Directories of exported models: a network as ONNX, and JSON beside it; no pickle.

========================  =====================================================================
``network.onnx``          the network of a point estimate
``trunk.onnx``            a posterior of the last layer: all layers before it
``head.onnx``             the last layer, whose weights are inputs
``draws.npz``             the weights of every draw, ``(chain, draw, ...)``
``runtime.json``          vocabulary, features, windows, hashes, the format's version
``normalizer.json``       and ``decoder.json``, ``notes.json``, ``recalibration.json`` and
                          ``conditions.json``: as model directories have them
``checksums.sha256``      SHA-256 of all these files; looked at before any of them is read
========================  =====================================================================

A model directory may hold the network and ``runtime.json`` beside its own files, as that of the
model which ships does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.decoding.note_decoder import NoteDecoder
from bayes_a2m.errors import InputError
from bayes_a2m.files import (
    Manifest,
    content_hash,
    ensure_regular,
    is_given,
    read_json,
    reading,
)
from bayes_a2m.files.formats import read_versioned
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.runtime.settings import RuntimeSettings

FORMAT = 1
"""Version of ``runtime.json``."""

SETTINGS = "runtime.json"
NETWORK = "network.onnx"
TRUNK = "trunk.onnx"
HEAD = "head.onnx"
DRAWS = "draws.npz"

EXPORTED = (NETWORK, TRUNK, HEAD, DRAWS, SETTINGS)
"""Names of what an export makes, beside the parts that model directories have."""

PARTS = ("normalizer.json", "decoder.json", "notes.json", "recalibration.json", "conditions.json")
"""Parts of a model directory that go with the network."""

OPTIONAL = ("notes.json", "conditions.json")
"""Parts that models of 0.1.0 do not have."""

PART_FORMAT = 1
"""Version of these parts, as :mod:`bayes_a2m.posteriors.model_directory` writes them."""

CHECKSUMS = "checksums.sha256"
WEIGHTS = "model.safetensors"
MEND = "export the model again"

LARGEST = 2**31
"""Bytes that a file of ONNX can have."""

Made = TypeVar("Made")


@dataclass(frozen=True)
class ExportedModel:
    """The parsed content of a directory; the networks are in files of ``path``."""

    path: Path
    settings: RuntimeSettings
    normalizer: Normalizer
    decoder: Decoder
    calibrator: Calibrator
    notes: NoteDecoder | None
    conditions: TrainingConditions | None


def is_exported(path: Path) -> bool:
    """Whether a directory holds an exported model."""
    return is_given(path / SETTINGS)


def ensure_whole(path: Path) -> None:
    """Refuse a directory in which a file is missing or not as it was written.

    Raises
    ------
    InputError
        If it is no directory, holds no exported model, or a damaged one.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such directory; 'bayes-a2m export MODEL --out DIR' makes one")
    if not is_exported(path):
        raise InputError(
            f"{path}: holds no exported model ({SETTINGS} is missing); 'bayes-a2m export' makes "
            "one of a model directory"
        )
    damaged = Manifest.read(path / CHECKSUMS).damaged(path)
    if damaged is not None:
        raise InputError(f"{path / damaged}: is damaged, or was changed; {MEND}")


def read(path: Path) -> ExportedModel:
    """Read the directory of an exported model.

    Raises
    ------
    InputError
        If a file is missing, damaged or of another version, or the network was exported from
        other weights than those that stand beside it.
    """
    ensure_whole(path)
    values = read_versioned(path / SETTINGS, FORMAT)
    with reading(path / SETTINGS, "the settings of an exported model", MEND):
        settings = RuntimeSettings.from_dict(values)
    for name, digest in settings.files.items():
        if not is_given(path / name) or _hash_of(path / name) != digest:
            raise InputError(f"{path / name}: is missing or was changed; {MEND}")
    weights = path / WEIGHTS
    if is_given(weights) and _hash_of(weights) != settings.weights:
        raise InputError(f"{path / SETTINGS}: was exported from other weights; {MEND}")

    def part(name: str, made: Callable[[Any], Made]) -> Made:
        found = read_versioned(path / name, PART_FORMAT)
        with reading(path / name, "a part of an exported model", MEND):
            return made(found)

    def optional(name: str, made: Callable[[Any], Made]) -> Made | None:
        return part(name, made) if is_given(path / name) else None

    conditions = path / "conditions.json"
    model = ExportedModel(
        path,
        settings,
        part("normalizer.json", Normalizer.from_dict),
        part("decoder.json", Decoder.from_dict),
        part(
            "recalibration.json",
            lambda values: Calibrator.from_dict(values, str(path / "recalibration.json")),
        ),
        optional("notes.json", NoteDecoder.from_dict),
        TrainingConditions.from_dict(read_json(conditions), str(conditions))
        if is_given(conditions)
        else None,
    )
    classes = len(settings.vocabulary)
    if len(model.decoder.prior) != classes:
        raise InputError(f"{path / 'decoder.json'}: is of other classes than the network; {MEND}")
    if model.notes is not None and len(model.notes.model.shares) != classes:
        raise InputError(f"{path / 'notes.json'}: is of other classes than the network; {MEND}")
    return model


def _hash_of(path: Path) -> str:
    """The hash of a file, which is looked at before it is opened: a pipe would never end."""
    what = "a part of an exported model"
    ensure_regular(path, what, limit=LARGEST)
    with reading(path, what, MEND):
        return content_hash(path)
