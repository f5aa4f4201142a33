"""What a failed training leaves behind: what is of use to go on from, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from bayes_a2m.cli.train import _kept_if_of_use
from bayes_a2m.errors import InputError, PartlyFinishedError


def caused_by_the_disk() -> InputError:
    error = InputError("weights.npy: cannot be written")
    error.__cause__ = OSError(28, "No space left on device")
    return error


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (InputError("the loss is not finite"), False),
        (PartlyFinishedError("member_1 failed twice; 1 of 2 members are kept"), True),
        (caused_by_the_disk(), True),
        (KeyboardInterrupt(), True),
    ],
)
def test_what_is_kept_is_said(error: BaseException, kept: bool, tmp_path: Path) -> None:
    work = tmp_path / "model.partial"
    (work / "member_0").mkdir(parents=True)
    (work / "member_0" / "member.safetensors").touch()
    with pytest.raises(type(error)) as raised, _kept_if_of_use(work):
        raise error
    assert work.exists() == kept
    notes = getattr(raised.value, "__notes__", [])
    assert notes == ([f"{work}: the same command with --resume goes on from there"] * kept)


def test_nothing_is_kept_where_nothing_was_trained(tmp_path: Path) -> None:
    work = tmp_path / "model.partial"
    work.mkdir()
    with pytest.raises(KeyboardInterrupt), _kept_if_of_use(work):
        raise KeyboardInterrupt
    assert not work.exists()
