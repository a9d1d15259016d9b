"""First-party evaluators: one file each, its docstring is its page."""
