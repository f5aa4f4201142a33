"""Uncertainty of scores by resampling recordings, since frames of one are not independent."""
