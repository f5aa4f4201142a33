"""Uncertainty of scores: recordings are drawn again, for frames of one are not independent."""
