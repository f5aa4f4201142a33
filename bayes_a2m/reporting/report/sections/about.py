"""The last section: the models, the recordings, and the meaning of the intervals."""

from __future__ import annotations

from datetime import UTC, datetime

from bayes_a2m.reporting.report.context import ReportContext
from bayes_a2m.reporting.report.section import Section, SectionContent
from bayes_a2m.version import __version__


class About(Section):
    """The models, the recordings, and how numbers were made of them; always the last section."""

    name = "about"
    title = "About this report"
    template = "report_about.html"
    needs_models = False

    def build(self, context: ReportContext) -> SectionContent:
        """Give the facts that the template puts into words."""
        facts = {
            "version": __version__,
            "data": context.data.name,
            "recordings": len(context.data),
            "resamples": context.options.resamples,
            "seed": context.options.seed,
            "models": [
                (e.name, e.origin, e.posterior.draws, dict(e.provenance)) for e in context.entries
            ],
            "date": datetime.now(UTC).date().isoformat(),
            "notes": [one.name for one in context.notes if one.origin == "notes"],
            "conditions": sorted({r.condition for r in context.data if r.condition}),
            "vocabulary": context.names,
        }
        return SectionContent(facts=facts)
