"""First-party readers: one file each, its docstring is its page."""
