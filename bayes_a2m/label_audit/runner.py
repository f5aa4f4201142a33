"""The audit from a data folder to its page."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bayes_a2m.config.experiment import Experiment
from bayes_a2m.cross_validation.folds import folds_of
from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.errors import InputError
from bayes_a2m.files import OutputFolder, is_given, read_json
from bayes_a2m.files.formats import KEY, check_version, write_versioned
from bayes_a2m.label_audit.decisions import Decisions
from bayes_a2m.label_audit.out_of_fold import (
    AuditData,
    Bar,
    classify_frames,
    load_to_audit,
    predict_out_of_fold,
)
from bayes_a2m.label_audit.results import Findings, audit_labels
from bayes_a2m.models import check
from bayes_a2m.posteriors.fingerprint import FORMAT, recordings_of, settings_that_count

MODELS = "models"
IDENTITY = "identity.json"
RECORD = "audit.json"

IDENTITY_VERSION = 2
"""The version of what is kept of the models of an audit; 0.1.0 wrote 1."""

DECISIONS = "decisions.json"


def run_audit(
    data_dir: Path,
    experiment: Experiment,
    out: Path,
    *,
    folds: int = 5,
    draws: int = 30,
    show: int = 24,
    sound: bool = True,
    force: bool = False,
    bar: Bar,
    say: Callable[[str], None] = lambda message: None,
) -> Findings:
    """Train what is missing, predict, measure, rank, and write the page, its tables and its record.

    Parameters
    ----------
    data_dir
        A data folder; it is not touched.
    experiment
        The experiment of the models, one for each fold.
    out
        The folder to write. Models in ``out/models`` are used again, and decisions in
        ``out/decisions.json`` are shown on the page.
    folds, draws
        The number of models, and of draws of each.
    show
        The number of suspects shown on the page.
    sound
        Whether their sound goes into the page.
    force
        Whether files of others in ``out`` may be replaced.
    bar, say
        Callbacks for progress: ``bar`` opens a progress bar, ``say`` is given lines.

    Raises
    ------
    InputError
        If the data cannot be read or parted into folds, or ``out`` holds models of another
        audit, or something that no audit left.
    """
    from bayes_a2m.label_audit.page import PAGE, write_audit_page

    output = OutputFolder(out, "audit", force=force, beside=(MODELS, DECISIONS))
    output.check((PAGE, RECORD))
    audited = load_to_audit(data_dir, seed=experiment.seed)
    decisions = out / DECISIONS
    decided = Decisions.load(decisions) if is_given(decisions) else Decisions()
    _check(audited.data, experiment, folds)
    models = out / MODELS
    with output.lock():
        _claim(models, audited, experiment, folds, finished=(out / RECORD).is_file())
        predictions, grid = predict_out_of_fold(
            audited, experiment, models, folds=folds, draws=draws, bar=bar, say=say
        )
        try:
            frame_log_probs = classify_frames(audited.data, experiment, grid, folds=folds, bar=bar)
        except InputError as error:  # one class throughout: everything but the lag can be said
            say(str(error))
            frame_log_probs = None
        findings = audit_labels(
            audited.data, grid, predictions, frame_log_probs, seed=experiment.seed
        )
        with output.replacing() as new:
            findings.record.write(new / RECORD)
            write_audit_page(
                new,
                findings,
                experiment,
                decided,
                show=show,
                sound=sound,
                bar=bar,
                draws=draws,
                folds=folds,
            )
    return findings


def _check(data: Dataset, experiment: Experiment, folds: int) -> None:
    """Refuse what would stop the audit in its middle, before anything is claimed or trained."""
    check(experiment)
    folds_of(data, folds, tuning_share=experiment.training.tuning_share, seed=experiment.seed)
    for recording in data:
        recording.audio()


def _claim(
    models: Path, audited: AuditData, experiment: Experiment, folds: int, *, finished: bool
) -> None:
    """See that models that are there were made for this audit.

    Those that an audit left which was never finished stand in nobody's way: they are removed.
    """
    identity: dict[str, Any] = {
        "format": FORMAT,
        "experiment": settings_that_count(experiment),
        "folds": folds,
        "recordings": recordings_of(audited.data),
    }
    claim = models / IDENTITY
    if not is_given(claim):
        write_versioned(claim, identity, IDENTITY_VERSION)
        return
    known, wanted = read_json(claim), identity
    if not isinstance(known, dict):
        raise InputError(f"{claim}: says nothing of an audit; delete {models} to start anew")
    if check_version(known.get(KEY), IDENTITY_VERSION, str(claim)) == 1:
        identity = _identity_of_0_1_0(audited, experiment, folds)
    for key, what in (
        ("experiment", "another experiment"),
        ("folds", "another number of folds"),
        ("recordings", "other recordings or labels"),
    ):
        if known.get(key) != identity[key] and not _close(known.get(key), identity[key]):
            if finished:
                raise InputError(
                    f"{models}: its models were made for {what}; name another folder, or delete it"
                )
            for path in (*models.glob("*.partial"), *models.glob("*/config.yaml")):
                shutil.rmtree(path if path.is_dir() else path.parent)
            write_versioned(claim, wanted, IDENTITY_VERSION)
            return


def _identity_of_0_1_0(audited: AuditData, experiment: Experiment, folds: int) -> dict[str, Any]:
    """What the version 0.1.0 wrote of an audit, so that one of it can go on."""
    return {
        "experiment": experiment.model_dump(mode="json"),
        "folds": folds,
        "recordings": {
            r.id: [r.hash, [[n.onset, n.offset, n.pitch] for n in r.notes or ()]]
            for r in audited.data
        },
    }


def _close(known: Any, wanted: Any) -> bool:
    """Whether two values are the same up to the rounding of times."""
    if isinstance(known, float | int) and isinstance(wanted, float | int):
        return bool(np.isclose(known, wanted, rtol=0, atol=1e-6))
    if isinstance(known, list) and isinstance(wanted, list):
        return len(known) == len(wanted) and all(map(_close, known, wanted))
    if isinstance(known, dict) and isinstance(wanted, dict):
        return known.keys() == wanted.keys() and all(_close(known[k], wanted[k]) for k in known)
    return bool(known == wanted)
