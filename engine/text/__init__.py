"""Format values for people: plain text and HTML."""
