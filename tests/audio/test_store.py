"""The store of features: by content, made once, bounded, and never half of a file."""

from __future__ import annotations

import errno
import io
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bayes_a2m.audio.features import CQTFeatures, MelFeatures
from bayes_a2m.audio.store import FeatureStore
from bayes_a2m.errors import InputError

CQT = CQTFeatures(bins=12)


def array(value: float, frames: int = 5) -> np.ndarray:
    return np.full((frames, 12), value, dtype=np.float32)


def never() -> np.ndarray:
    raise AssertionError("made again")


def test_what_is_there_is_mapped_and_not_made_again(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    np.testing.assert_array_equal(store.features("a", CQT, lambda: array(1)), array(1))
    found = FeatureStore(tmp_path).features("a", CQT, never)
    assert isinstance(found, np.memmap)
    found[0] = 7  # stays in memory
    np.testing.assert_array_equal(store.features("a", CQT, never), array(1))


def test_sound_and_settings_are_the_name(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    wanted = [("a", CQT), ("b", CQT), ("a", CQTFeatures(bins=12, hop=192)), ("a", MelFeatures())]
    for value, (sound, settings) in enumerate(wanted):
        store.features(sound, settings, lambda value=value: array(value))
    assert store.count() == len(wanted)
    for value, (sound, settings) in enumerate(wanted):
        assert store.features(sound, settings, never)[0, 0] == value


def test_several_writers_make_it_once(tmp_path: Path) -> None:
    made: list[int] = []
    ready = threading.Barrier(4)

    def ask() -> None:
        ready.wait()
        FeatureStore(tmp_path).features("a", CQT, lambda: made.append(1) or array(2))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]
    assert [p.suffix for p in tmp_path.rglob("*") if p.is_file()] == [".npy"]


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path)
    store.features("a", CQT, lambda: array(1))
    path = store.place("a", CQT)
    whole = path.read_bytes()
    archive = io.BytesIO()
    np.savez(archive, array(1))
    for content in (
        *(whole[:-8], b"", b"no features", archive.getvalue(), pickle.dumps([1]), b"PK\x03\x04"),
        whole.replace(b"(5, 12)", b"(5, 1e9"),
        whole.replace(b"(5, 12)", b"9" * 7),
        whole.replace(b"'descr'", b"[[[[[[["),
    ):
        path.write_bytes(content)
        np.testing.assert_array_equal(store.features("a", CQT, lambda: array(1)), array(1))
    path.unlink()
    os.mkfifo(path)
    np.testing.assert_array_equal(store.features("a", CQT, lambda: array(1)), array(1))


def test_files_of_others_stay(tmp_path: Path) -> None:
    """Any folder may be named as that of the store."""
    store = FeatureStore(tmp_path)
    store.features("a", CQT, lambda: array(1))
    mine = [tmp_path / "raw" / "x.npy", tmp_path / "raw" / f"{'a' * 64}.npy", tmp_path / "x.npy"]
    for path in mine:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"mine")
    assert store.count() == 1
    assert store.clean() == array(1).nbytes + 128
    assert [path.read_bytes() for path in mine] == [b"mine"] * 3


def test_what_was_not_used_for_longest_makes_room(tmp_path: Path) -> None:
    size = array(0).nbytes + 128  # with the header
    store = FeatureStore(tmp_path, limit=10 * size)
    for number in range(10):
        store.features(str(number), CQT, lambda: array(0))
        path = store.place(str(number), CQT)
        os.utime(path, (number, number))
    assert store.count() == 10
    read = store.features("0", CQT, never)  # the oldest, but used just now
    store.features("new", CQT, lambda: array(1))
    assert store.size() <= 9 * size
    assert store.place("0", CQT).is_file()
    assert store.place("new", CQT).is_file()
    assert not store.place("1", CQT).is_file()
    assert store.clean() > 0
    assert store.count() == 0
    np.testing.assert_array_equal(read, array(0))  # whoever reads it goes on


def test_a_full_disk_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FeatureStore(tmp_path)
    store.features("there", CQT, lambda: array(1))

    def full(*given: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(InputError) as told:
        store.features("a", CQT, lambda: array(1))
    assert str(told.value) == (
        f"{tmp_path}: the store of features cannot be written to (No space left on device); make "
        "room with 'bayes-a2m store --clean', or name another folder in BAYES_A2M_STORE"
    )
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [store.place("there", CQT).name]
    np.testing.assert_array_equal(store.features("there", CQT, never), array(1))


def test_what_fails_while_features_are_made_is_told_as_it_is(tmp_path: Path) -> None:
    def fails() -> np.ndarray:
        raise InputError("sound.wav: is no sound")

    with pytest.raises(InputError, match=r"^sound.wav: is no sound$"):
        FeatureStore(tmp_path).features("a", CQT, fails)


def test_the_environment_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAYES_A2M_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert FeatureStore.usual().folder == tmp_path / "bayes-a2m" / "features"
    assert FeatureStore.for_bytes(1000) is None
    assert FeatureStore.for_bytes(2**31) is not None
    monkeypatch.setenv("BAYES_A2M_STORE", str(tmp_path / "mine"))
    monkeypatch.setenv("BAYES_A2M_STORE_GB", "1.5")
    named = FeatureStore.for_bytes(1000)
    assert named is not None
    assert (named.folder, named.limit) == (tmp_path / "mine", 1_500_000_000)
    monkeypatch.setenv("BAYES_A2M_STORE_GB", "many")
    with pytest.raises(InputError, match="BAYES_A2M_STORE_GB=many: give the gigabytes"):
        FeatureStore.usual()
    monkeypatch.delenv("BAYES_A2M_STORE_GB")
    (tmp_path / "mine").touch()
    with pytest.raises(InputError, match="mine: is no folder; BAYES_A2M_STORE names"):
        FeatureStore.usual()
