"""Callbacks of a training: averaging, the log, checkpoints that survive a kill."""

from __future__ import annotations

import csv
import io
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins.io import TorchCheckpointIO
from lightning.pytorch.callbacks import Callback, WeightAveraging
from torch import Tensor

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path, ensure_regular, reading, write_text

HANDED_OVER = ".temp.ckpt"
"""File of bare weights by which Lightning hands those of several devices to the first process."""

COLUMNS = ("epoch", "train_nll", "tuning_nll", "tuning_accuracy", "learning_rate", "seconds")


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are there whole or not at all, also after a kill, and read with care."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any | None = None
    ) -> None:
        """Write atomically.

        Raises
        ------
        InputError
            If there is no room.
        """
        content = io.BytesIO()  # torch does not say what keeps it from writing to a file
        torch.save(checkpoint, content)
        with atomic_path(Path(path)) as temporary:
            temporary.write_bytes(content.getbuffer())

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read one by :func:`read_checkpoint`, wherever its tensors were."""
        if Path(path).name == HANDED_OVER:
            weights: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
            return weights
        return read_checkpoint(Path(path))


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, its tensors in the memory of the processor.

    It is an archive whose parts have checksums, which torch does not look at.

    Raises
    ------
    InputError
        If it cannot be read, is no checkpoint, or is damaged.
    """
    what, mend = "a checkpoint", f"delete {path.parent} and train again"
    ensure_regular(path, what)
    with reading(path, what, mend):
        with zipfile.ZipFile(path) as archive:
            if (damaged := archive.testzip()) is not None:
                raise InputError(f"{path}: is damaged in {damaged}; {mend}")
        content = torch.load(path, weights_only=True, map_location="cpu")
        if not isinstance(content, dict) or not isinstance(content.get("state_dict"), dict):
            raise InputError(f"{path}: is no checkpoint of a training; {mend}")
    return content


class RunningAverage(WeightAveraging):
    """Exponential average of weights and of batch normalisation's statistics.

    The decay grows with the number of steps, ``min(decay, (1 + n) / (10 + n))``, so that the
    average forgets the random start. Evaluation and checkpoints see the averaged weights.
    """

    def __init__(self, decay: float) -> None:
        # a partial function: others cannot be sent to the processes of several devices
        super().__init__(use_buffers=True, avg_fn=partial(_average, decay))


def _average(decay: float, averaged: Tensor, current: Tensor, count: Any) -> Tensor:
    if not averaged.is_floating_point():
        return current
    share = min(decay, (1 + int(count)) / (10 + int(count)))
    return averaged.lerp(current, 1 - share)


class EpochWatch(Callback):
    """Teller of every epoch's tuning NLL to a function, which may end the training by raising."""

    def __init__(self, watch: Callable[[int, float], None]) -> None:
        self.watch = watch

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Tell the epoch's number and NLL; validation has run by now."""
        self.watch(trainer.current_epoch, float(trainer.callback_metrics["tuning_nll"]))


class TrainingLog(Callback):
    """Log of a training, one row an epoch, kept in the checkpoint and written to a CSV file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows: list[dict[str, float]] = []
        self._started = 0.0

    def on_train_epoch_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Start the clock."""
        self._started = time.perf_counter()

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Write the row; validation has run by now, the averaged loss of the epoch is known."""
        metrics = trainer.callback_metrics
        row = {"epoch": float(trainer.current_epoch)}
        for name in ("train_nll", "tuning_nll", "tuning_accuracy"):
            row[name] = float(metrics[name])
        row["learning_rate"] = float(trainer.optimizers[0].param_groups[0]["lr"])
        row["seconds"] = time.perf_counter() - self._started
        self.rows.append(row)
        if trainer.is_global_zero:
            write_text(self.path, self.text())

    @property
    def seconds(self) -> float:
        """Seconds spent in epochs, over all restarts."""
        return sum(row["seconds"] for row in self.rows)

    def text(self) -> str:
        """Convert the rows to CSV."""
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            writer.writerow([f"{row[name]:.6g}" for name in COLUMNS])
        return buffer.getvalue()

    def state_dict(self) -> dict[str, Any]:
        """Return the rows, for a checkpoint."""
        return {"rows": self.rows}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the rows from a checkpoint."""
        self.rows = list(state_dict["rows"])
