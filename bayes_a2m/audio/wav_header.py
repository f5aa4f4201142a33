"""The header of a WAV file: the length it claims, and how much is there.

A recorder writes the header first and fills in the lengths when it stops. Where it was killed they
are still 0, where it wrote to a pipe they are 0xFFFFFFFF or near it, and where a copy broke off
they are more than is there. The sound is there all the same: from the first byte of the ``data``
chunk to the end of the file.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

_ORDERS = {b"RIFF": "<", b"RIFX": ">"}
_UNCODED = (1, 3, 0xFFFE)
"""Kinds of samples as they are: integers, floats, and either with a longer header."""

_UNKNOWN = 0x7FFF0000
"""Bytes from which on a claim means "not known": what programs write that do not know it."""


@dataclass(frozen=True)
class WavHeader:
    """A header, and what follows it.

    Attributes
    ----------
    start
        The byte at which the samples start.
    claimed
        Bytes of samples, as the header says.
    there
        Bytes from ``start`` to the end of the file.
    block, per_second
        Bytes that are decoded together (one sample of every channel, where there is no coding), and
        bytes that make a second.
    followed
        Whether what follows the claimed samples is made of chunks, or nothing.
    order
        The order of bytes as :mod:`struct` has it, ``"<"`` or ``">"``.
    """

    start: int
    claimed: int
    there: int
    block: int
    per_second: int
    followed: bool
    order: str

    @property
    def unfinished(self) -> bool:
        """Whether no length was ever filled in, and samples are there."""
        return self.claimed == 0 and self.there >= self.block and not self.followed

    @property
    def remark(self) -> str:
        """The header's oddity, in words; "" where there is none."""
        seconds, claimed = self.there / self.per_second, self.claimed / self.per_second
        if self.unfinished or (self.claimed >= _UNKNOWN and self.claimed > self.there + 1):
            return f"its header was never finished: all {seconds:.3f} s that are there are read"
        if self.claimed > self.there + 1:
            return f"its header claims {claimed:.3f} s, {seconds:.3f} s are there: they are read"
        rest = seconds - claimed
        if not self.followed and rest > 1:
            return (
                f"its header claims {claimed:.3f} s, and after them lie bytes enough for "
                f"{rest:.3f} s more: they are not read; if they are sound, export it again"
            )
        return ""

    def mended(self, content: bytes) -> bytes:
        """The content of an unfinished file with the length it has."""
        length = self.there - self.there % self.block
        riff = self.start + length - 8
        fixed = bytearray(content[: self.start + length])
        fixed[4:8] = struct.pack(self.order + "I", riff)
        fixed[self.start - 4 : self.start] = struct.pack(self.order + "I", length)
        return bytes(fixed)


def read_header(file: BinaryIO) -> WavHeader | None:
    """The header of a WAV file; None where the file is none, or holds no samples' chunk."""
    size = file.seek(0, 2)
    file.seek(0)
    riff = file.read(12)
    order = _ORDERS.get(riff[:4])
    if order is None or riff[8:12] != b"WAVE":
        return None
    at, block, per_second = 12, 0, 0
    while len(head := _at(file, at, 8)) == 8:
        length: int = struct.unpack(order + "I", head[4:])[0]
        if head[:4] == b"fmt ":
            fields = _at(file, at + 8, 14)
            if len(fields) < 14:
                return None
            kind, _, rate, stated, block = struct.unpack(order + "HHIIH", fields)
            per_second = rate * block if kind in _UNCODED or not stated else stated
        if head[:4] == b"data":
            if not (block and per_second):
                return None
            start = at + 8
            followed = _is_chunks(file, start + length + length % 2, size, order)
            return WavHeader(start, length, size - start, block, per_second, followed, order)
        at += 8 + length + length % 2
    return None


def _at(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


def _is_chunks(file: BinaryIO, at: int, size: int, order: str) -> bool:
    """Whether chunks lie here, each with a printable name, up to the end of the file."""
    while at < size - 1:  # a padding byte may be left
        head = _at(file, at, 8)
        printable = all(32 <= byte < 127 for byte in head[:4])
        if len(head) < 8 or not printable:
            return False
        length = struct.unpack(order + "I", head[4:])[0]
        at += 8 + length + length % 2
    return at <= size + 1
