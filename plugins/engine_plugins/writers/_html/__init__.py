"""What the HTML report is made of: the page, its data, its pictures. `html.py` beside this folder is the writer."""
