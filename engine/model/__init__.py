"""The data types of the library: immutable, typed, and documented field by field."""

from __future__ import annotations

from engine.model.evaluation import PV_PLIES, Evaluation, EvaluatorInfo, Limit, Line, Position, Score
from engine.model.game import (
    AnalysedGame,
    AnalysedPosition,
    Color,
    Epd,
    Judgement,
    Landmarks,
    Note,
    Opening,
    Origin,
    Phase,
    Phases,
    Ply,
    Recording,
    Side,
    SkippedGame,
    SourceGame,
    TimeControl,
    time_control,
)
from engine.model.report import Cell, Column, Kind, Metric, Report, ReportTable
from engine.model.results import RESULTS, Result, parse_result, tag_result, with_result
from engine.model.run import Best, Failure, Notice, RunCounts, RunResult
from engine.model.titles import title_of

__all__ = [
    "PV_PLIES",
    "RESULTS",
    "AnalysedGame",
    "AnalysedPosition",
    "Best",
    "Cell",
    "Color",
    "Column",
    "Epd",
    "Evaluation",
    "EvaluatorInfo",
    "Failure",
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
    "Phase",
    "Phases",
    "Ply",
    "Position",
    "Recording",
    "Report",
    "ReportTable",
    "Result",
    "RunCounts",
    "RunResult",
    "Score",
    "Side",
    "SkippedGame",
    "SourceGame",
    "TimeControl",
    "parse_result",
    "tag_result",
    "time_control",
    "title_of",
    "with_result",
]
