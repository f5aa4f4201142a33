"""Experiment files: the settings they may hold, and their reading.

An experiment is a YAML file: features, windows, network, posterior, training. It may inherit
from one other (``base:``, a file or the name of one that ships), and single values may be
overridden with dotted keys. Everything is checked before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from bayes_a2m import registry
from bayes_a2m.audio.features import CQTFeatures, Features
from bayes_a2m.audio.normalizer import Scope
from bayes_a2m.config.settings import Settings, explain, parse_settings
from bayes_a2m.config.yaml_files import find_file, is_study, override, read, shipped_files
from bayes_a2m.errors import InputError
from bayes_a2m.music import FrameGrid


class WindowSettings(Settings):
    """Settings of the windows that recordings are cut into, in seconds."""

    seconds: float = Field(4.0, gt=0, le=600)
    overlap: float = Field(1.0, ge=0, description="seconds two windows share, cross-faded")
    random: bool = Field(
        False, description="cut longer recordings elsewhere in every epoch of training"
    )

    @model_validator(mode="after")
    def _overlap_fits(self) -> WindowSettings:
        if 2 * self.overlap > self.seconds:
            raise ValueError("the overlap must not exceed half a window")
        return self

    def frames(self, grid: FrameGrid) -> tuple[int, int]:
        """The length and overlap of windows in frames of a grid."""
        return grid.frames_in(self.seconds), grid.count(self.overlap)


class ConditionSettings(Settings):
    """Settings of other rooms and devices in which training recordings are heard, anew each epoch.

    Attributes
    ----------
    share
        The probability that an example is put through a condition; 0: none is.
    names
        The conditions that one is drawn from (:mod:`bayes_a2m.datasets.conditions`).
    severity
        The least and greatest severity, between which it is drawn uniformly.
    """

    share: float = Field(0.0, ge=0, le=1)
    names: tuple[Literal["studio", "noisy", "laptop"], ...] = Field(
        ("studio", "noisy", "laptop"), min_length=1
    )
    severity: tuple[float, float] = (0.5, 3.5)

    @model_validator(mode="after")
    def _severity_is_a_range(self) -> ConditionSettings:
        if not 0 <= self.severity[0] <= self.severity[1] <= 5:
            raise ValueError("severity: give the least and the greatest, within 0 to 5")
        return self


class AugmentSettings(Settings):
    """Settings of the changes made to each training example anew; zero leaves one out."""

    roll: bool = Field(True, description="turn the recording in time, labels with it")
    shift_bins: int = Field(1, ge=0, description="up to so many bins up or down")
    gain_db: float = Field(4.0, ge=0, description="standard deviation of a level change, dB")
    noise_db: float = Field(1.0, ge=0, description="standard deviation of noise per value, dB")
    mask_bins: int = Field(24, ge=0, description="widest band of bins put to the floor")
    mask_frames: int = Field(0, ge=0, description="longest stretch of frames put to its mean")
    masks: int = Field(1, ge=1, description="bands of bins, and stretches of frames, an example")
    transpose: int = Field(
        0, ge=0, description="up to so many semitones, where all its pitches stay in the vocabulary"
    )
    stretch: float = Field(
        0.0, ge=0, lt=1, description="up to so much longer or shorter, labels with it (0.1: 10 %)"
    )
    conditions: ConditionSettings = ConditionSettings()


class EarlyStopping(Settings):
    """Settings of early stopping, when the NLL of the tuning split no longer improves.

    Attributes
    ----------
    patience
        The epochs without improvement after which training stops.
    """

    patience: int = Field(15, ge=1)


class LabelSettings(Settings):
    """Settings of a loss for labels whose times are off (:mod:`bayes_a2m.training.label_losses`).

    Attributes
    ----------
    loss
        ``soft``: labels are spread over time; ``tolerant``: any class labelled nearby is right.
    width
        The standard deviation of soft labels, frames.
    reach
        The frames before and after, within which a tolerant loss takes a label as right.
    """

    loss: Literal["soft", "tolerant"]
    width: float = Field(3.0, ge=0.1, le=50)
    reach: int = Field(4, ge=1, le=50)


class TrainingSettings(Settings):
    """Settings of the training of a network."""

    epochs: int = Field(30, ge=1)
    batch: int = Field(10, ge=1)
    optimizer: Literal["adamw", "adam", "radam", "sgd"] = Field(
        "adamw", description="sgd: with Nesterov's momentum of 0.9"
    )
    learning_rate: float = Field(3e-3, gt=0)
    weight_decay: float = Field(1e-2, ge=0)
    schedule: Literal["one_cycle", "cosine", "plateau", "constant"] = "one_cycle"
    plateau_patience: int = Field(5, ge=1, description="epochs; the rate is then halved")
    early_stopping: EarlyStopping | None = None
    averaging: float = Field(
        0.98, ge=0, lt=1, description="decay a step of the weights' running average; 0: none"
    )
    class_weight_power: float = Field(
        0.0, ge=0, le=2, description="loss weights are class frequency to minus this power"
    )
    focal: float = Field(
        0.0, ge=0, description="gamma of the focal loss: a frame counts (1 - p)^gamma"
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="share of each label spread over all classes"
    )
    labels: LabelSettings | None = Field(
        None, description="a loss for labels whose times are off; none: as they stand"
    )
    gradient_clip: float = Field(1.0, ge=0, description="largest gradient norm; 0: no limit")
    tuning_share: float = Field(0.15, gt=0, lt=1, description="of the training split")
    precision: Literal["32-true", "tf32", "bf16-mixed"] = Field(
        "32-true", description="tf32: products of matrices on GPUs; elsewhere it is 32-true"
    )
    augment: AugmentSettings = AugmentSettings()

    @model_validator(mode="after")
    def _one_loss(self) -> TrainingSettings:
        if self.labels is None:
            return self
        others = ("class_weight_power", "focal", "label_smoothing")
        if given := [name for name in others if getattr(self, name)]:
            raise ValueError(f"labels: has a loss of its own; leave {', '.join(given)} at 0")
        return self


class SingingSettings(Settings):
    """Settings of synthetic recordings that a model is trained on in place of a folder's.

    Labels are moved in each epoch anew, as people's labels are off: all of a recording together,
    and every onset and offset by itself. What is tuned, recalibration and the note model, is tuned
    on labels that are further off, and on sound that went through one more condition: a model that
    is asked about voices that it never met had better be less sure than among those it knows.
    """

    singer: Literal["wide", "varied"] = Field(
        "wide", description="wide_recording, or varied_recording, its forerunner"
    )
    recordings: int = Field(3000, ge=1, description="to fit the network")
    choosing: int = Field(100, ge=1, description="to choose the epoch")
    tuning: int = Field(150, ge=1, description="to fit recalibration and the note model")
    seconds: float = Field(4.0, gt=0, le=60, description="length of each to fit")
    tuning_seconds: float = Field(8.0, gt=0, le=60, description="length of each to tune on")
    lag_ms: float = Field(10.0, ge=0, description="standard deviation of a recording's lag")
    onset_ms: float = Field(15.0, ge=0, description="standard deviation of an onset")
    offset_ms: float = Field(30.0, ge=0, description="standard deviation of an offset")
    gain_db: float = Field(8.0, ge=0, description="standard deviation of a level change")
    colour_db: float = Field(
        5.0, ge=0, description="standard deviation of each of a few waves over log frequency"
    )
    noise_db: float = Field(1.0, ge=0, description="standard deviation of noise per value")
    people_lag_ms: float = Field(
        25.0, ge=0, description="standard deviation of a recording's lag, to tune on"
    )
    people_ms: float = Field(
        30.0, ge=0, description="standard deviation of every onset and offset, to tune on"
    )
    worse: tuple[float, float] = Field(
        (0.5, 3.5), description="severities of a further condition, to tune on"
    )
    pitch_weight: float = Field(0.3, ge=0, description="of the continuous pitch in the loss")


class Named(BaseModel):
    """The name of a network or posterior, with its own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """All settings but the name."""
        return dict(self.model_extra or {})


