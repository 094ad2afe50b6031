"""What matters for success: predictor, reconstruction, encoder and dropout (Tables 6 to 9), widths and SIGReg's numbers (Figures 15, 16).

Every variant is trained anew, over the same seeds. The paper's are of Push-T; where ours are not, rows and titles say so.
"""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.lewm.figures import style
from projects.lewm.figures.planning import INTERVALS, over_seeds
from projects.lewm.figures.reading import facts, finished, groups, in_places, known, number, remark, success, values
from projects.lewm.published import row, spread, value
from shared.figures.published import Row
from shared.stats import Interval

Variants = dict[str, tuple[str, pd.DataFrame]]  # key of the published number -> name, runs
NEAR = 10.0  # points: what is that near to the best success has reached it


# -- Tables 6 to 9 --------------------------------------------------------------------------------------------------------
def ablation(table: pd.DataFrame, title: str, variants: Variants, names: dict[str, str]) -> Figure:
    """Bars over seeds, a dot per seed; beside them the paper's, by `names` of their keys."""
    rows = finished(table)
    note = remark(rows, INTERVALS, "Dots: single seeds")
    figure, (axis, paper) = style.canvas(f"{title}{in_places(rows)}", 1, "paper: Push-T, 3 seeds, +- standard deviation", 4.4, note)
    if variants:
        ours = [runs for _, runs in variants.values()]
        points = {"lewm": [100 * values(runs, "success") if len(runs) > 1 else [] for runs in ours]}
        style.bars(axis, [name for name, _ in variants.values()], {"lewm": [success(runs) for runs in ours]}, points)
        style.per_cent(axis)
    else:
        style.nothing(axis)
    style.label(axis, "", "success of LeWM, %")
    style.bars(paper, list(names.values()), {"lewm": [spread(key) for key in names]}, of_paper=True)
    style.per_cent(paper)
    return figure


def ablation_summary(variants: Variants) -> list[Row]:
    return known([line for key, (name, runs) in variants.items() for line in over_seeds(runs, name.replace("\n", ", "), key)])


def sizes(table: pd.DataFrame) -> Variants:
    """Tiny: heads as wide together as the latents; base: a wider residual stream; small: the default."""
    rows, found = finished(table), {}
    if rows.empty or "predictor.heads" not in rows:
        return found
    inner = rows["predictor.heads"] * rows["predictor.head_dim"]
    base, tiny = rows["predictor.width"] > 0, inner == rows["latent.width"]
    for key, runs in {"tiny": rows[tiny & ~base], "small": rows[~tiny & ~base], "base": rows[base]}.items():
        if len(runs):
            one = runs.iloc[0]
            width, heads = one["predictor.width"] or one["latent.width"], one["predictor.heads"]
            shape = f"width {width}, {heads} head{'s' if heads > 1 else ''}\nMLP {one['predictor.mlp_width']}"
            found[f"table6.{key}"] = (f"{key}\n{shape}", runs)
    return found


def table6(table: pd.DataFrame) -> Figure:
    """Success by the size of the predictor."""
    names = {f"table6.{key}": key for key in ("tiny", "small", "base")}
    return ablation(table, "Table 6  Success by the predictor's size", sizes(table), names)


def table6_summary(table: pd.DataFrame) -> list[Row]:
    return ablation_summary(sizes(table))


RECONSTRUCTION = {"table7.without": "without", "table7.with": "with reconstruction"}


def reconstructions(table: pd.DataFrame) -> Variants:
    keys = {weight: "table7.with" if weight else "table7.without" for weight in groups(finished(table), "loss.reconstruction")}
    return {key: (RECONSTRUCTION[key], groups(finished(table), "loss.reconstruction")[weight]) for weight, key in keys.items()}


def table7(table: pd.DataFrame) -> Figure:
    """Success with and without a decoder trained along."""
    return ablation(table, "Table 7  Success with a reconstruction loss beside LeWM's", reconstructions(table), RECONSTRUCTION)


def table7_summary(table: pd.DataFrame) -> list[Row]:
    return ablation_summary(reconstructions(table))


ENCODERS = {"table8.vit": "ViT", "table8.resnet": "ResNet-18"}


def encoders(table: pd.DataFrame) -> Variants:
    found = groups(finished(table), "encoder.kind")
    return {key: (name, found[key.split(".")[1]]) for key, name in ENCODERS.items() if key.split(".")[1] in found}


def table8(table: pd.DataFrame) -> Figure:
    """Success by encoder."""
    return ablation(table, "Table 8  Success by the encoder", encoders(table), ENCODERS)


def table8_summary(table: pd.DataFrame) -> list[Row]:
    return ablation_summary(encoders(table))


def dropouts(table: pd.DataFrame) -> Variants:
    return {f"table9.dropout_{rate:g}": (f"{rate:g}", runs) for rate, runs in groups(finished(table), "predictor.dropout").items()}


def table9(table: pd.DataFrame) -> Figure:
    """Success by dropout."""
    names = {f"table9.dropout_{rate}": rate for rate in ("0", "0.1", "0.2", "0.5")}
    return ablation(table, "Table 9  Success by the predictor's dropout", dropouts(table), names)


def table9_summary(table: pd.DataFrame) -> list[Row]:
    found = {key: (f"dropout {name}", runs) for key, (name, runs) in dropouts(table).items()}
    return ablation_summary(found)


