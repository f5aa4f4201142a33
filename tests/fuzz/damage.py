"""Damage to the content of a file: what disks, copies, programs and people do to it."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

HOSTILE = (
    b"",
    b"\0" * 100,
    b"\xff\xfe\x00",
    b"\xef\xbb\xbf",
    b"[" * 100_000,
    b"{" * 100_000,
    b"- " * 50_000,
    b'{"a":' * 50_000,
    b"a: &a [x, x]\n" + b"".join(b"b%d: &b%d [*a, *a]\n" % (i, i) for i in range(300)),
    b"b0: &b0 {x: 1}\n"
    + b"".join(b"b%d: &b%d {<<: [*b%d, *b%d]}\n" % (i, i, i - 1, i - 1) for i in range(1, 40)),
    b"&a [*a]",
    b"!!python/object/apply:os.system [touch /tmp/hostile]",
    b'{"mean": NaN, "std": -1e999}',
    b"hop: 1e9\nfeatures: {hop: 1000000000}",
    b"seed: " + b"9" * 5000,
    b"when: 2020-99-99",
    b"null",
    b"[]",
    b"{}",
    b"0",
    b'"text"',
    b"id,condition\n" + b'"' + b"x" * 200_000,
    b"id,id,id\n1,2,3,4,5\n\n,,,\n",
    b"id\n" + b"9" * 5000 + b"\n",
    b"RIFF\xff\xff\xff\xffWAVEfmt ",
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\1\0\0\0\2\0\0\0\2\0\x10\0data\0\0\1\0"
    + b"\1" * 8000,
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\0\4\x80>\0\0\0\0\0\0\0\x08\x10\0data\0\0\1\0"
    + b"\1" * 8000,
    b"MThd\0\0\0\6\0\1\xff\xff\0\1MTrk\xff\xff\xff\xff",
    b"MThd\0\0\0\6\0\1\0\1\0\x60MTrk\0\0\0\x08\0\x90\x3c\x40\xff\xff\xff\x7f",
    b"fLaC" + b"\xff" * 60,
    b"OggS" + b"\0" * 60,
    b"ID3\4\0\0\x7f\x7f\x7f\x7f",
    b"\x89HDF\r\n\x1a\n" + b"\xff" * 500,
    b"CDF\x01" + b"\x7f" * 500,
    b"PK\x03\x04" + b"\xff" * 100,
    b"\xff\xff\xff\xff\xff\xff\xff\x7f{}",
    b'\x08\0\0\0\0\0\0\0{"a":{}}',
    b"#EXTM3U\n#EXTINF:1,\n/etc/hostname\n",
)
"""What is hostile to one reader or another; every reader is given all of it."""

NUMBERS = (
    *("NaN", "-1", "0", "1e999", "-1e999", "1e-320", "1000000000000", "9" * 400, "null", '"x"'),
    *("[]", "{}", "true", "1e9", "-0.0", "[[1]]", "١"),
)
"""What may stand in place of a number."""


@dataclass(frozen=True)
class Damaged:
    """The content of a file that is not as it should be; shown by its beginning alone."""

    content: bytes

    def __repr__(self) -> str:
        return f"Damaged({self.content[:80]!r}, {len(self.content)} bytes)"


def damaged(content: bytes, others: tuple[bytes, ...] = ()) -> st.SearchStrategy[Damaged]:
    """The content of a file with something wrong; or another file's content in its place."""
    return _changed(content, others).map(Damaged)


@st.composite
def _changed(draw: st.DrawFn, content: bytes, others: tuple[bytes, ...]) -> bytes:
    kind = draw(st.sampled_from(("flip", "number", "cut", "hostile", "splice", "twice", "swap")))
    if kind == "hostile" or not content:
        return draw(st.sampled_from(HOSTILE))
    if kind == "swap" and others:
        return draw(st.sampled_from(others))
    place = draw(st.integers(0, len(content) - 1))
    if kind == "cut":
        return content[:place]
    if kind == "flip":
        changed = bytearray(content)
        for _ in range(draw(st.sampled_from((1, 1, 8, 400)))):
            changed[draw(st.integers(0, len(content) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(changed)
    if kind == "number":
        text = content.decode("latin-1")
        starts = [
            i for i, c in enumerate(text) if c.isdigit() and not text[i - 1 : i].isalnum()
        ] or [place]
        start = draw(st.sampled_from(starts))
        end = start
        while end < len(text) and (text[end].isdigit() or text[end] in ".e+-"):
            end += 1
        number = draw(st.sampled_from(NUMBERS))
        return text[:start].encode("latin-1") + number.encode() + text[end:].encode("latin-1")
    if kind == "splice":
        length = draw(st.integers(0, 64))
        return content[:place] + draw(st.binary(max_size=64)) + content[place + length :]
    return content + content
