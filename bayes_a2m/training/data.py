"""Training examples in the form that Lightning expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import lightning as L
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from bayes_a2m.config.experiment import ConditionSettings
from bayes_a2m.datasets.degrade import Degraded
from bayes_a2m.datasets.example import Example
from bayes_a2m.datasets.random_windows import RandomWindows


class Batch(NamedTuple):
    """Examples padded to the longest.

    Attributes
    ----------
    features
        Shape ``(batch, frame, bin)``, dB.
    labels
        Class of every frame, shape ``(batch, frame)``.
    lengths
        Number of real frames, shape ``(batch,)``.
    conditions
        Name of every item's recording condition.
    """

    features: Tensor
    labels: Tensor
    lengths: Tensor
    conditions: tuple[str, ...] = ()

    def to(self, device: torch.device) -> Batch:
        """The same batch on a device."""
        features, labels, lengths = (part.to(device) for part in self[:3])
        return Batch(features, labels, lengths, self.conditions)


def collate(examples: Sequence[Example]) -> Batch:
    """Pad examples into one batch; padded labels are silence and are never looked at."""
    lengths = torch.tensor([len(e.labels) for e in examples])
    frames, bins = int(lengths.max()), examples[0].features.shape[1]
    features = torch.zeros(len(examples), frames, bins)
    labels = torch.zeros(len(examples), frames, dtype=torch.long)
    for i, example in enumerate(examples):
        features[i, : lengths[i]] = torch.from_numpy(example.features)
        labels[i, : lengths[i]] = torch.from_numpy(example.labels)
    return Batch(features, labels, lengths, tuple(e.condition for e in examples))


class ChangingExamples(Protocol):
    """Examples that are others in every epoch."""

    epoch: int


class EpochShuffle(Sampler[int]):
    """Order of examples by seed and epoch alone, so that a resumed run sees the same.

    Parameters
    ----------
    size, seed
        Number of examples, and the seed.
    changing
        Examples that are told of every epoch.
    rank, world
        Number of this process among so many, which share the examples out; a few are seen twice
        where they do not come out even.
    """

    def __init__(
        self, size: int, seed: int, *changing: ChangingExamples, rank: int = 0, world: int = 1
    ) -> None:
        self.size, self.seed, self.epoch = size, seed, 0
        self.changing = changing
        self.rank, self.world = rank, world

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch, also of examples that change; Lightning calls this before each."""
        self.epoch = epoch
        for examples in self.changing:
            examples.epoch = epoch

    def __len__(self) -> int:
        return -(-self.size // self.world)

    def __iter__(self) -> Iterator[int]:
        generator = np.random.default_rng([self.seed, 1, self.epoch])
        order = np.resize(generator.permutation(self.size), len(self) * self.world)
        yield from order[self.rank :: self.world].tolist()


class Examples(L.LightningDataModule):
    """Fitting and tuning examples; the fitting ones may be heard in other conditions.

    They are asked for a batch at a time, so that those of a store need not fit in memory.
    """

    def __init__(
        self,
        fit: Sequence[Example],
        tune: Sequence[Example],
        *,
        batch: int,
        seed: int,
        conditions: ConditionSettings | None = None,
    ) -> None:
        super().__init__()
        self.fit, self.tune, self.batch, self.seed = fit, tune, batch, seed
        self.degraded: Degraded | None = None
        if conditions is not None and conditions.share > 0:
            self.degraded = Degraded(self.fit, conditions, seed)

    def train_dataloader(self) -> DataLoader[Example]:
        """Make shuffled batches; the last one may be smaller."""
        changing = [e for e in (self.fit, self.degraded) if isinstance(e, RandomWindows | Degraded)]
        # several devices share a batch out, so that the settings mean the same on any number
        rank, world = (
            (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        )
        sampler = EpochShuffle(len(self.fit), self.seed, *changing, rank=rank, world=world)
        return DataLoader(
            self.degraded or self.fit,  # type: ignore[arg-type]  # a list is a map-style dataset
            batch_size=-(-self.batch // world),
            sampler=sampler,
            collate_fn=collate,
        )

    def val_dataloader(self) -> DataLoader[Example]:
        """Make batches of the tuning split, in order."""
        return DataLoader(
            self.tune,  # type: ignore[arg-type]
            batch_size=self.batch,
            collate_fn=collate,
        )
