"""What pytest leaves alone in docs/: the gallery's script, which trains models."""

collect_ignore = ["site/figures.py"]
