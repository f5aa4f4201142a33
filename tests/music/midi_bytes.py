"""MIDI files byte by byte, odd ones too."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from pathlib import Path

Events = Iterable[tuple[int, bytes]]
"""Pairs of a tick and the bytes of an event."""

END = b"\x00\xff\x2f\x00"
TICKS = 960
"""Ticks a second at the default tempo and 480 ticks a beat."""


def number(value: int) -> bytes:
    """A number in seven bits a byte."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | (value & 0x7F))
    return bytes(reversed(out))


def body(events: Events) -> bytes:
    """Events with the ticks between them."""
    out, now = b"", 0
    for tick, data in events:
        out += number(tick - now) + data
        now = tick
    return out


def track(events: Events, *, end: bytes = END, length: int | None = None) -> bytes:
    """A track; ``length`` is what it claims where that is not the truth."""
    content = body(events) + end
    return b"MTrk" + struct.pack(">I", len(content) if length is None else length) + content


def midi(
    path: Path,
    *tracks: bytes,
    kind: int = 1,
    division: int | tuple[int, int] = 480,
    count: int | None = None,
) -> Path:
    """A file; ``division`` is ticks a beat, or (minus SMPTE frames, ticks a frame)."""
    time = (
        struct.pack(">h", division) if isinstance(division, int) else struct.pack("bB", *division)
    )
    number_of = len(tracks) if count is None else count
    header = b"MThd" + struct.pack(">IHH", 6, kind, number_of) + time
    path.write_bytes(header + b"".join(tracks))
    return path


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + struct.pack(">I", microseconds)[1:]


def on(pitch: int, velocity: int = 90, channel: int = 0) -> bytes:
    return bytes((0x90 | channel, pitch, velocity))


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes((0x80 | channel, pitch, 0))


def played(
    notes: Sequence[tuple[float, float, int]], per_second: float = TICKS, channel: int = 0
) -> list[tuple[int, bytes]]:
    """Note-ons and note-offs of (onset, offset, pitch), ends first where they share a tick."""
    events = [
        event
        for onset, offset, pitch in notes
        for event in (
            (round(onset * per_second), 1, on(pitch, channel=channel)),
            (round(offset * per_second), 0, off(pitch, channel)),
        )
    ]
    return [(tick, data) for tick, _, data in sorted(events)]
