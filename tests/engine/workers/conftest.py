"""Fixtures of the tests of workers."""

from tests.pool_rig import rigs

__all__ = ["rigs"]
