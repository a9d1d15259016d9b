"""Worker processes: one evaluator each, supervised, with a scoreboard in shared memory."""
