"""The figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.dmpc.figures.pictures import demo, demo_summary

__all__ = ["demo", "demo_summary"]
