"""Ways of being uncertain: one file a method, the same verbs in each."""
