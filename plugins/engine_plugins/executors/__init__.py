"""First-party executors: one file each, its docstring is its page."""
