"""The figures of the gallery: a cell a figure, run in this order by docs/site/gallery.py.

The page shows the code of each cell below its figure. Only the twelve recordings of data/sample are
needed, and half a minute. Figures to be shown are what a cell calls ``shown``.
"""

# %% Predictions
# Twelve recordings, each predicted by models that did not see it. Linear prediction, trained on
# bootstrap resamples of the other recordings, is quick; each of the models is a draw. Any other
# model will do: a figure asks for a FramePosterior and labels.
import numpy as np

import bayes_a2m as a2m
from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.reporting import figures

data = a2m.load_folder("data/sample")
generator = np.random.default_rng(0)
draws = {name: [] for name in data.ids}
for others, left_out in data.folds(3):
    fit, tune = others.with_tuning_part()
    for _ in range(3):
        resample = fit.pick(set(generator.choice(fit.ids, len(fit)).tolist()))
        predicted = a2m.LPC().fit(resample, tune).predict(left_out)
        for i, name in enumerate(left_out.ids):
            draws[name].append(predicted.of(i))

post = a2m.FramePosterior.from_probs([np.stack(draws[name]) for name in data.ids], ids=data.ids)
labels = data.labels_on(post.grid)

# %% Recording, labels and probabilities
# The spectrum; below, the reference in amber and each pitch in blue, the stronger the likelier.
extract = FeatureExtractor(CQTFeatures())
i = 4
spectrum = Spectrum(extract(data[i].audio(16000)), extract.settings)
shown = figures.roll(post, labels, spectrum, recording=i, reference=data[i].notes)

# %% Reliability diagram
# Is a confidence of 0.8 right eight times in ten? Bars are simultaneous 95 % bands by recording.
shown = figures.reliability(post, labels)

# %% Reliability diagram of each class
# Each class against the rest, over all frames.
shown = figures.class_reliability(post, labels, kind="rest")

# %% Confusion matrix
# Rows are the true class, columns the predicted class.
shown = figures.confusion(post, labels)

# %% Distribution of confidence
# Right and wrong frames: the farther apart the curves, the better confidence finds errors.
shown = figures.ecdf(post, labels, quantity="confidence", by="right")

# %% Distribution of epistemic uncertainty by class
shown = figures.ecdf(post, labels, quantity="mutual_information", by="class")

# %% Variance in its two parts
# p (1 − p) is the mean over draws of that (aleatoric) plus the variance over draws (epistemic).
shown = figures.variance(post, labels)

# %% Entropy in its two parts
shown = figures.entropy(post, labels)

# %% Risk-coverage curve
# The error rate of the frames that are accepted, when only the surest share is.
shown = figures.risk_coverage(post, labels, error=0.02)

# %% Conformal prediction sets
# Thresholds from half of the recordings, coverage and size on the others.
first, second = list(range(6)), list(range(6, 12))
sets = [
    a2m.calibration.ConformalSets.calibrate(
        post.select(first), labels[:6], level=level, way="pooled"
    )
    for level in (0.8, 0.9, 0.95)
]
shown = figures.conformal(post.select(second), labels[6:], sets)

# %% Scores by subgroup
# Near note boundaries and away from them, by the length of a note or rest, by condition.
shown = figures.places(post, labels, conditions=[recording.condition for recording in data])
