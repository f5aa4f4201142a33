"""NetCDF files of predictions, with a checksum, and read with care.

A file is a NetCDF 4 (HDF5) file with 82 bytes behind it, which the format ignores: the SHA-256 of
what stands before them. HDF5 is easily led astray by damaged bytes, into endless loops and faults
of memory, so the checksum is looked at before the library is. A file without one was made by
somebody else, or by version 0.1.0: another process reads it, within bounds of time and memory, and
hands on what it found.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bayes_a2m.errors import InputError
from bayes_a2m.files import atomic_path, ensure_regular, reading
from bayes_a2m.files.formats import KEY, check_version
from bayes_a2m.files.uninterrupted import uninterrupted
from bayes_a2m.prediction.netcdf import FORMAT

if TYPE_CHECKING:
    import xarray

MARK = b"\nbayes-a2m sha256 "
"""What a checksum begins with."""

WHAT = "a NetCDF file of predictions"

SLOWEST = 4e6
"""Bytes a second at which reading somebody else's file is given up."""

PATIENCE = 8.0
"""Seconds of a processor that reading somebody else's file may take besides, most for imports."""

CROWDED = 8
"""How many times longer it may take where other processes want the processor, too."""

DENSEST = 2000
"""Bytes that one byte of a file may stand for; compression reaches half of that."""

LARGEST = 4 * 2**30
"""Bytes that somebody else's file may stand for at most."""

_READER = """
import sys
import xarray
path, most = sys.argv[1], int(sys.argv[2])
with open(path, "rb") as file:
    engine = "scipy" if file.read(3) == b"CDF" else "h5netcdf"
with xarray.open_dataset(path, engine=engine) as data:
    asked = sum(v.nbytes for v in data.variables.values())
    if asked > most:
        sys.exit(f"its arrays would take {asked / 2**20:,.0f} MiB")
    data = data.load()
for variable in data.variables.values():
    variable.encoding = {}
sys.stdout.buffer.write(data.to_netcdf(None, engine="h5netcdf"))
"""


def read_netcdf(path: Path) -> xarray.Dataset:
    """Read an xarray dataset whole.

    Raises
    ------
    InputError
        If the file is missing, is no NetCDF, or is damaged.
    """
    import xarray

    if not path.is_file() and not path.exists():
        raise InputError(f"{path}: no such predictions file")
    size = ensure_regular(path, WHAT)
    with reading(path, WHAT, "write it again"):
        content = path.read_bytes()
        body, mark, digest = content.rpartition(MARK)
        if mark and len(digest) == 65:
            if hashlib.sha256(body).hexdigest().encode() != digest[:-1]:
                raise InputError(f"{path}: is damaged (its checksum is another); write it again")
        else:
            body = _read_apart(path, size)
        with (
            uninterrupted(),
            xarray.open_dataset(io.BytesIO(body), engine="h5netcdf") as data,
        ):
            check_version(data.attrs.get(KEY), FORMAT, str(path))
            return data.load()


def write_netcdf(path: Path, data: xarray.Dataset) -> None:
    """Write an xarray dataset as compressed NetCDF 4 with its checksum, atomically."""
    packed = {name: {"zlib": True, "complevel": 4} for name in data.data_vars}
    # in memory first: where the disk is full HDF5 ends the whole process
    buffer = io.BytesIO()
    with uninterrupted():
        data.to_netcdf(buffer, engine="h5netcdf", encoding=packed)
    body = buffer.getvalue()
    with atomic_path(path) as temporary:
        digest = hashlib.sha256(body).hexdigest().encode()
        temporary.write_bytes(body + MARK + digest + b"\n")


def _read_apart(path: Path, size: int) -> bytes:
    """What another process reads of a file, written anew.

    Raises
    ------
    InputError
        If it is none, or the library fails, for ever or with a fault.
    """
    most = min(LARGEST, DENSEST * size + 2**20)
    command = [sys.executable, "-c", _READER, str(path.absolute()), str(most)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=CROWDED * (PATIENCE + size / SLOWEST),
            env=environment,
            preexec_fn=partial(_bounded, size) if os.name == "posix" else None,
        )
    except subprocess.TimeoutExpired:
        raise InputError(f"{path}: not {WHAT}, or damaged (reading it does not end)") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == -getattr(signal, "SIGXCPU", 0):
        raise InputError(f"{path}: not {WHAT}, or damaged (reading it does not end)")
    if done.returncode < 0:
        raise InputError(f"{path}: not {WHAT}, or damaged (the HDF5 library fails on it)")
    lines = done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
    raise InputError(f"{path}: not {WHAT}, or damaged ({lines[-1][:200]})")


def _bounded(size: int) -> None:
    """Bound the memory and the time of the process that reads, where the system can."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (4 * LARGEST, 4 * LARGEST))
    seconds = math.ceil(PATIENCE + size / SLOWEST)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
