"""What the HTML report is made of: page, data, pictures. The writer is `html.py` beside this folder."""
