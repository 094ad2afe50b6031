"""The paper's figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.infinite_compute.figures.ablations import (
    fig10,
    fig10_summary,
    fig11,
    fig11_summary,
    fig12,
    fig12_summary,
    fig13a,
    fig13a_summary,
    fig13b,
    fig13b_summary,
    fig14,
    fig14_summary,
    fig15,
    fig15_summary,
    fig20,
    fig20_summary,
)
from projects.infinite_compute.figures.data_scaling import fig7, fig7_summary, fig8, fig8_summary
from projects.infinite_compute.figures.demonstration import demo, demo_summary
from projects.infinite_compute.figures.distillation import (
    fig9,
    fig9_summary,
    table1,
    table1_summary,
    table3,
    table3_summary,
    table4,
    table4_summary,
)
from projects.infinite_compute.figures.ensembles import (
    fig4,
    fig4_summary,
    fig5,
    fig5_summary,
    fig16,
    fig16_summary,
    fig17,
    fig17_summary,
)
from projects.infinite_compute.figures.scaling import (
    fig1,
    fig1_summary,
    fig2,
    fig2_summary,
    fig3,
    fig3_summary,
    fig6,
    fig6_summary,
)

__all__ = [
    "demo", "demo_summary", "fig1", "fig10", "fig10_summary", "fig11", "fig11_summary", "fig12", "fig12_summary", "fig13a",
    "fig13a_summary", "fig13b", "fig13b_summary", "fig14", "fig14_summary", "fig15", "fig15_summary", "fig16", "fig16_summary",
    "fig17", "fig17_summary", "fig1_summary", "fig2", "fig20", "fig20_summary", "fig2_summary", "fig3", "fig3_summary", "fig4",
    "fig4_summary", "fig5", "fig5_summary", "fig6", "fig6_summary", "fig7", "fig7_summary", "fig8", "fig8_summary", "fig9",
    "fig9_summary", "table1", "table1_summary", "table3", "table3_summary", "table4", "table4_summary",
]  # fmt: skip
