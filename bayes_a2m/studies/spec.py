"""What an experiment file may say, and reading one.

An experiment is a YAML file: features, windows, network, posterior, training. It may inherit
from one other (``base:``, a file or the name of one that ships), and single values may be
overridden with dotted keys. Everything is checked before anything runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bayes_a2m.audio.features import CQTFeatures, FeatureSettings
from bayes_a2m.errors import InputError, suggest
from bayes_a2m.music import FrameGrid


class Settings(BaseModel):
    """Base of all settings: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class WindowSettings(Settings):
    """How long recordings are cut."""

    seconds: float = Field(4.0, gt=0)
    overlap: float = Field(1.0, ge=0, description="seconds two windows share, cross-faded")

    @model_validator(mode="after")
    def _overlap_fits(self) -> WindowSettings:
        if 2 * self.overlap > self.seconds:
            raise ValueError("the overlap must not exceed half a window")
        return self

    def frames(self, grid: FrameGrid) -> tuple[int, int]:
        """Length and overlap in frames."""
        return grid.frames_in(self.seconds), grid.count(self.overlap)


class AugmentSettings(Settings):
    """Changes made to each training example anew; zero leaves one out."""

    roll: bool = Field(True, description="turn the recording in time, labels with it")
    shift_bins: int = Field(1, ge=0, description="up to so many bins up or down")
    gain_db: float = Field(4.0, ge=0, description="standard deviation of a level change, dB")
    noise_db: float = Field(1.0, ge=0, description="standard deviation of noise per value, dB")
    mask_bins: int = Field(24, ge=0, description="widest band of bins put to the floor")


class EarlyStopping(Settings):
    """Stop when the tuning part's NLL has not improved for so many epochs."""

    patience: int = Field(15, ge=1)


class TrainingSettings(Settings):
    """How a network is trained."""

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
    gradient_clip: float = Field(1.0, ge=0, description="largest gradient norm; 0: no limit")
    tuning_share: float = Field(0.15, gt=0, lt=1, description="of the training split")
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    augment: AugmentSettings = AugmentSettings()


class Named(BaseModel):
    """The name of a network or posterior, and its own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """Everything but the name."""
        return dict(self.model_extra or {})


Recalibrating: TypeAlias = Literal[
    "choose", "none", "temperature", "stages", "vector", "dirichlet", "isotonic"
]
"""How probabilities are recalibrated on the tuning part; "choose" lets cross-validation decide."""


class Experiment(Settings):
    """A whole experiment."""

    description: str = ""
    features: FeatureSettings = CQTFeatures()
    windows: WindowSettings = WindowSettings()
    network: Named | None = Field(
        None, description="none for baselines; crnn for networks' posteriors"
    )
    posterior: Named = Named(name="point")
    training: TrainingSettings = TrainingSettings()
    recalibration: Recalibrating = "choose"
    seed: int = Field(0, ge=0)

    @property
    def architecture(self) -> Named:
        """The network, where there is one: the CRNN unless another is named."""
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
        ``"training.epochs=5"`` and the like; values are read as YAML.
    seed
        Takes the place of the file's.

    Raises
    ------
    InputError
        If there is no such experiment, or a key or value is not right (the right key is
        suggested).
    """
    source = find_experiment(name)
    values = _read(source, seen=())
    for override in overrides:
        _override(values, override)
    if seed is not None:
        values["seed"] = seed
    return validate_experiment(values, str(source))


def validate_experiment(values: Mapping[str, Any], source: str) -> Experiment:
    """Check an experiment's values; ``source`` is named in the error."""
    try:
        experiment = Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{source}: {_explain(error, Experiment)}") from error
    return experiment


def shipped() -> dict[str, Path]:
    """Experiments that ship, by name."""
    folder = Path(str(resources.files("bayes_a2m.experiments")))
    return {p.stem: p for p in sorted(folder.glob("*.yaml"))}


def find_experiment(name: str | Path) -> Path:
    """The file of an experiment: a path as it is, or a name that ships.

    Raises
    ------
    InputError
        If there is neither.
    """
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix in (".yaml", ".yml"):
        raise InputError(f"{path}: no such experiment file")
    known = shipped()
    if str(name) not in known:
        raise InputError(
            f"no experiment called {str(name)!r}{suggest(str(name), known)}; those that ship: "
            f"{', '.join(known)}; or give a YAML file"
        )
    return known[str(name)]


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    """A file's values over those of its base."""
    if path.resolve() in seen:
        raise InputError(f"{path}: its base: leads back to itself")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: not readable as YAML ({reason})") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: an experiment is a mapping of settings")
    base = values.pop("base", None)
    if base is None:
        return values
    beside = path.parent / str(base)
    parent = beside if beside.is_file() else find_experiment(str(base))
    return _merged(_read(parent, (*seen, path.resolve())), values)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """``over`` laid over ``base``; a mapping with another ``name`` or ``kind`` replaces it."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict) and not _another(old, value):
            result[key] = _merged(old, value)
        else:
            result[key] = value
    return result


def _another(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether both name a thing, and not the same one."""
    return any(key in new and new[key] != old.get(key) for key in ("name", "kind"))


def _override(values: dict[str, Any], override: str) -> None:
    """Put ``a.b=c`` into nested values."""
    dotted, equals, text = override.partition("=")
    keys = dotted.strip().split(".")
    if not equals or not all(keys):
        raise InputError(f"--set {override}: write it as key.key=value")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"--set {override}: the value is not YAML") from error
    if isinstance(value, str):
        value = _as_number(value)
    for key in keys[:-1]:
        inner = values.setdefault(key, {})
        if not isinstance(inner, dict):
            raise InputError(f"--set {override}: {key} is no group of settings")
        values = inner
    values[keys[-1]] = value


def _as_number(text: str) -> str | float:
    """YAML 1.1 reads ``3e-3`` as text, which nobody means."""
    try:
        return float(text)
    except ValueError:
        return text


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing wrong, in one line, with the right key where one is near."""
    first = error.errors()[0]
    # pydantic puts the tag of a union ("cqt") into the path; people write none
    path = [str(part) for part in first["loc"] if part not in ("cqt", "mel")]
    dotted = ".".join(path)
    if first["type"] == "extra_forbidden":
        known = _fields(model, path[:-1])
        return f"unknown key {dotted!r}{suggest(path[-1], known)}"
    return f"{dotted or 'experiment'}: {first['msg']}"


def _fields(model: Any, path: Sequence[str]) -> list[str]:
    """Names of the fields at a path of nested settings."""
    options = [model]
    for key in path:
        inner: list[Any] = []
        for option in options:
            info = option.model_fields.get(key)
            if info is not None:
                inner.extend(_models_in(info.annotation))
        options = inner
    return [name for option in options for name in option.model_fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The settings classes that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for part in getattr(annotation, "__args__", ()) for m in _models_in(part)]
