"""Are the labels right? Lags between labels and sound, and labels that are probably wrong.

A model that never heard a recording says what it hears there; where it is sure and the label says
something else, one of the two is wrong, and it is worth a look. Nothing here changes a label.

- :mod:`~bayes_a2m.label_audit.out_of_fold`: predictions by models that never met a recording;
- :mod:`~bayes_a2m.label_audit.frame_classifier`: a classifier of single frames, without context;
- :mod:`~bayes_a2m.label_audit.lag`: how far the labels lie before or after the sound;
- :mod:`~bayes_a2m.label_audit.segments`: where labels and sound disagree, and how;
- :mod:`~bayes_a2m.label_audit.suspects`: recordings by evidence, each with a cause;
- :mod:`~bayes_a2m.label_audit.decisions`: what a person decided, in a file.
"""
