"""Networks: plain torch modules from features to log-probabilities."""
