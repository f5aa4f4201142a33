"""Training of a network by Lightning's loop."""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import Logger

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.augment import Transposition
from bayes_a2m.datasets.example import Example
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given
from bayes_a2m.networks.network import Network
from bayes_a2m.training.bar import EpochBar
from bayes_a2m.training.callbacks import (
    EpochWatch,
    RunningAverage,
    TrainingLog,
    WholeCheckpoints,
    read_checkpoint,
)
from bayes_a2m.training.data import Examples
from bayes_a2m.training.devices import MatrixPrecision
from bayes_a2m.training.distillation import Teachers
from bayes_a2m.training.label_times import LabelTimes, LabelTimesTraining
from bayes_a2m.training.losses import class_weights
from bayes_a2m.training.module import NetworkTraining


@dataclass(frozen=True)
class Trained:
    """Result of a training.

    Attributes
    ----------
    network
        Network with the weights of the epoch whose tuning NLL was lowest, in evaluation mode.
    log
        One row an epoch, as CSV text.
    seconds
        Time spent in epochs, over all restarts.
    """

    network: Network
    log: str
    seconds: float


def train(
    network: Network,
    fit: Sequence[Example],
    tune: Sequence[Example],
    *,
    normalizer: Normalizer,
    settings: TrainingSettings,
    floor_db: float,
    transposition: Transposition | None = None,
    seed: int,
    folder: Path | None = None,
    resume: bool = False,
    progress: bool = False,
    watch: Callable[[int, float], None] | None = None,
    events: Path | None = None,
    devices: int = 1,
    teachers: Teachers | None = None,
    label_times: LabelTimes | None = None,
) -> Trained:
    """Train ``network`` in place and return it with its best weights.

    Parameters
    ----------
    network
        Network with the weights to start from.
    fit, tune
        Examples to fit, and those whose NLL chooses the epoch.
    normalizer, floor_db
        Normalisation of the features, and the lowest level, dB.
    transposition
        How classes move with the bins, where the settings transpose.
    settings, seed
        Settings of the training; order and augmentation come from the seed alone.
    folder
        Folder in which checkpoints are kept while training lasts; a temporary one where left out.
    resume
        Whether to go on from the folder's last checkpoint, where there is one.
    progress
        Whether to show a progress bar on standard error.
    watch
        Told the number of every epoch and its tuning NLL; what it raises ends the training.
    events
        Folder of TensorBoard's event files; None writes none.
    devices
        Number of GPUs that share every batch out, a process each; of a machine without, processes.
    teachers
        Networks whose pooled probabilities it learns from beside the labels; None: from labels.
    label_times
        Times of the labels, which are learned with it, in place; None takes labels as they stand.

    Raises
    ------
    InputError
        If the loss is not finite: the message names epoch, batch and what to try.
    KeyboardInterrupt
        If interrupted; the folder then allows to resume.
    """
    weights = None
    if settings.class_weight_power:
        labels = [e.labels for e in fit]
        weights = torch.from_numpy(
            class_weights(labels, network.classes, settings.class_weight_power)
        )
    kind: Callable[..., NetworkTraining] = NetworkTraining
    if label_times is not None:
        kind = partial(LabelTimesTraining, label_times=label_times)
    module = kind(
        network,
        normalizer,
        settings,
        floor_db=floor_db,
        transposition=transposition,
        seed=seed,
        frames=sum(len(e.labels) for e in fit),
        class_weights=weights,
        teachers=teachers,
    )
    callbacks: list[Callback] = []
    if settings.averaging:
        callbacks.append(RunningAverage(settings.averaging))
    if watch is not None:
        callbacks.append(EpochWatch(watch))
    with home(folder) as kept:
        log = run(
            module,
            fit,
            tune,
            folder=kept,
            callbacks=callbacks,
            resume=resume,
            progress=progress,
            events=events,
            devices=devices,
        )
        network.load_state_dict(best_weights(kept, "network."))
        network.cpu().eval()
        if label_times is not None:
            label_times.load_state_dict(best_weights(kept, "label_times."))
            label_times.cpu().requires_grad_(False)
    return Trained(network, log.text(), log.seconds)


