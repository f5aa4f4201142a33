"""The picture of the README: ``python docs/site/picture.py`` writes docs/assets/transcription.png.

A recording of data/sample that the model did not see: spectrum, probabilities, and notes whose
opacity is the probability that they are right, over the reference in amber. The model is linear
prediction with a logistic model, trained on eight recordings in seconds.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

COLOURS, WIDTH = 128, 1100
"""Of the palette, and in pixels: the file is to stay below 150 kB."""

RECORDING = "008"

ROOT = Path(__file__).parents[2]

PICTURE = ROOT / "docs" / "assets" / "transcription.png"


def main() -> None:
    """Train, transcribe, draw."""
    from PIL import Image

    import bayes_a2m as a2m
    from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
    from bayes_a2m.reporting.transcription import transcription_figure

    data = a2m.load_folder(ROOT / "data" / "sample")
    fit, tune = data.split("train").with_tuning_part()
    recording = data.pick([RECORDING])[0]
    model = a2m.LPC().fit(fit, tune)
    posterior = model.predict(data.pick([RECORDING]))
    extract = FeatureExtractor(CQTFeatures())
    spectrum = Spectrum(extract(recording.audio(16000)), extract.settings)
    (transcription,) = model.decoder.decode(posterior)
    figure = transcription_figure(
        posterior, transcription, spectrum, reference=recording.notes or ()
    )
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=200)
    image = Image.open(drawn).convert("RGB")
    image = image.resize(
        (WIDTH, round(WIDTH * image.height / image.width)), Image.Resampling.LANCZOS
    )
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
