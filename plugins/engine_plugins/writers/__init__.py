"""First-party writers: one file each, its docstring is its page."""
