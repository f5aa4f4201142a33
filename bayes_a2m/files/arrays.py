"""Archives of arrays (``.npz``), read within bounds.

``numpy.load`` makes an array of the size that the file claims before it looks for its content, so
a few kilobytes may ask for more memory than there is. Here a claim has to agree with what is there,
and what is there may not be more than compression can make of the file.
"""

from __future__ import annotations

import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bayes_a2m.errors import InputError
from bayes_a2m.files.reading import ensure_regular, reading

DENSEST = 1100
"""Bytes that one byte of a compressed file may stand for; deflate reaches 1,032."""

LARGEST = 2**30
"""Bytes that all arrays of a file may take."""


def read_arrays(path: Path, what: str) -> dict[str, NDArray[Any]]:
    """All arrays of an ``.npz`` file, by name; none of Python's objects.

    Parameters
    ----------
    path
        The file.
    what
        What it should be, with its article.

    Raises
    ------
    InputError
        If it cannot be read, is no such archive, is damaged, or stands for too much.
    """
    size = ensure_regular(path, what)
    with reading(path, what), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        total = sum(member.file_size for member in members)
        if total > min(LARGEST, DENSEST * size):
            raise InputError(f"its arrays would take {total / 2**20:,.0f} MiB; make it again")
        return {m.filename.removesuffix(".npy"): _array(archive.read(m)) for m in members}


def _array(content: bytes) -> NDArray[Any]:
    """The array of a ``.npy`` file, if it has the bytes that its header claims."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if header is None:
        raise ValueError(f"version {version} of the format is not known")
    shape, _, dtype = header(file)
    claimed = math.prod(shape) * dtype.itemsize
    if dtype.hasobject or min(shape, default=0) < 0 or claimed != len(content) - file.tell():
        raise ValueError("an array is not of the size that it claims")
    file.seek(0)
    array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array
