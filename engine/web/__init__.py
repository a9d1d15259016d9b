"""Pages for a browser: `pages` makes those of reports in files."""