def run(
    module: NetworkTraining,
    fit: Sequence[Example] = (),
    tune: Sequence[Example] = (),
    *,
    data: L.LightningDataModule | None = None,
    folder: Path,
    callbacks: Sequence[Callback] = (),
    keep_best: bool = True,
    resume: bool = False,
    progress: bool = False,
    events: Path | None = None,
    devices: int = 1,
) -> TrainingLog:
    """Run Lightning's loop over a module; the settings are those it holds.

    Parameters
    ----------
    module
        Module to train. Its ``tuning_nll`` chooses the epoch, where one is chosen.
    fit, tune
        Examples to fit, and those of the tuning split.
    data
        Batches in place of those of ``fit`` and ``tune``.
    folder
        Folder in which ``best.ckpt``, ``last.ckpt`` and the log are written.
    callbacks
        Callbacks besides the log, the checkpoints and early stopping.
    keep_best
        Whether to keep the best epoch, too; else the last alone.
    resume, progress, events, devices
        The same as for :func:`train`.

    Returns
    -------
    TrainingLog
        One row an epoch.
    """
    settings = module.options
    log = TrainingLog(folder / "training.csv")
    checkpoint = ModelCheckpoint(
        folder,
        filename="best",
        monitor="tuning_nll",
        save_top_k=1 if keep_best else 0,
        save_last=True,
        enable_version_counter=False,
    )
    every: list[Callback] = [MatrixPrecision(settings.precision), log, *callbacks]
    if settings.early_stopping:
        every.append(EarlyStopping("tuning_nll", patience=settings.early_stopping.patience))
    if progress:
        every.append(EpochBar())
    every.append(checkpoint)
    with _quiet():
        trainer = L.Trainer(
            accelerator="auto",
            devices=devices,
            strategy="auto" if devices == 1 else "ddp_spawn",
            use_distributed_sampler=False,  # EpochShuffle shares them out
            max_epochs=settings.epochs,
            precision="32-true" if settings.precision == "tf32" else settings.precision,
            gradient_clip_val=settings.gradient_clip or None,
            callbacks=every,
            plugins=[WholeCheckpoints()],
            logger=_tensorboard(events),
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )
        last = folder / "last.ckpt"
        examples = data or Examples(
            fit,
            tune,
            batch=settings.batch,
            seed=module.seed,
            conditions=settings.augment.conditions,
        )
        start = str(last) if resume and is_given(last) else None
        with _interruptible(), channels_last(module.network):
            trainer.fit(module, examples, ckpt_path=start, weights_only=True)
    if devices > 1:  # the rows were written in another process
        log.load_state_dict(read_checkpoint(last)["callbacks"][log.state_key])
    if keep_best and not checkpoint.best_model_path:
        raise InputError("training: the tuning NLL was never finite; lower training.learning_rate")
    return log


def best_weights(folder: Path, prefix: str) -> dict[str, torch.Tensor]:
    """Read the tensors of ``best.ckpt`` whose names start with a prefix, which is taken off."""
    return tensors_of(folder / "best.ckpt", prefix)


def tensors_of(path: Path, prefix: str) -> dict[str, torch.Tensor]:
    """Read the tensors of a checkpoint whose names start with a prefix, which is taken off."""
    state = read_checkpoint(path)["state_dict"]
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


@contextmanager
def home(folder: Path | None) -> Iterator[Path]:
    """Yield the folder given, or a temporary one that is removed afterwards."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bayes-a2m-") as temporary:
        yield Path(temporary)


@contextmanager
def channels_last(network: Network) -> Iterator[None]:
    """Lay convolutions out with channels last while it trains.

    Processors then take 0.55 of the time for a step; the sums are the same but for their order.
    In use there is little to gain, so the weights come back as they were.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    try:
        yield
    finally:
        network.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]


def _tensorboard(events: Path | None) -> Logger | bool:
    """The logger of TensorBoard's event files, beside the table that is always written."""
    if events is None:
        return False
    from lightning.pytorch.loggers import TensorBoardLogger

    try:
        return TensorBoardLogger(events, name="", version="")
    except ModuleNotFoundError as error:
        raise InputError(
            "--logger tensorboard: is not installed; pip install 'bayes_a2m[tensorboard]'"
        ) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Hand Ctrl-C on: Lightning leaves the process on it, and leaves it deaf to the next."""
    handler = signal.getsignal(signal.SIGINT)
    try:
        yield
    except SystemExit as end:
        raise KeyboardInterrupt from end
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Lightning's advertisements and hints to itself while it works."""
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"lightning\..*")
            warnings.filterwarnings("ignore", message=".*does not have many workers.*")
            yield
    finally:
        logger.setLevel(level)
