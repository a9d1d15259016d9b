"""First-party plugins. They are loaded through entry points, like all other plugins."""
