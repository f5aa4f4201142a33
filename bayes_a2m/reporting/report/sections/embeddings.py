"""The embeddings of frames as points of a map: close where they are alike to the network."""

from __future__ import annotations

from typing import Literal

import numpy as np

from bayes_a2m.config.settings import Settings
from bayes_a2m.reporting.feature_map import feature_map_caption, feature_map_figure, project
from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.section import Section, SectionContent


class Embeddings(Section):
    """A map of the embeddings by class and by uncertainty; left out where no model has any."""

    name = "embeddings"
    title = "What the network makes of the sound"

    class Options(Settings):
        """The layout of embeddings in two dimensions."""

        projection: Literal["pca", "umap"] = "pca"

    def build(self, context: ReportContext) -> SectionContent | None:
        """Write the section's figures and tables, and give what the page shows."""
        pictures, notes = [], []
        for entry in context.entries:
            embeddings = entry.embeddings
            if embeddings is None:
                notes.append(f"{entry.name}: there is no trunk to look into.")
                continue
            projection = project(
                embeddings.features,
                method=self.options.projection,
                seed=context.options.seed,
                progress=context.options.progress,
            )
            labels = context.labels(entry)
            rows = zip(embeddings.recording, embeddings.frame, strict=True)
            truth = np.array([labels[recording][frame] for recording, frame in rows])
            everywhere = entry.posterior.entropy()
            entropy = everywhere[embeddings.recording, embeddings.frame].astype(np.float64)
            pictures.append(
                context.picture(
                    "features",
                    feature_map_figure(projection, truth, entropy, context.names),
                    feature_map_caption(projection, truth, entropy, context.names),
                    "The same points twice: coloured by true class, and by the entropy of the "
                    "answer.",
                    entry=entry,
                )
            )
        if not pictures:
            return None
        way = {"pca": "principal components", "umap": "UMAP"}[self.options.projection]
        return SectionContent(
            f"What the head reads of evenly chosen frames, laid out by {way}. Classes that lie "
            "apart are told apart; uncertainty should lie between them.",
            tuple(pictures),
            notes=tuple(notes),
        )
