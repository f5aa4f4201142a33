"""What the trunk makes of the sound: frames as points, close where they are alike to it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bayes_a2m.reporting.feature_map import feature_map_caption, feature_map_figure, project
from bayes_a2m.reporting.report.context import Draft
from bayes_a2m.reporting.report.section import Part


def features(draft: Draft, progress: Callable[[int, int], None]) -> Part | None:
    """A map of the trunk's features by class and by uncertainty; None where nothing has a trunk."""
    pictures, notes = [], []
    options = draft.options
    for done, subject in enumerate(draft.subjects):
        trunk = subject.trunk
        if trunk is None:
            notes.append(f"{subject.name}: there is no trunk to look into.")
            continue
        projection = project(
            trunk.features,
            method=options.projection,
            seed=options.seed,
            progress=options.progress,
        )
        labels = draft.labels(subject)
        at = list(zip(trunk.recording, trunk.frame, strict=True))
        truth = np.array([labels[r][f] for r, f in at])
        entropy = subject.posterior.entropy()
        doubt = np.array([entropy[r, f] for r, f in at], dtype=np.float64)
        pictures.append(
            draft.picture(
                "features",
                feature_map_figure(projection, truth, doubt, draft.names),
                feature_map_caption(projection, truth, doubt, draft.names),
                "The same points twice: coloured by true class, and by the entropy of the answer.",
                subject=subject,
            )
        )
        progress(done + 1, len(draft.subjects))
    if not pictures:
        return None
    way = {"pca": "principal components", "umap": "UMAP"}[options.projection]
    return Part(
        "features",
        "What the network makes of the sound",
        f"What the head reads of evenly chosen frames, laid out by {way}. Classes that lie apart "
        "are told apart; doubt should lie between them.",
        tuple(pictures),
        (),
        tuple(notes),
    )
