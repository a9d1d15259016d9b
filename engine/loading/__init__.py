"""Find plugins and choose the evaluator of a run."""