# -- Figure 15 ------------------------------------------------------------------------------------------------------------
FIELDS = {"latent.width": "width of the latents D", "loss.projections": "directions of SIGReg", "loss.knots": "knots of SIGReg"}


def along(table: pd.DataFrame, field: str) -> dict[float, pd.DataFrame]:
    """Value of one of FIELDS -> the runs in which the two others are at their defaults: the values that most runs have."""
    rows = finished(table)
    for other in FIELDS:
        if other in rows and other != field and len(rows):
            rows = rows[rows[other] == finished(table)[other].mode().iloc[0]]
    return groups(rows, field)


def saturation(table: pd.DataFrame) -> float:
    """The narrowest latents whose success is within NEAR points of the best; NaN where fewer than two widths were run."""
    found = {width: success(runs).mean for width, runs in along(table, "latent.width").items()}
    found = {width: share for width, share in found.items() if math.isfinite(share)}
    return min(width for width, share in found.items() if share >= max(found.values()) - NEAR) if len(found) > 1 else math.nan


def fig15(table: pd.DataFrame) -> Figure:
    """Success by the width of the latents, and by the directions and knots of SIGReg."""
    rows = finished(table)
    note = remark(rows, INTERVALS, f"The paper prints no values: above D = {value('fig15.saturation'):g} (Push-T) nothing is gained")
    title = f"Fig. 15  How wide, along how many directions, at how many knots{in_places(rows)}"
    figure, axes = style.canvas(title, 3, "", 3.9, note)
    for axis, (field, words) in zip(axes, FIELDS.items(), strict=True):
        found = along(table, field)
        if found:
            style.curve(axis, list(found), [success(runs) for runs in found.values()], style.COLORS["lewm"], "LeWM")
            style.log_ticks(axis, list(found))
            style.per_cent(axis)
        else:
            style.nothing(axis)
        style.label(axis, words, "success, %" if axis is axes[0] else "")
    return figure


def fig15_summary(table: pd.DataFrame) -> list[Row]:
    lines = []
    for field, words in FIELDS.items():
        lines += [row(f"{words} {number(one)}", success(runs), "success, %", "", facts(runs)) for one, runs in along(table, field).items()]
    note = f"the narrowest within {NEAR:g} points of the best{in_places(finished(table))}"
    return known([*lines, row("enough", saturation(table), "width of the latents D", "fig15.saturation", note)])


# -- Figure 16 ------------------------------------------------------------------------------------------------------------
def fig16(table: pd.DataFrame) -> Figure:
    """Success by the weight of SIGReg; in grey what the paper says of its own curve."""
    rows = finished(table)
    note = remark(rows, INTERVALS, "Dots: single seeds", "Evenly spaced; 0 is training without SIGReg")
    title = f"Fig. 16  Success by the weight of SIGReg{in_places(rows)}"
    figure, (axis, paper) = style.canvas(title, 1, "paper: Push-T, in words only", 4.6, note)
    found = groups(rows, "loss.sigreg")
    if found:
        style.curve(axis, range(len(found)), [success(runs) for runs in found.values()], style.COLORS["lewm"], "LeWM")
        for place, runs in enumerate(found.values()):
            shares = 100 * values(runs, "success")
            axis.plot([place] * len(shares), shares, "o", markersize=2.6, color=style.INK, alpha=0.5)
        axis.set_xticks(range(len(found)), [f"{weight:g}" for weight in found])
        style.per_cent(axis)
    else:
        style.nothing(axis)
    style.label(axis, "lambda", "success, %")
    low, high, peak, drop = (value(f"fig16.{key}") for key in ("plateau_low", "plateau_high", "peak", "drop"))
    paper.fill_between([low, high], value("fig16.plateau"), 100, color=style.PAPER, alpha=0.25, linewidth=0)
    text = {"ha": "center", "fontsize": 8, "color": style.PAPER}
    paper.text((low * high) ** 0.5, 90, f"above {value('fig16.plateau'):g}%", va="center", **text)
    paper.axvline(peak, color=style.PAPER, linewidth=1, linestyle=":")
    paper.text(peak, 72, f"peak near {peak:g}", **text)
    paper.annotate("drops\nsharply", (drop, 20), (drop, 62), arrowprops={"arrowstyle": "->", "color": style.PAPER}, **text)
    style.log_ticks(paper, [low, 0.03, peak, high, drop])
    paper.set_xlim(0.006, 0.9)
    style.per_cent(paper)
    style.label(paper, "lambda", "")
    return figure


def fig16_summary(table: pd.DataFrame) -> list[Row]:
    found = groups(finished(table), "loss.sigreg")
    lines = [row(f"lambda = {weight:g}", success(runs), "success, %", "", facts(runs)) for weight, runs in found.items()]
    ours = {weight: success(runs).mean for weight, runs in found.items() if math.isfinite(success(runs).mean)}
    flat = [share for weight, share in ours.items() if value("fig16.plateau_low") <= weight <= value("fig16.plateau_high")]
    if flat:
        lowest = Interval(min(flat), math.nan, math.nan, len(flat))
        lines.append(row("lambda from 0.01 to 0.2", lowest, "lowest success, %", "fig16.plateau", f"a bound{in_places(finished(table))}"))
        lines.append(row("the best", max(ours, key=ours.get), "lambda", "fig16.peak", f"of those tried{in_places(finished(table))}"))
    return known(lines)
