"""The paper's figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.ssd.figures.batches import fig6, fig6_summary
from projects.ssd.figures.hits import fig3, fig3_summary, fig4, fig4_summary, fig5, fig5_summary
from projects.ssd.figures.speed import demo, demo_summary, fig7, fig7_summary, tableA, tableA_summary
from projects.ssd.figures.sweeps import fsweep, fsweep_summary, ksweep, ksweep_summary, theorem7, theorem7_summary

__all__ = [
    "demo", "demo_summary", "fig3", "fig3_summary", "fig4", "fig4_summary", "fig5", "fig5_summary", "fig6", "fig6_summary", "fig7",
    "fig7_summary", "fsweep", "fsweep_summary", "ksweep", "ksweep_summary", "tableA", "tableA_summary", "theorem7", "theorem7_summary",
]  # fmt: skip
