"""The paper's figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.generalization.figures.basins import volume, volume_summary
from projects.generalization.figures.certified import certificate, certificate_summary
from projects.generalization.figures.codes import compression, compression_summary
from projects.generalization.figures.connected import modes, modes_summary
from projects.generalization.figures.curves import orders, orders_summary, polynomials, polynomials_summary
from projects.generalization.figures.descent import fourier, fourier_summary, weak, weak_summary
from projects.generalization.figures.dimension import linear, linear_summary
from projects.generalization.figures.evidence import altered, altered_summary, gp, gp_summary
from projects.generalization.figures.heat import map, map_summary
from projects.generalization.figures.tables import t1, t1_summary
from projects.generalization.figures.texts import language, language_summary
from projects.generalization.figures.width import widths, widths_summary

__all__ = [
    "altered", "altered_summary", "certificate", "certificate_summary", "compression", "compression_summary", "fourier", "fourier_summary",
    "gp", "gp_summary", "language", "language_summary", "linear", "linear_summary", "map", "map_summary", "modes", "modes_summary",
    "orders", "orders_summary", "polynomials", "polynomials_summary", "t1", "t1_summary", "volume", "volume_summary", "weak",
    "weak_summary", "widths", "widths_summary",
]  # fmt: skip
