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
from pathlib import Path

import lightning as L
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint

from bayes_a2m.audio.normalizer import Normalizer
from bayes_a2m.config.experiment import TrainingSettings
from bayes_a2m.datasets.augment import Transposition
from bayes_a2m.datasets.example import Example
from bayes_a2m.errors import InputError
from bayes_a2m.files import is_given
from bayes_a2m.networks.network import Network
from bayes_a2m.training.bar import EpochBar
