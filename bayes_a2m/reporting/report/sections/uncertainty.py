"""How doubt is spread: distribution functions, variance by class, entropy in its two parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bayes_a2m.diagnostics.ecdf import ecdfs_of
from bayes_a2m.reporting.ecdf import ecdf_caption, ecdf_figure
from bayes_a2m.reporting.entropy import entropy_caption, entropy_figure, entropy_parts
from bayes_a2m.reporting.report.context import Draft
from bayes_a2m.reporting.report.entry import Subject
from bayes_a2m.reporting.report.section import Part, Picture
from bayes_a2m.reporting.table import Column, Table
from bayes_a2m.reporting.variance import variance_caption, variance_figure, variance_parts


def distributions(draft: Draft) -> Part:
    """ECDFs of confidence by right and wrong, of entropy by class, and of what draws tell."""
    pictures = []
    for subject in draft.subjects:
        pictures += _ecdfs(draft, subject)
    return Part(
        "distributions",
        "How confidence and doubt are distributed",
        "A line says which share of the frames has at most so much. Where the lines of right and "
        "wrong frames lie far apart, confidence tells errors; bands are by recording.",
        tuple(pictures),
    )


def variance(draft: Draft) -> Part:
    """Predictive variance of every class, in its two parts."""
    options = draft.options
    pictures, rows = [], []
    for subject in draft.subjects:
        found = variance_parts(
            subject.posterior,
            draft.labels(subject),
            resamples=options.resamples,
            seed=options.seed,
        )
        pictures.append(
            draft.picture(
                "variance",
                variance_figure(found),
                variance_caption(found),
                "Stacked bars: mean predictive variance of every class, its part about the data "
                "and its part about the model.",
                subject=subject,
                kind="narrow",
            )
        )
        rows += [
            (subject.name, f["class"], f["frames"], f["expected"], f["draws"], _triple(f))
            for f in found
        ]
    columns = (
        Column("model", "model"),
        Column("class", "class"),
        Column("frames", "frames"),
        Column("expected", "doubt in the data", "number", 4),
        Column("draws", "doubt in the model", "number", 4),
        Column("total", "variance", "interval", 4),
    )
    table = Table("variance", "Mean predictive variance", columns, tuple(rows))
    return Part(
        "variance",
        "Predictive variance of each class",
        "How uncertain it is whether a frame is of a class: p (1 − p), which is the mean over "
        "draws of that (doubt in the data) plus the variance over draws (doubt in the model).",
        tuple(pictures),
        (draft.table(table),),
    )


def entropy(draft: Draft) -> Part:
    """Entropy in its two parts."""
    options = draft.options
    pictures, rows = [], []
    for subject in draft.subjects:
        found = entropy_parts(
            subject.posterior,
            draft.labels(subject),
            resamples=options.resamples,
            seed=options.seed,
        )
        pictures.append(
            draft.picture(
                "entropy",
                entropy_figure(found),
                entropy_caption(found),
                "Stacked bars: mean entropy by class, of right and wrong frames, near boundaries "
                "and away, each in its two parts.",
                subject=subject,
                kind="narrow",
            )
        )
        rows += [
            (subject.name, f["frames"], f["expected"], f["information"], _triple(f)) for f in found
        ]
    columns = (
        Column("model", "model"),
        Column("frames", "frames"),
        Column("expected", "doubt in the data", "number", 4),
        Column("information", "doubt in the model", "number", 4),
        Column("total", "entropy (nats)", "interval", 4),
    )
    table = Table("entropy", "Mean entropy", columns, tuple(rows))
    return Part(
        "entropy",
        "Doubt in the sound, doubt in the model",
        "The entropy of a prediction is the mean entropy of its draws (the sound does not say) "
        "plus what the draws disagree on (the model does not know). More recordings mend the "
        "second, not the first.",
        tuple(pictures),
        (draft.table(table),),
    )


def _triple(found: Mapping[str, Any]) -> dict[str, float | None] | None:
    """The total with its interval."""
    if found["total"] is None:
        return None
    return {"value": found["total"], "low": found["low"], "high": found["high"]}


def _ecdfs(draft: Draft, subject: Subject) -> list[Picture]:
    quantities = [("confidence", "right"), ("entropy", "class")]
    if subject.posterior.draws > 1:
        quantities.append(("mutual_information", "right"))
    pictures = []
    for quantity, by in quantities:
        found = ecdfs_of(
            subject.posterior,
            draft.labels(subject),
            quantity,
            by=by,
            generator=np.random.default_rng(draft.options.seed),
            resamples=min(draft.options.resamples, 400),
        )
        pictures.append(
            draft.picture(
                f"ecdf_{quantity}",
                ecdf_figure(found, quantity=quantity, names=draft.names),
                ecdf_caption(found, quantity=quantity),
                f"Distribution functions of {quantity.replace('_', ' ')}, a line a group.",
                subject=subject,
                kind="narrow",
            )
        )
    return pictures
