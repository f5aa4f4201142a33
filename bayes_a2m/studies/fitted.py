"""A fitted model is written with its scores on the recordings that tuned it."""

from __future__ import annotations

from pathlib import Path

from bayes_a2m.datasets.dataset import Dataset
from bayes_a2m.evaluation import Evaluation, EvaluationResults, evaluate, results_of
from bayes_a2m.files import read_json
from bayes_a2m.posteriors.model_directory import describe
from bayes_a2m.posteriors.posterior import Posterior


def write_fitted(
    model: Posterior, tune: Dataset, path: Path
) -> tuple[Evaluation, EvaluationResults]:
    """Write the model directory, its ``metrics.json`` and, where it has any, its loss curves.

    Returns
    -------
    Evaluation
        The evaluation on the tuning split, which chose the epoch and the decoder's settings.
    EvaluationResults
        The content of ``metrics.json``.

    Raises
    ------
    InputError
        If the model is not fitted, or something stands at ``path`` already.
    """
    model.save(path)
    return describe_fitted(model, tune, path)


def is_described(path: Path) -> bool:
    """Whether a model directory holds its scores; False where a run ended before it had them."""
    return read_json(path / "metrics.json") is not None


def describe_fitted(
    model: Posterior, tune: Dataset, path: Path
) -> tuple[Evaluation, EvaluationResults]:
    """Write what :func:`write_fitted` writes beside the model, which is at ``path`` already.

    Returns
    -------
    Evaluation
        The evaluation on the tuning split.
    EvaluationResults
        The content of ``metrics.json``.
    """
    from bayes_a2m.reporting import style
    from bayes_a2m.reporting.training import has_losses, loss_figure

    result = evaluate(model, tune)
    metrics = results_of(result)
    if has_losses(model.record.log):
        style.save(loss_figure(model.record.log), path / "training.png")
    # last: where the scores are, nothing is missing
    told = "the tuning split, which also chose its settings"
    describe(path, model, metrics.to_dict(), measured_on=told)
    return result, metrics
