"""The documentation that is made from the code: parts of the Markdown files, and the site."""
