"""Progress bar of a training, with the time left and the tuning NLL."""

from __future__ import annotations

from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class EpochBar(Callback):
    """Progress on stderr: a bar over all steps on a terminal, a line for each epoch elsewhere."""

    def __init__(self) -> None:
        self.best: tuple[float, int] | None = None
        self._made: Progress | None = None

    @property
    def _bar(self) -> Progress:
        assert self._made is not None
        return self._made

    @property
    def console(self) -> Console:
        """The console that the bar is shown on."""
        return self._bar.console

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Make the bar, in the process that shows it: it could not be sent to another."""
        console = Console(stderr=True, highlight=False, quiet=not trainer.is_global_zero)
        self._made = Progress(
            TextColumn("training"),
            BarColumn(),
            TextColumn("{task.fields[words]}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None, words="")

    def on_train_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Show the bar, filled as far as a resumed training has come."""
        steps = int(trainer.estimated_stepping_batches)
        if self.console.is_terminal:
            self._bar.start()
        self._bar.update(self._task, total=steps, completed=trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: L.Trainer,
        pl_module: L.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Move the bar one step on."""
        self._bar.update(self._task, completed=trainer.global_step)

    def on_train_epoch_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Show the tuning NLL at the end of the epoch."""
        epoch, nll = trainer.current_epoch + 1, float(trainer.callback_metrics["tuning_nll"])
        if self.best is None or nll < self.best[0]:
            self.best = (nll, epoch)
        words = f"epoch {epoch}/{trainer.max_epochs}, tuning NLL {nll:.3f}"
        words += f" (best {self.best[0]:.3f} in epoch {self.best[1]})"
        self._bar.update(self._task, words=words)
        if not self.console.is_terminal:
            self.console.print(words, soft_wrap=True)

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Take the bar away."""
        self._stop()

    def on_exception(
        self, trainer: L.Trainer, pl_module: L.LightningModule, exception: BaseException
    ) -> None:
        """Take the bar away also when the training breaks off."""
        self._stop()

    def _stop(self) -> None:
        # a bar that is not shown ends with an empty line in some versions of rich
        if self._made is not None and self.console.is_terminal:
            self._bar.stop()
