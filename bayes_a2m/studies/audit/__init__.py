"""The audit of a data folder's labels: listen out of fold, measure lags, rank, write, show."""
