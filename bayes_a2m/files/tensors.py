"""Files of tensors (safetensors), read within the boundary of all readers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError
from bayes_a2m.files.atomic import atomic_path
from bayes_a2m.files.reading import ensure_regular, reading

if TYPE_CHECKING:
    from torch import Tensor

DIGEST = "sha256"
"""The word under which the checksum of the tensors stands, where they were written with words."""


def read_tensors(path: Path, what: str, mend: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors of a file by name, and the words that were written with them.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, with its article.
    mend
        What to do where it is damaged.

    Raises
    ------
    InputError
        If it cannot be read, is damaged, or holds numbers that are not finite.
    """
    from safetensors import safe_open

    ensure_regular(path, what)
    with reading(path, what, mend):
        path.open(
            "rb"
        ).close()  # safetensors calls a file that may not be read one that is not there
    with reading(path, what, mend), safe_open(path, framework="pt") as file:
        words: dict[str, str] = dict(file.metadata() or {})
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no dict
        if DIGEST in words and words.pop(DIGEST) != digest_of(tensors):
            raise InputError(f"{path}: is damaged (its checksum is another); {mend}")
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise InputError(f"{path}: {name} holds numbers that are not finite; {mend}")
    return tensors, words


def write_tensors(
    path: Path, tensors: Mapping[str, Tensor], words: Mapping[str, str] | None = None
) -> None:
    """Write tensors by name, and words and a checksum with them, atomically."""
    from safetensors.torch import save_file

    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(contiguous, temporary, metadata={**(words or {}), DIGEST: digest_of(contiguous)})


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names, types, shapes and numbers of tensors."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
