"""The data types of the library: immutable, typed, and documented field by field."""

from __future__ import annotations

from engine.model.evaluation import PV_PLIES, Evaluation, EvaluatorInfo, Limit, Line, Position, Score
from engine.model.explanation import Explanation
from engine.model.game import (
    AnalysedGame,
    AnalysedPosition,
    Color,
    Judgement,
    Note,
    Origin,
    Phase,
    Ply,
    Recording,
    Side,
    SkippedGame,
    SourceGame,
)
from engine.model.landmarks import Epd, Landmarks, Opening, Phases
from engine.model.parts import PartHead, RunState
from engine.model.remark import Remark
from engine.model.report import (
    Axis,
    Cell,
    Certainty,
    Chart,
    Column,
    Finding,
    Kind,
    Metric,
    Point,
    Reference,
    Report,
    ReportTable,
    Series,
)
from engine.model.results import RESULTS, Result, parse_result, tag_result, with_result
from engine.model.run import RunResult
from engine.model.run_facts import Best, Failure, Notice, RunCounts
from engine.model.time_control import SPEED_NAMES, SPEEDS, Period, Speed, TimeControl
from engine.model.time_settling import Settled, settle, time_control
from engine.model.titles import title_of

__all__ = [
    "PV_PLIES",
    "RESULTS",
    "SPEEDS",
    "SPEED_NAMES",
    "AnalysedGame",
    "AnalysedPosition",
    "Axis",
    "Best",
    "Cell",
    "Certainty",
    "Chart",
    "Color",
    "Column",
    "Epd",
    "Evaluation",
    "EvaluatorInfo",
    "Explanation",
    "Failure",
    "Finding",
    "Judgement",
    "Kind",
    "Landmarks",
    "Limit",
    "Line",
    "Metric",
    "Note",
    "Notice",
    "Opening",
    "Origin",
    "PartHead",
    "Period",
    "Phase",
    "Phases",
    "Ply",
    "Point",
    "Position",
    "Recording",
    "Reference",
    "Remark",
    "Report",
    "ReportTable",
    "Result",
    "RunCounts",
    "RunResult",
    "RunState",
    "Score",
    "Series",
    "Settled",
    "Side",
    "SkippedGame",
    "SourceGame",
    "Speed",
    "TimeControl",
    "parse_result",
    "settle",
    "tag_result",
    "time_control",
    "title_of",
    "with_result",
]
