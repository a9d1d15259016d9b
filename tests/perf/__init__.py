"""Measurements, one module each: `python -m tests.perf NAME`. Nothing here is a test, but `test_*.py`.

`__main__` is the door, `report` what a benchmark gives back, `runs` calls `engine analyze`, `sides` compares, and
`counts`, `instant`, `sleeping` and `timed` are plugins that the command is given (`--plugin`).
"""
