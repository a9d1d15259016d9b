"""First-party aggregators: one file each, its docstring is its page."""
