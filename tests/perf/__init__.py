"""Measurements, one module each: `python -m tests.perf NAME`. Only `test_*.py` holds tests.

`__main__` runs a benchmark, `report` has the result that it returns, `runs` calls `engine analyze`, `sides`
compares measurements, and `counts`, `instant`, `sleeping` and `timed` are plugins for the command (`--plugin`).
"""
