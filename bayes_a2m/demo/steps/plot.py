"""Plot: waveform, spectrum and labels of recordings, as ``bayes-a2m plot`` draws them."""

from __future__ import annotations

from bayes_a2m.demo.context import DemoContext, Outcome
from bayes_a2m.reporting.html import plural
from bayes_a2m.reporting.recording import recording_figure


def plot(context: DemoContext) -> Outcome:
    """Draw one recording of each condition."""
    pictures = []
    with context.watch.bar("drawing") as update:
        for done, recording in enumerate(context.examples, start=1):
            figure = recording_figure(recording, context.data.vocabulary, context.extractor)
            pictures.append(
                {
                    "id": recording.id,
                    "condition": recording.condition,
                    "picture": context.draw(f"voice_{recording.id}", figure),
                    "notes": len(recording.notes or ()),
                }
            )
            update(done, len(context.examples))
    facts = {"drawn": len(pictures), "recordings": len(context.data), "pictures": pictures}
    return Outcome(facts, f"{plural(len(pictures), 'recording')} of {len(context.data)}")
