"""Tests that kill, hang, damage and fill up, and check what is left.

| fault | tests |
| --- | --- |
| a worker killed at each point, in a storm, idle, starting; stopped from outside | `test_supervision.py` |
| the same storm with the default lock, which must fail | `test_control.py` |
| everything that can be killed, in whole runs; the same command continues, to the byte | `test_storm.py` |
| a position that kills its evaluator; an evaluator that cannot be kept alive | `test_quarantine.py` |
| the parent killed, stopped, ended by a signal | `test_parent_death.py`, `../e2e/test_bad_input.py` |
| bad UCI programs | `test_supervision.py`, `../plugins/evaluators/test_uci_faults.py` |
| positions that no program may get | `../engine/search/test_planner.py`; the fake program dies of them |
| PGN and EPD of every bad kind | `../plugins/readers/`, `../e2e/test_bad_input.py` |
| decompression bombs, bad plugins, errors that cannot be pickled, hostile headers | `test_matrix.py` |
| a run killed at each system call that touches an output; runs that want one output | `test_output_storm.py` |
| files, links and FIFOs of others in the way of outputs; permissions | `../engine/output/test_ours_alone.py` |
| full disk, closed output | `../engine/output/test_files.py`, `../e2e/test_bad_input.py` |
| caches locked, corrupt, foreign, older, newer, shared, full | `test_cache_faults.py`, `test_cache_contents.py` |
| workers, order and cache change no byte | `../e2e/test_analyze.py` |
| embedding: no main guard, standard input, threads, forks | `../engine/api/`, `../e2e/test_hosts.py` |
| anything left behind: processes, descriptors, shared memory, files | every test, and `test_leaks.py` |
| any sequence of the above | `test_scheduler_model.py`, `test_pool_model.py` |

Faults of workers run under `spawn` and `forkserver`. What does not exist (a cluster, a web page) has no row.
"""
