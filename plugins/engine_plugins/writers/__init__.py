"""First-party writers. Each has a file; the docstring of the file is its page."""
