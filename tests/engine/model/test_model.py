"""The public contract is documented field by field."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import engine.model
from engine.model import Score

TREES = [ast.parse(path.read_text(encoding="utf-8")) for path in Path(engine.model.__path__[0]).glob("*.py")]
STRUCTS = {node.name: node for tree in TREES for node in tree.body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", STRUCTS)
def test_every_field_has_a_sentence_under_it(name: str) -> None:
    body = STRUCTS[name].body
    assert ast.get_docstring(STRUCTS[name])
    for node, below in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            documented = isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
            assert documented, f"{name}.{node.target.id}"


@pytest.mark.parametrize(
    ("score", "text"),
    [(Score(cp=31), "+0.31"), (Score(cp=0), "+0.00"), (Score(cp=-250), "-2.50"), (Score(mate=-3), "#-3")],
)
def test_scores_are_written_as_in_eval_comments(score: Score, text: str) -> None:
    assert str(score) == text
    opposite = -score
    assert -opposite == score
