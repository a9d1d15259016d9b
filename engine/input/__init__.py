"""Open the inputs of a run and turn them into numbered, filtered and sampled games."""
