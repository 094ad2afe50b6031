"""The paper's figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.generalization.figures.certified import certificate, certificate_summary
from projects.generalization.figures.codes import compression, compression_summary
from projects.generalization.figures.curves import orders, orders_summary, polynomials, polynomials_summary
from projects.generalization.figures.descent import fourier, fourier_summary, weak, weak_summary
from projects.generalization.figures.dimension import linear, linear_summary
from projects.generalization.figures.process import gp, gp_summary
from projects.generalization.figures.tables import t1, t1_summary
from projects.generalization.figures.texts import language, language_summary

__all__ = [
    "certificate", "certificate_summary", "compression", "compression_summary", "fourier", "fourier_summary", "gp", "gp_summary",
    "language", "language_summary", "linear", "linear_summary", "orders", "orders_summary", "polynomials", "polynomials_summary", "t1",
    "t1_summary", "weak", "weak_summary",
]  # fmt: skip
