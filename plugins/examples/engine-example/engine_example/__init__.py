"""Example plugins: a reader, a writer, an evaluator and an executor."""
