"""The figures of the gallery: a cell a figure, run in this order by docs/site/gallery.py.

The page shows the code of each cell below its figure. Only the twelve recordings of data/sample are
needed, and half a minute. Figures to be shown are what a cell calls ``shown``.
"""

# %% Predictions
# Twelve recordings, each predicted by models that did not see it. Linear prediction, trained on
# bootstrap resamples of the other recordings, is quick; each of the models is a draw. Any other
# model will do: a figure asks for a FramePosterior and labels.
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import bayes_a2m as a2m
from bayes_a2m.audio.features import CQTFeatures, FeatureExtractor, Spectrum
from bayes_a2m.reporting import figures
from bayes_a2m.studies.figure import figure_of

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

# %% Accuracy and confidence by distance from a note boundary
# Where is it wrong, and does it know? Frames within 50 ms of a boundary are shaded.
shown = figures.boundaries(post, labels)

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

# %% On axes of your own
# Every function of a2m.plot draws on the axes that it is given, and returns them; an Evaluation
# goes in place of predictions and labels.
figure = Figure(figsize=(7.2, 5.2), layout="constrained")
axes = figure.subplots(2, 2)
a2m.plot.reliability(post, labels, ax=axes[0, 0])
a2m.plot.confusion(post, labels, ax=axes[0, 1])
a2m.plot.ecdf(post, labels, ax=axes[1, 0], quantity="entropy")
a2m.plot.boundaries(post, labels, ax=axes[1, 1])
shown = figure

# %% A roll on axes of your own
# Labels become the reference in amber.
shown = a2m.plot.roll(post, labels, recording=i).figure

# %% Enough draws?
# The score of so many draws, with its Monte Carlo error; methods by name: {"laplace": post, ...}.
shown = a2m.plot.draws(post, labels).figure

# %% Two designs compared
# Differences with 95 % intervals; filled where zero is excluded. From the JSON file of
# bayes-a2m compare, or from two Evaluations.
stored = "reports/one_vs_two_stage/cascade_against_wide.json"
shown = a2m.plot.comparison(stored, metric="nll").figure

# %% All arms of a study
# What bayes-a2m run writes as arms.png, from the study's tables.
shown = figure_of(Path("reports/baselines"))
