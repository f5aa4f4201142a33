"""GPUs of a training: how many there are, and in which precision they multiply."""

from __future__ import annotations

from typing import Any

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback

from bayes_a2m.errors import InputError


def ensure_devices(count: int) -> None:
    """See that there are so many GPUs; one device there always is.

    Raises
    ------
    InputError
        If there are fewer.
    """
    there = torch.cuda.device_count()
    if count > max(1, there):
        has = {0: "no GPU", 1: "one GPU"}.get(there, f"{there} GPUs")
        raise InputError(f"--devices {count}: this machine has {has}; give {max(1, there)} at most")


class MatrixPrecision(Callback):
    """Precision of products of matrices on GPUs while a training lasts.

    ``tf32`` multiplies with 10 bits of mantissa and adds in single precision, which takes a
    fraction of the time; ``32-true`` means single precision, also in convolutions, where cuDNN
    would otherwise round; ``bf16-mixed`` is Lightning's to set. Processors multiply as they are.

    Parameters
    ----------
    precision
        What ``training.precision`` says.
    """

    def __init__(self, precision: str) -> None:
        self.precision = precision
        self._before: tuple[bool, bool] | None = None

    def setup(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Set the precision, in every process that trains."""
        if self.precision == "bf16-mixed":
            return
        products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
        self._before = (products.allow_tf32, convolutions.allow_tf32)
        products.allow_tf32 = convolutions.allow_tf32 = self.precision == "tf32"

    def teardown(self, trainer: L.Trainer, pl_module: L.LightningModule, stage: str) -> None:
        """Leave it as it was."""
        self._restore()

    def on_exception(self, *given: Any) -> None:
        """Leave it as it was also when the training breaks off."""
        self._restore()

    def _restore(self) -> None:
        if self._before is not None:
            products, convolutions = torch.backends.cuda.matmul, torch.backends.cudnn
            products.allow_tf32, convolutions.allow_tf32 = self._before
            self._before = None
