"""Keep evaluations on disk, so that no position is searched twice."""
