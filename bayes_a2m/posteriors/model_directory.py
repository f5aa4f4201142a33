"""Model directories hold all that is needed to use a model elsewhere, and no pickle.

========================  =====================================================================
``model.safetensors``     arrays: a network's weights, and what a posterior adds to them
``config.yaml``           the experiment, the vocabulary, the format's version
``normalizer.json``       global statistics of the fitting split
``decoder.json``          transitions and settings of the decoding by the likeliest path
``notes.json``            model of notes, from which each has its probability
``recalibration.json``    recalibration after pooling, conformal sets, accepted frames and notes
``conditions.json``       level, noise floor, bandwidth and clipping of the training recordings
``novelty.safetensors``   densities of the network's features at the training recordings
``prior.safetensors``     information about every weight, for models that start from this one
``seen.json``             ids and content hashes of what it was fitted and tuned on
``training.csv``          one row an epoch
``README.md``             the model's card (:mod:`bayes_a2m.posteriors.model_card`)
``metrics.json``          its scores on the tuning split (null until measured)
``checksums.sha256``      SHA-256 of all these files; looked at before any of them is read
========================  =====================================================================
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.calibration.calibrator import Calibrator
from bayes_a2m.config.experiment import Experiment, validate_experiment
from bayes_a2m.decoding.decoder import Decoder
from bayes_a2m.errors import InputError
from bayes_a2m.files import (
    Manifest,
    atomic_folder,
    ensure_regular,
    is_given,
    read_json,
    read_text,
    reading,
    write_json,
    write_text,
)
from bayes_a2m.files.formats import migrated, read_versioned, write_versioned
from bayes_a2m.files.tensors import read_tensors
from bayes_a2m.files.yaml import read_yaml
from bayes_a2m.music import Vocabulary
from bayes_a2m.posteriors.conditions import TrainingConditions
from bayes_a2m.posteriors.fitted import Fitted
from bayes_a2m.posteriors.loadable import ensure_parts, parts_of
from bayes_a2m.posteriors.model_card import CARD, card_of, remarks_in
from bayes_a2m.posteriors.novelty import NoveltyDetector
from bayes_a2m.posteriors.record import TrainingRecord
from bayes_a2m.posteriors.seen import Seen
from bayes_a2m.posteriors.weight_prior import WeightPrior

if TYPE_CHECKING:
    from torch import Tensor

    from bayes_a2m.decoding.note_decoder import NoteDecoder
    from bayes_a2m.posteriors.posterior import Posterior

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

NOTES = "notes.json"
"""A file that models of 0.1.0 do not have."""

NOVELTY = "novelty.safetensors"
"""A file that models without a network do not have, nor those of 0.1.0."""

RUNTIME = ("runtime.json", "network.onnx", "trunk.onnx", "head.onnx", "draws.npz")
"""Files of an export (:mod:`bayes_a2m.runtime.directory`), which may stand beside the others."""

PRIOR = "prior.safetensors"
"""A file of models that were made for others to start from."""

CHECKSUMS = "checksums.sha256"
"""The file that lists the checksums of the others."""

NEEDED = ("features", "network", "posterior", "training")
"""Sections that every ``config.yaml`` has had; one without them was cut off."""

Made = TypeVar("Made")


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
    card
        The text of its card; "" where none is to be written.
    """

    weights: Mapping[str, Tensor]
    experiment: Experiment
    fitted: Fitted
    card: str = ""


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
        if fitted.notes is not None:
            write_versioned(beside / NOTES, fitted.notes.to_dict(), FORMAT)
        if fitted.novelty is not None:
            fitted.novelty.save(beside / NOVELTY)
        if fitted.prior is not None:
            fitted.prior.save(beside / PRIOR)
        write_text(beside / "training.csv", state.fitted.record.log)
        write_json(beside / "metrics.json", None)
        if state.card:
            write_text(beside / CARD, state.card)
        write_checksums(beside)


def write_checksums(path: Path, *, without: Iterable[str] = ()) -> None:
    """Write the checksums of a model directory's files as they are now, but for some."""
    known = (*FILES, CONDITIONS, NOTES, NOVELTY, PRIOR, CARD, *RUNTIME, "training.png")
    left_out = set(without)
    if read_json(path / "metrics.json") is None:
        left_out.add("metrics.json")  # written later, and then part of the checksums
    names = [name for name in known if (path / name).is_file() and name not in left_out]
    Manifest.of_files(path, names).write(path / CHECKSUMS)


def describe(path: Path, model: Posterior, metrics: Mapping[str, Any], *, measured_on: str) -> None:
    """Write the scores of a model into its directory, and its card with them.

    The remarks at the card's end stay. A process that is killed on the way leaves a whole model.

    Parameters
    ----------
    path
        The model directory.
    model
        The model that it holds.
    metrics
        The content of ``metrics.json``.
    measured_on
        The recordings of these scores, in words.
    """
    remarks = remarks_in(read_text(path / CARD, "Markdown")) if is_given(path / CARD) else ""
    write_checksums(path, without=("metrics.json", CARD))  # while they change
    write_text(path / CARD, card_of(model, metrics, measured_on=measured_on, remarks=remarks))
    write_json(path / "metrics.json", metrics)
    write_checksums(path)


