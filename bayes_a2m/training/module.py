"""Lightning module of a training: one step, the optimiser, the schedule."""

from __future__ import annotations

from typing import Any

import lightning as L
import numpy as np
import torch
from torch import Tensor

from bayes_a2m.audio.normalizer import LEAST_STD, Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.augment import Transposition, augment
from bayes_a2m.errors import InputError
from bayes_a2m.networks import dropout
from bayes_a2m.networks.network import Network
from bayes_a2m.training.data import Batch
from bayes_a2m.training.distillation import Teachers, cross_entropy
from bayes_a2m.training.label_losses import soft_loss, tolerant_loss

MOMENTUM = 0.9
"""Momentum of SGD."""


class NetworkTraining(L.LightningModule):
    """Training of a network by the loss of its head.

    It logs ``train_nll`` (the loss, augmented), ``tuning_nll`` and ``tuning_accuracy``, each a
    mean over frames. Other ways of learning override :meth:`objective` and
    :meth:`configure_optimizers`.
    """

    def __init__(
        self,
        network: Network,
        normalizer: Normalizer,
        settings: TrainingSettings,
        *,
        floor_db: float,
        transposition: Transposition | None = None,
        seed: int,
        frames: int,
        class_weights: Tensor | None = None,
        teachers: Teachers | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self.normalizer = normalizer
        self.options = settings
        self.floor_db = floor_db
        self.transposition = transposition
        self.seed = seed
        self.frames = frames
        self.class_weights = class_weights
        self.teachers = teachers

    def on_fit_start(self) -> None:
        """Bring the teachers to where the network trains; they are no part of a checkpoint."""
        if self.teachers is not None:
            self.teachers = self.teachers.copies(self.device)

    def normalized(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Normalise a batch of decibels for the network; padding enters no statistic."""
        if self.normalizer.of == "training":
            return (features - self.normalizer.mean) / self.normalizer.std
        real = torch.arange(features.shape[1], device=features.device) < lengths[:, None]
        count = lengths[:, None, None] * features.shape[2]
        inside = features * real[:, :, None]
        mean = inside.sum((1, 2), keepdim=True) / count
        centred = (features - mean) * real[:, :, None]
        std = (centred.square().sum((1, 2), keepdim=True) / count).sqrt().clamp_min(LEAST_STD)
        return centred / std

    def transfer_batch_to_device(self, batch: Any, device: torch.device, index: int) -> Any:
        """Leave a batch to be augmented where its generator draws, on the processor."""
        if isinstance(batch, Batch) and self.trainer.training:
            return batch
        return super().transfer_batch_to_device(batch, device, index)

    def training_step(self, batch: Batch, index: int) -> Tensor:
        """Compute the loss of one augmented batch."""
        # a generator of the step's own: a resumed run draws what an unbroken one would
        place = [self.seed, 2, self.current_epoch, index]
        if self.global_rank:  # each device draws its own
            place.append(self.global_rank)
        seed = np.random.SeedSequence(place)
        generator = torch.Generator().manual_seed(int(seed.generate_state(1)[0]))
        features, labels = augment(
            batch.features,
            batch.labels,
            batch.lengths,
            self.options.augment,
            self.floor_db,
            generator,
            self.transposition,
        )
        batch = Batch(features, labels, batch.lengths, batch.conditions).to(self.device)
        features = self.normalized(batch.features, batch.lengths)
        loss = self.objective(batch._replace(features=features), generator)
        if not torch.isfinite(loss):
            raise InputError(
                f"training: the loss is {loss.item()} in epoch {self.current_epoch}, batch "
                f"{index}; lower training.learning_rate or set training.gradient_clip"
            )
        frames = int(batch.lengths.sum())
        several = self.trainer.world_size > 1
        options: dict[str, Any] = {"on_step": False, "on_epoch": True, "prog_bar": True}
        self.log("train_nll", loss, batch_size=frames, sync_dist=several, **options)
        return loss

    def objective(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """Compute the loss that one step lowers, a mean over frames.

        Parameters
        ----------
        batch
            Augmented and normalised examples.
        generator
            Source of all that is random in the step.
        """
        features, labels, lengths, _ = batch
        masks = dropout.training_masks(self.network, len(features), generator)
        with dropout.applied(self.network, masks):
            trunk = self.network.trunk(features, lengths)
            log_probs = self.network.head(trunk, lengths)
        loss = self.class_loss(log_probs, batch)
        if (more := self.network.head.extra_loss(trunk, labels, lengths)) is not None:
            loss = loss + more
        if self.teachers is not None:
            taught = cross_entropy(log_probs, self.teachers.pooled(features, lengths), lengths)
            loss = torch.lerp(loss, taught, self.teachers.weight)
        if (onsets := self.network.onset_head) is not None:
            loss = loss + onsets.options.weight * onsets.loss(onsets(trunk), labels, lengths)
        extra = dropout.regularizer(self.network, self.frames)
        return loss if extra is None else loss + extra

    def class_loss(self, log_probs: Tensor, batch: Batch) -> Tensor:
        """Compute the loss of classes that the settings ask for, a mean over frames, in nats."""
        options, head = self.options, self.network.head
        labels, lengths = batch.labels, batch.lengths
        if (times := options.labels) is None:
            return head.loss(
                log_probs,
                labels,
                lengths,
                None if self.class_weights is None else self.class_weights.to(log_probs),
                focal=options.focal,
                smoothing=options.label_smoothing,
            )
        if times.loss == "soft":
            return soft_loss(head.weighted(log_probs), labels, lengths, times.width)
        return tolerant_loss(log_probs, labels, lengths, times.reach)

    def answer(self, features: Tensor, lengths: Tensor) -> Tensor:
        """Compute the log-probabilities that are judged on the tuning split."""
        answer: Tensor = self.network(features, lengths)
        return answer

    def validation_step(self, batch: Batch, index: int) -> None:
        """Log NLL and accuracy on the tuning split."""
        features = self.normalized(batch.features, batch.lengths)
        log_probs = self.answer(features, batch.lengths)
        frames = batch.labels.shape[1]
        real = torch.arange(frames, device=self.device) < batch.lengths[:, None]
        # the plain NLL, whatever the weights of the stages are in training: epochs are compared by
        # it
        loss = torch.nn.functional.nll_loss(log_probs[real], batch.labels[real])
        right = (log_probs.argmax(-1) == batch.labels)[real].float().mean()
        count = int(batch.lengths.sum())
        # several devices differ in the statistics of batch normalisation, and have to agree
        both: dict[str, Any] = {"batch_size": count, "sync_dist": self.trainer.world_size > 1}
        self.log("tuning_nll", loss, on_epoch=True, prog_bar=True, **both)
        self.log("tuning_accuracy", right, on_epoch=True, prog_bar=True, **both)

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return what is trained, in the optimiser's groups."""
        return [{"params": list(self.network.parameters())}]

    def configure_optimizers(self) -> Any:
        """Make the optimiser, and its schedule: one cycle, cosine, plateau or constant."""
        options = self.options
        optimizer = _optimizer(options, self.parameter_groups())
        if options.schedule == "constant":
            return optimizer
        if options.schedule == "plateau":
            plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimizer, factor=0.5, patience=options.plateau_patience
            )
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": plateau, "monitor": "tuning_nll"},
            }
        steps = max(2, int(self.trainer.estimated_stepping_batches))
        if options.schedule == "cosine":
            cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
            return {
                "optimizer": optimizer,
                "lr_scheduler": {"scheduler": cosine, "interval": "step"},
            }
        cycle = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=options.learning_rate,
            total_steps=steps,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": cycle, "interval": "step"}}


def _optimizer(
    options: TrainingSettings, parameters: list[dict[str, Any]]
) -> torch.optim.Optimizer:
    """Make the optimiser; weight decay is decoupled (AdamW's), an L2 penalty in Adam and SGD."""
    rate, decay = options.learning_rate, options.weight_decay
    match options.optimizer:
        case "adamw":
            return torch.optim.AdamW(parameters, lr=rate, weight_decay=decay)
        case "adam":
            return torch.optim.Adam(parameters, lr=rate, weight_decay=decay)
        case "radam":
            return torch.optim.RAdam(
                parameters, lr=rate, weight_decay=decay, decoupled_weight_decay=True
            )
        case "sgd":
            return torch.optim.SGD(
                parameters, lr=rate, weight_decay=decay, momentum=MOMENTUM, nesterov=True
            )