def parse_features(values: Any) -> Any:
    """Parse a mapping with a ``kind`` as the settings of that kind; return all else as it is.

    Raises
    ------
    InputError
        If there is no such kind, or a setting is not right.
    """
    if not isinstance(values, Mapping):
        return values
    kind: type[Features] = registry.get(
        "features", str(values.get("kind", CQTFeatures.name)), key="features.kind"
    )
    return parse_settings(kind, values, "features")


FeatureSettings = Annotated[SerializeAsAny[Features], BeforeValidator(parse_features)]
"""The type of settings of any kind of features, for pydantic."""

NAMING = {"name", "kind", "head", "recalibration"}
"""The keys whose values name a part."""

CHOOSE = "choose"
"""A value in place of a recalibration's name: cross-validation on the tuning split decides."""


class Experiment(Settings):
    """All settings of an experiment."""

    description: str = ""
    features: FeatureSettings = CQTFeatures()
    normalization: Scope = Field(
        "training", description="by whose statistics: all training recordings', or each one's own"
    )
    windows: WindowSettings = WindowSettings()
    network: Named | None = Field(
        None, description="none for baselines; crnn for networks' posteriors"
    )
    posterior: Named = Named(name="point")
    training: TrainingSettings = TrainingSettings()
    singing: SingingSettings | None = Field(
        None, description="trains on synthetic recordings, sung for it; none: on a data folder"
    )
    recalibration: str = Field(
        CHOOSE, description="how probabilities are recalibrated on the tuning split"
    )
    seed: int = Field(0, ge=0, lt=2**63)

    @field_validator("recalibration")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name != CHOOSE:
            registry.get("recalibrations", name, key="recalibration")
        return name

    @property
    def architecture(self) -> Named:
        """The network of an experiment that has one: the CRNN, unless another is named."""
        return self.network or Named(name="crnn")


