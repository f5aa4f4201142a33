"""What Unix alone has is not needed: a process from which it is hidden does all the same."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import tiny

PACKAGE = Path(__file__).parent.parent / "bayes_a2m"

UNIX_MODULES = frozenset({"fcntl", "grp", "posix", "pwd", "resource", "syslog", "termios", "tty"})
"""Modules of the standard library that Windows lacks."""

UNIX_NAMES = frozenset(
    {
        *("chown", "fork", "geteuid", "getloadavg", "getpgid", "getuid", "killpg", "lchown"),
        *("mkfifo", "nice", "setsid", "sched_getaffinity", "uname", "wait3", "wait4", "waitid"),
        *("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGQUIT", "SIGUSR1", "SIGUSR2", "alarm"),
    }
)
"""What Windows' ``os`` and ``signal`` lack."""

SCRIPT = """
import json, sys

hidden = {"fcntl", "grp", "pwd", "resource", "syslog", "termios"}
for name in hidden:
    sys.modules[name] = None  # importing it is an ImportError from here on

from bayes_a2m.cli.main import main

for arguments in json.loads(sys.argv[1]):
    sys.argv = ["bayes-a2m", *arguments]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


def test_it_trains_evaluates_and_reports_without_unix_modules(
    tiny_folder: Path, tmp_path: Path
) -> None:
    data = ("--data", str(tiny_folder))
    model, scores, page = (tmp_path / name for name in ("model", "scores.json", "report"))
    overrides = [part for one in (*tiny.SMALL, "training.epochs=1") for part in ("--set", one)]
    commands = [
        ["train", "crnn", *data, "--out", str(model), *overrides],
        ["evaluate", str(model), *data, "--json", str(scores)],
        ["report", str(model), *data, "--out", str(page)],
    ]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(commands)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr
    cost = json.loads(scores.read_text())["cost"]
    assert cost["peak_memory_mb"] is None
    assert cost["seconds_per_audio_second"] > 0
    assert (page / "index.html").is_file()


def test_here_it_does_measure_memory() -> None:
    pytest.importorskip("resource")
    from bayes_a2m.evaluation.cost import peak_memory_mb

    peak = peak_memory_mb()
    assert peak is not None
    assert 10 < peak < 1e6


def test_nothing_of_unix_is_imported_or_called_unguarded() -> None:
    found = {
        str(path.relative_to(PACKAGE)): names
        for path in sorted(PACKAGE.rglob("*.py"))
        if (names := unguarded(ast.parse(path.read_text(encoding="utf-8"))))
    }
    assert not found, "Windows has none of these"


def test_what_is_unguarded_is_found() -> None:
    source = "import fcntl\nfrom os import fork\nimport os, signal\nos.killpg(1, signal.SIGKILL)"
    assert unguarded(ast.parse(source)) == ["SIGKILL", "fcntl", "fork", "killpg"]
    guarded = "try:\n    import resource\nexcept ImportError:\n    resource = None"
    assert not unguarded(ast.parse(guarded))


def unguarded(tree: ast.AST) -> list[str]:
    """Unix-only modules and names of ``os`` and ``signal`` that no ``try`` stands around."""
    if isinstance(tree, ast.Try):
        children = [child for part in (tree.orelse, tree.finalbody) for child in part]
    else:
        children = list(ast.iter_child_nodes(tree))
    found = {name for child in children for name in unguarded(child)}
    if isinstance(tree, ast.Import):
        found |= {alias.name for alias in tree.names} & UNIX_MODULES
    elif isinstance(tree, ast.ImportFrom):
        found |= {tree.module or ""} & UNIX_MODULES
        if tree.module in ("os", "signal"):
            found |= {alias.name for alias in tree.names} & UNIX_NAMES
    elif (
        isinstance(tree, ast.Attribute)
        and isinstance(tree.value, ast.Name)
        and tree.value.id in ("os", "signal")
    ):
        found |= {tree.attr} & UNIX_NAMES
    return sorted(found)
