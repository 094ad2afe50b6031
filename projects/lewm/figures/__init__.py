"""The paper's figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.lewm.figures.ablations import (
    fig15,
    fig15_summary,
    fig16,
    fig16_summary,
    table6,
    table6_summary,
    table7,
    table7_summary,
    table8,
    table8_summary,
    table9,
    table9_summary,
)
from projects.lewm.figures.latents import (
    collapse,
    collapse_summary,
    fig9,
    fig9_summary,
    table1,
    table1_summary,
    table3,
    table3_summary,
    table4,
    table4_summary,
)
from projects.lewm.figures.pictures import demo, demo_summary, fig7, fig7_summary, fig8, fig8_summary
from projects.lewm.figures.planning import fig6, fig6_summary, table5, table5_summary, table10, table10_summary
from projects.lewm.figures.protocol import plans, plans_summary, protocol, protocol_summary
from projects.lewm.figures.surprise import fig10, fig10_summary, fig13, fig13_summary
from projects.lewm.figures.times import fig3, fig3_summary
from projects.lewm.figures.training import fig17, fig17_summary, fig18, fig18_summary, fig19, fig19_summary

__all__ = [
    "collapse", "collapse_summary", "demo", "demo_summary", "fig10", "fig10_summary", "fig13", "fig13_summary", "fig15", "fig15_summary",
    "fig16", "fig16_summary", "fig17", "fig17_summary", "fig18", "fig18_summary", "fig19", "fig19_summary", "fig3", "fig3_summary", "fig6",
    "fig6_summary", "fig7", "fig7_summary", "fig8", "fig8_summary", "fig9", "fig9_summary", "plans", "plans_summary", "protocol",
    "protocol_summary", "table1", "table10", "table10_summary", "table1_summary", "table3", "table3_summary", "table4", "table4_summary",
    "table5", "table5_summary", "table6", "table6_summary", "table7", "table7_summary", "table8", "table8_summary", "table9",
    "table9_summary",
]  # fmt: skip