def load_experiment(
    name: str | Path, overrides: Sequence[str] = (), seed: int | None = None
) -> Experiment:
    """Read an experiment file, or one that ships, by name.

    Parameters
    ----------
    name
        A path, or a name such as ``"crnn"``.
    overrides
        Settings such as ``"training.epochs=5"``; their values are read as YAML.
    seed
        The seed, in place of the file's.

    Raises
    ------
    InputError
        If there is no such experiment, or a key or value is not right (the right key is
        suggested).
    """
    source = find_experiment(name)
    values = read(source, find_experiment)
    if "arms" in values:
        raise InputError(f"{source}: is a study of several experiments: 'bayes-a2m run {source}'")
    for setting in overrides:
        override(values, setting)
    if seed is not None:
        values["seed"] = seed
    import_named(values)
    return validate_experiment(values, str(source))


def import_named(values: Any, key: str = "") -> None:
    """Import and register the classes that a user's file names as ``package.module:Class``.

    Parameters
    ----------
    values
        The values of an experiment or a study, nested as they are.
    key
        The key that they stand under, for the error.

    Raises
    ------
    InputError
        If one cannot be imported, or is no part.
    """
    if isinstance(values, Mapping):
        for name, value in values.items():
            import_named(value, f"{key}.{name}" if key else str(name))
    elif isinstance(values, list):
        for value in values:
            import_named(value, key)
    elif _is_target(key, values):
        registry.import_target(values, key=key)


def _is_target(key: str, value: Any) -> bool:
    names_a_part = key.rpartition(".")[2] in NAMING and isinstance(value, str)
    return names_a_part and registry.TARGET.fullmatch(value) is not None


def validate_experiment(values: Mapping[str, Any], source: str) -> Experiment:
    """Check an experiment's values; ``source`` is named in the error.

    Raises
    ------
    InputError
        If a key or value is not right (the nearest key is suggested).
    """
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{source}: {explain(error, Experiment)}") from error
    return experiment


def shipped() -> dict[str, Path]:
    """The files of the experiments that ship, by name."""
    return {name: path for name, path in shipped_files().items() if not is_study(path)}


def find_experiment(name: str | Path) -> Path:
    """Find the file of an experiment: a path as it is, or a name that ships.

    Raises
    ------
    InputError
        If there is neither.
    """
    return find_file(
        name,
        shipped(),
        what="experiment",
        hints={
            study: f"{study} is a study of several experiments: 'bayes-a2m run {study}'"
            for study in shipped_files()
        },
    )
