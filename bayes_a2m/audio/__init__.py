"""Audio: files, windows, spectra, normalisation."""
