"""Train a network: Lightning's loop around a pure start and end."""

from __future__ import annotations

import logging
import signal
import tempfile
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.errors import InputError
from bayes_a2m.networks.network import Network
from bayes_a2m.studies.spec import TrainingSettings
from bayes_a2m.training.bar import EpochBar
from bayes_a2m.training.callbacks import RunningAverage, TrainingLog, WholeCheckpoints
from bayes_a2m.training.data import Example, Examples
from bayes_a2m.training.losses import class_weights
from bayes_a2m.training.module import NetworkTraining


@dataclass(frozen=True)
class Trained:
    """What training leaves.

    Attributes
    ----------
    network
        With the weights of the epoch whose tuning NLL was lowest, in evaluation mode.
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
    seed: int,
    folder: Path | None = None,
    resume: bool = False,
    progress: bool = False,
) -> Trained:
    """Train ``network`` in place and return it with its best weights.

    Parameters
    ----------
    network
        With the weights to start from.
    fit, tune
        Examples to fit, and those whose NLL chooses the epoch.
    normalizer, floor_db
        How the network wants its features, and the lowest level, dB.
    settings, seed
        How to train; order and augmentation come from the seed alone.
    folder
        Where checkpoints are kept while training lasts; a temporary one where left out.
    resume
        Go on from the folder's last checkpoint, where there is one.
    progress
        Show a progress bar on standard error.

    Raises
    ------
    InputError
        If the loss is not finite: the message names epoch, batch and what to try.
    KeyboardInterrupt
        If interrupted; the folder then allows to resume.
    """
    with _home(folder) as home:
        weights = None
        if settings.class_weight_power:
            labels = [e.labels for e in fit]
            weights = torch.from_numpy(
                class_weights(labels, network.classes, settings.class_weight_power)
            )
        module = NetworkTraining(
            network, normalizer, settings, floor_db=floor_db, seed=seed, class_weights=weights
        )
        log = TrainingLog(home / "training.csv")
        best = ModelCheckpoint(
            home,
            filename="best",
            monitor="tuning_nll",
            save_top_k=1,
            save_last=True,
            enable_version_counter=False,
        )
        callbacks: list[Callback] = [log]
        if settings.averaging:
            callbacks.append(RunningAverage(settings.averaging))
        if settings.early_stopping:
            callbacks.append(EarlyStopping("tuning_nll", patience=settings.early_stopping.patience))
        if progress:
            callbacks.append(EpochBar())
        callbacks.append(best)
        with _quiet():
            trainer = L.Trainer(
                accelerator="auto",
                devices=1,
                max_epochs=settings.epochs,
                precision=settings.precision,
                gradient_clip_val=settings.gradient_clip or None,
                callbacks=callbacks,
                plugins=[WholeCheckpoints()],
                logger=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                num_sanity_val_steps=0,
            )
            last = home / "last.ckpt"
            examples = Examples(fit, tune, batch=settings.batch, seed=seed)
            start = str(last) if resume and last.is_file() else None
            with _interruptible():
                trainer.fit(module, examples, ckpt_path=start, weights_only=True)
        _load_best(network, best.best_model_path)
        return Trained(network, log.text(), sum(row["seconds"] for row in log.rows))


def _load_best(network: Network, path: str) -> None:
    """Give the network the weights of its best epoch, on the processor, ready for use."""
    if not path:
        raise InputError("training: the tuning NLL was never finite; lower training.learning_rate")
    state = torch.load(path, weights_only=True, map_location="cpu")["state_dict"]
    prefix = "network."
    own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    network.load_state_dict(own)
    network.cpu().eval()


@contextmanager
def _home(folder: Path | None) -> Iterator[Path]:
    """The folder given, or one that is gone afterwards."""
    if folder is not None:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="bayes-a2m-") as temporary:
        yield Path(temporary)


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
