"""The parts of the HTML report: page, data, pictures. The writer is `html.py` beside this folder."""
