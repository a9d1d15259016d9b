"""Mates that were there, and whether they were played."""

from engine.plugin import Aggregator


class MissedMates(Aggregator):
    """x"""
