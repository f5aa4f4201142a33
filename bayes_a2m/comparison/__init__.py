"""Is one model better than another: paired differences, intervals, and what can be concluded."""
