"""Measurements: each prints its own command, the machine and its figures. Nothing here is a test."""
