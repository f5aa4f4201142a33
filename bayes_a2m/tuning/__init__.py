"""Settings are searched for with Optuna: spaces, an objective on folds, a study that goes on."""
