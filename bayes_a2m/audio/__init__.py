"""Sound in: files, windows, spectra, normalisation."""
