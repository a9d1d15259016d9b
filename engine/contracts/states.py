"""States that add up in any order: an aggregator declares them in its class body.

Every state is exact and keeps these laws, so that games may be divided between processes and machines:

- merging is associative and commutative, and merging with a fresh state changes nothing;
- `state()` is canonical: JSON-able, and equal for states with the same content;
- numbers are integers. A sum of floats depends on the order in its last digit, so keep thousandths.

| state          | holds                                             | `add`                           |
| -------------- | ------------------------------------------------- | ------------------------------- |
| `Sum()`        | one integer                                       | `add(n=1)`                      |
| `Counts()`     | an integer per string                             | `add(key, n=1)`                 |
| `Histogram()`  | how often each integer was added                  | `add(value, n=1)`               |
| `Moments()`    | number, sum and sum of squares of integers        | `add(value)`                    |
| `JointMoments(k)` | sums, and sums of products, of `k` integers a game  | `add(a, b, ...)`                |
| `TopK(size)`   | the rows with the highest scores                  | `add(score, game, ply, *cells)` |
| `Table(size)`  | rows in the order of their keys, the first `size` | `add(key, *cells)`              |
| `keyed(Sum())` | one of the other states per string                | `states[key].add(...)`          |

States whose keys are names of players say so: `Counts(by="player")`, `keyed(Sum(), by="player")`. In reports, one
person then has one row, however the name is spelled in the games.
"""

from __future__ import annotations

from engine.contracts.group_states import Counts, Keyed, keyed
from engine.contracts.scalar_states import Histogram, JointMoments, Moments, State, Sum
from engine.contracts.table_states import Datum, Key, Table, Top, TopK

__all__ = [
    "Counts",
    "Datum",
    "Histogram",
    "JointMoments",
    "Key",
    "Keyed",
    "Moments",
    "State",
    "Sum",
    "Table",
    "Top",
    "TopK",
    "keyed",
]
