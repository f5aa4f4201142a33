"""Methods without a network of this package's own: the measure for all that has one."""
