"""Batch chess analysis: distribute positions, keep the scoreboard, fold the results."""
