"""Model directories hold all that is needed to use a model elsewhere, and no pickle.

====================  =====================================================================
``model.safetensors``   arrays: a network's weights, and what a posterior adds to them
``config.yaml``         the experiment, the vocabulary, the format's version
``normalizer.json``     global statistics of the fitting split
``decoder.json``        transitions and settings of the decoding
``recalibration.json``  recalibration after pooling, conformal sets, accepted frames
``conditions.json``     level, noise floor, bandwidth and clipping of the training recordings
``seen.json``           ids and content hashes of what it was fitted and tuned on
``training.csv``        one row an epoch
``metrics.json``        its scores on the tuning split (null until measured)
====================  =====================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.config.experiment import Experiment, validate_experiment
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_folder, read_json, write_json, write_text
from bayes_a2m.files.formats import migrated, read_versioned, write_versioned
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.loadable import ensure_parts, parts_of
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1
"""Version of the model directory's layout."""

FILES = (
    "model.safetensors",
    "config.yaml",
    "normalizer.json",
    "recalibration.json",
    "decoder.json",
    "seen.json",
    "training.csv",
    "metrics.json",
)


CONDITIONS = "conditions.json"
"""A file that models of 0.1.0 do not have."""


@dataclass(frozen=True)
class ModelState:
    """The parsed content of a model directory.

    Attributes
    ----------
    weights
        Tensors by name: a network's weights, and what a posterior adds to them.
    experiment
        The settings that it was trained with.
    fitted
        The state that every fitted model has.
    """

    weights: Mapping[str, Tensor]
    experiment: Experiment
    fitted: Fitted


def write(path: Path, state: ModelState) -> None:
    """Write a model directory, whole or not at all: beside its place, then renamed.

    Raises
    ------
    InputError
        If something stands at ``path`` already, or a part of the model is not known.
    """
    from safetensors.torch import save_file

    with atomic_folder(path) as beside:
        save_file(
            {k: v.contiguous() for k, v in state.weights.items()}, beside / "model.safetensors"
        )
        (beside / "model.safetensors").chmod(0o644)
        vocabulary = state.fitted.vocabulary
        config: dict[str, Any] = {
            "format_version": FORMAT,
            "vocabulary": {
                "pitches": list(vocabulary.pitches),
                "sounding_offset": vocabulary.sounding_offset,
                "middle_c": vocabulary.middle_c,
            },
            "training_seconds": round(state.fitted.record.seconds, 3),
            "fingerprint": state.fitted.fingerprint,
            "experiment": state.experiment.model_dump(mode="json"),
            "parts": [part.to_dict() for part in parts_of(state.experiment)],
        }
        write_text(beside / "config.yaml", yaml.safe_dump(config, sort_keys=False))
        fitted = state.fitted
        write_versioned(beside / "normalizer.json", fitted.normalizer.to_dict(), FORMAT)
        write_versioned(beside / "recalibration.json", fitted.calibrator.to_dict(), FORMAT)
        write_versioned(beside / "decoder.json", fitted.decoder.to_dict(), FORMAT)
        write_versioned(beside / "seen.json", fitted.seen.to_dict(), FORMAT)
        if fitted.conditions is not None:
            write_json(beside / CONDITIONS, fitted.conditions.to_dict())
        write_text(beside / "training.csv", state.fitted.record.log)
        write_json(beside / "metrics.json", None)


def read(path: Path) -> ModelState:
    """Read a model directory.

    Raises
    ------
    InputError
        If the directory or a file in it is missing, broken or of another version, or a part of the
        model is not known here.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not path.is_dir():
        raise InputError(f"{path}: no such model directory; 'bayes-a2m train' makes one")
    missing = [name for name in FILES if not (path / name).is_file()]
    if missing:
        raise InputError(
            f"{path}: no model directory, or a broken one: {', '.join(missing)} missing; copy it "
            "again or train again"
        )
    config = _read_config(path / "config.yaml")
    try:
        weights = load_file(path / "model.safetensors")
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path / 'model.safetensors'}: not readable ({error})") from error
    ensure_parts(config.get("parts"), str(path))
    try:
        vocabulary = Vocabulary(**config["vocabulary"])
        experiment = validate_experiment(config["experiment"], str(path / "config.yaml"))
        seconds = float(config["training_seconds"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{path / 'config.yaml'}: lacks or misstates {error}") from error
    try:
        seen = Seen.from_dict(read_versioned(path / "seen.json", FORMAT))
    except (KeyError, TypeError) as error:
        raise InputError(f"{path / 'seen.json'}: lacks {error}") from error
    recalibration = path / "recalibration.json"
    fitted = Fitted(
        vocabulary=vocabulary,
        normalizer=Normalizer.from_dict(read_versioned(path / "normalizer.json", FORMAT)),
        decoder=Decoder.from_dict(read_versioned(path / "decoder.json", FORMAT)),
        calibrator=Calibrator.from_dict(read_versioned(recalibration, FORMAT), str(recalibration)),
        seen=seen,
        record=TrainingRecord((path / "training.csv").read_text(encoding="utf-8"), seconds),
        fingerprint=str(config.get("fingerprint", "")),
        conditions=_read_conditions(path / CONDITIONS),
    )
    return ModelState(weights, experiment, fitted)


def _read_conditions(path: Path) -> TrainingConditions | None:
    """The conditions of the training recordings; models of 0.1.0 know of none."""
    return TrainingConditions.from_dict(read_json(path), str(path)) if path.is_file() else None


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not readable as YAML ({error})") from error
    if not isinstance(config, dict) or "format_version" not in config:
        raise InputError(f"{path}: not the config of a model")
    return migrated(config, FORMAT, {}, str(path))
