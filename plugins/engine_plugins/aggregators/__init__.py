"""First-party aggregators. Each has a file; the docstring of its class is its page."""
