"""One boundary for all that is read: one line that names the file, before memory is asked for."""

from __future__ import annotations

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bayes_a2m.errors import InputError
from bayes_a2m.files import read_json, read_text
from bayes_a2m.files.arrays import read_arrays
from bayes_a2m.files.csv import read_csv
from bayes_a2m.files.reading import ensure_regular, is_given, read_bytes, reading
from bayes_a2m.files.tensors import read_tensors, write_tensors
from bayes_a2m.files.yaml import read_yaml
from bayes_a2m.music import midi


def _tensors(path: Path) -> object:
    return read_tensors(path, "tensors", "make them again")


READERS: dict[str, Callable[[Path], Any]] = {
    "json": read_json,
    "yaml": read_yaml,
    "csv": read_csv,
    "npz": lambda path: read_arrays(path, "arrays"),
    "safetensors": _tensors,
    "mid": midi.read,
}


@pytest.mark.parametrize("ending", READERS)
def test_what_is_no_file_is_refused_and_not_waited_for(ending: str, tmp_path: Path) -> None:
    read, path = READERS[ending], tmp_path / f"x.{ending}"
    with pytest.raises(InputError, match=r"x\.\w+: no such"):
        read(path)
    path.mkdir()
    with pytest.raises(InputError, match=r"x\.\w+: is a folder, not"):
        read(path)
    path.rmdir()
    path.symlink_to(path)
    with pytest.raises(InputError, match=r"x\.\w+: cannot be read \(Too many levels"):
        read(path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(InputError, match=r"x\.\w+: is a device or a pipe, not"):
        read(path)
    with pytest.raises(InputError, match="is no name of a file"):
        read(tmp_path / f"x\0.{ending}")


@pytest.mark.parametrize("ending", READERS)
def test_what_may_not_be_read_is_not_missing(ending: str, without_privileges: Path) -> None:
    path = without_privileges / f"x.{ending}"
    path.touch(mode=0)
    with pytest.raises(InputError, match=r"cannot be read \(Permission denied\)"):
        READERS[ending](path)


@pytest.mark.parametrize("ending", [e for e in READERS if e not in ("yaml", "csv")])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\0" * 200, b"[" * 100_000])
def test_what_is_something_else_is_one_line(ending: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"x.{ending}"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        READERS[ending](path)
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[" * 1000, "nested more than 40 deep"),
        ("&a [*a]", "refers to a part of itself"),
        ("a: !!python/object/apply:os.getcwd []", "not readable as YAML"),
        ("a: 2020-99-99", "not readable as YAML"),
        ("a: " + "9" * 5000, "not readable as YAML"),
        ("[" + "1, " * 60_000 + "1]", "stands for more than 50,000 values"),
    ],
)
def test_yaml_has_bounds(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(InputError, match=words):
        read_yaml(tmp_path / "x.yaml")


@pytest.mark.parametrize("level", ["b%d: &b%d [*b%d, *b%d]", "b%d: &b%d {<<: [*b%d, *b%d]}"])
def test_few_lines_of_yaml_cannot_stand_for_billions(level: str, tmp_path: Path) -> None:
    lines = ["b0: &b0 {x: 1}", *(level % (i, i, i - 1, i - 1) for i in range(1, 40))]
    (tmp_path / "x.yaml").write_text("\n".join(lines))
    with pytest.raises(InputError, match=r"x\.yaml: stands for more than 50,000 values"):
        read_yaml(tmp_path / "x.yaml")


def test_yaml_may_refer_to_itself_in_bounds(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n")
    assert read_yaml(tmp_path / "x.yaml") == {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1, "y": 2}}


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with path.open("wb") as file:
        file.truncate(2**40)  # a hole takes no room
    for read in (read_json, read_yaml, read_csv, midi.read):
        with pytest.raises(InputError, match=r"has 1,048,576 MiB, and .* is read"):
            read(path)
    assert ensure_regular(path, "a file") == 2**40
    with pytest.raises(InputError, match="1,048,576 MiB"):
        read_bytes(path, "a file", limit=10)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError(), "asks for more memory than there is"),
        (RecursionError(), "nested too deep"),
        (OSError(5, "Input/output error"), r"cannot be read \(Input/output error\)"),
        (OverflowError("too large"), r"not readable as a thing \(too large\); make it again"),
        (IndexError(), r"not readable as a thing \(IndexError\)"),
        (InputError("is broken"), "x: is broken"),
    ],
)
def test_every_failure_is_one_line_with_the_mend(error: Exception, words: str) -> None:
    with pytest.raises(InputError, match=words), reading(Path("x"), "a thing", "make it again"):
        raise error


def test_interruptions_pass() -> None:
    with pytest.raises(KeyboardInterrupt), reading(Path("x"), "a thing"):
        raise KeyboardInterrupt


def test_text_is_read_without_its_mark(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa")
    assert read_text(tmp_path / "x", "text") == "a"


def test_links_that_lead_nowhere_are_given_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("nowhere")
    assert is_given(tmp_path / "x")
    assert not is_given(tmp_path / "y")
    assert not is_given(tmp_path / "y\0")


def test_rows_have_their_lines(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('\ufeffid, name\r\n\r\n1,"a\nb" \n', encoding="utf-8")
    assert read_csv(tmp_path / "x.csv") == [(1, ["id", "name"]), (4, ["1", "a\nb"])]


def test_arrays_come_back(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6).reshape(2, 3), "b": np.array(["x", "yz"]), "c": np.zeros((0, 4))}
    arrays["d"] = np.asfortranarray(np.eye(3)[:2])
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "x.npz", **arrays)
        found = read_arrays(tmp_path / "x.npz", "arrays")
        assert list(found) == list(arrays)
        assert all(np.array_equal(found[n], arrays[n]) for n in arrays)


def _npz(path: Path, header: str, content: bytes) -> None:
    text = header.encode()
    member = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.npy", member)


@pytest.mark.parametrize(
    ("header", "content", "words"),
    [
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (6000000000,)}", b"12345678", "claims"),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", b"12345678", "claims"),
        ("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"12345678", "claims"),
        ("{'descr': '<f8'}", b"12345678", "not readable as arrays"),
    ],
)
def test_few_bytes_cannot_ask_for_gigabytes(
    header: str, content: bytes, words: str, tmp_path: Path
) -> None:
    _npz(tmp_path / "x.npz", header, content)
    tracemalloc.start()
    with pytest.raises(InputError, match=words):
        read_arrays(tmp_path / "x.npz", "arrays")
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_an_archive_may_not_stand_for_too_much(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            archive.writestr(f"{i}.npy", b"\0" * 2**20)
    content = bytearray((tmp_path / "x.npz").read_bytes())
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        sizes = archive.infolist()[0].file_size.to_bytes(4, "little")
    content = bytearray(bytes(content).replace(sizes, (2**31).to_bytes(4, "little")))
    (tmp_path / "x.npz").write_bytes(bytes(content))
    with pytest.raises(InputError, match="would take 6,144 MiB"):
        read_arrays(tmp_path / "x.npz", "arrays")


def test_tensors_come_back_with_their_words_and_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    write_tensors(path, tensors, {"log": "epoch"})
    found, words = read_tensors(path, "tensors", "make them again")
    assert words == {"log": "epoch"}
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1  # a number is another, and still finite
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"its checksum is another.*make them again"):
        read_tensors(path, "tensors", "make them again")
    write_tensors(path, {"a": torch.tensor([1.0, float("nan")])})
    with pytest.raises(InputError, match="a holds numbers that are not finite; make them again"):
        read_tensors(path, "tensors", "make them again")