def ensure_whole(path: Path) -> None:
    """Refuse a model directory in which a file is missing or not as it was written.

    Directories of version 0.1.0 have no checksums; what is in their files is looked at alone.

    Raises
    ------
    InputError
        If it is no directory, or one with a missing or damaged file.
    """
    if not path.is_dir():
        raise InputError(f"{path}: no such model directory; 'bayes-a2m train' makes one")
    missing = [name for name in FILES if not is_given(path / name)]
    if missing:
        raise InputError(
            f"{path}: no model directory, or a broken one: {', '.join(missing)} missing; copy it "
            "again or train again"
        )
    for name in FILES:
        ensure_regular(path / name, "a part of a model")
    if not is_given(path / CHECKSUMS):
        return
    known = Manifest.read(path / CHECKSUMS)
    damaged = known.damaged(path)
    if damaged is None and not set(FILES) - {"metrics.json"} <= set(known.hashes):
        damaged = CHECKSUMS
    if damaged is not None:
        raise InputError(
            f"{path / damaged}: is damaged, or was changed since it was written; copy the model "
            f"again (or remove {CHECKSUMS}, if the change is yours and meant)"
        )


def read(path: Path) -> ModelState:
    """Read a model directory.

    Raises
    ------
    InputError
        If the directory or a file in it is missing, broken or of another version, or a part of the
        model is not known here.
    """
    ensure_whole(path)
    config = _read_config(path / "config.yaml")
    weights = _read_weights(path / "model.safetensors")
    ensure_parts(config.get("parts"), str(path))
    with reading(path / "config.yaml", "the config of a model", "copy the model again"):
        cut = [name for name in NEEDED if name not in config["experiment"]]
        if cut:
            raise InputError(f"{path / 'config.yaml'}: lacks {', '.join(cut)}; copy it again")
        vocabulary = Vocabulary(**config["vocabulary"])
        experiment = validate_experiment(config["experiment"], str(path / "config.yaml"))
        seconds = float(config["training_seconds"])
    if not (math.isfinite(seconds) and seconds >= 0):
        raise InputError(f"{path / 'config.yaml'}: training_seconds is {seconds}")

    def part(name: str, made: Callable[[Any], Made]) -> Made:
        """What a JSON file of the directory stands for."""
        values = read_versioned(path / name, FORMAT)
        with reading(path / name, "a part of a model", "copy the model again"):
            return made(values)

    fitted = Fitted(
        vocabulary=vocabulary,
        normalizer=part("normalizer.json", Normalizer.from_dict),
        decoder=part("decoder.json", Decoder.from_dict),
        calibrator=part(
            "recalibration.json",
            lambda values: Calibrator.from_dict(values, str(path / "recalibration.json")),
        ),
        seen=part("seen.json", Seen.from_dict),
        record=_read_record(path / "training.csv", seconds),
        fingerprint=str(config.get("fingerprint", "")),
        conditions=_read_conditions(path / CONDITIONS),
        notes=part(NOTES, _note_decoder) if is_given(path / NOTES) else None,
        novelty=NoveltyDetector.load(path / NOVELTY) if is_given(path / NOVELTY) else None,
        prior=WeightPrior.load(path / PRIOR) if is_given(path / PRIOR) else None,
    )
    if len(fitted.decoder.prior) != len(vocabulary):
        raise InputError(
            f"{path / 'decoder.json'}: is of {len(fitted.decoder.prior)} classes, the vocabulary "
            f"of {len(vocabulary)}; copy the model again"
        )
    if fitted.notes is not None and len(fitted.notes.model.shares) != len(vocabulary):
        raise InputError(
            f"{path / NOTES}: is of {len(fitted.notes.model.shares)} classes, the vocabulary of "
            f"{len(vocabulary)}; copy the model again"
        )
    return ModelState(weights, experiment, fitted)


def _note_decoder(values: Any) -> NoteDecoder:
    from bayes_a2m.decoding.note_decoder import NoteDecoder  # compiles, so only where it is needed

    return NoteDecoder.from_dict(values)


def _read_record(path: Path, seconds: float) -> TrainingRecord:
    """Read the log of the training."""
    with reading(path, "the log of a training", "copy the model again"):
        return TrainingRecord.of_log(read_text(path, "CSV"), seconds)


def _read_conditions(path: Path) -> TrainingConditions | None:
    """The conditions of the training recordings; models of 0.1.0 know of none."""
    if not is_given(path):
        return None
    with reading(path, "the conditions of a model", "copy the model again"):
        return TrainingConditions.from_dict(read_json(path), str(path))


def _read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors, all numbers of which are finite."""
    mend = "copy the model again, or train again"
    return read_tensors(path, "the tensors of a model", mend)[0]


def _read_config(path: Path) -> dict[str, Any]:
    config = read_yaml(path)
    if not isinstance(config, dict) or "format_version" not in config:
        raise InputError(f"{path}: not the config of a model")
    return migrated(config, FORMAT, {}, str(path))
