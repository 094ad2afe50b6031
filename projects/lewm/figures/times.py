"""Figure 3: how long a plan takes."""

import math

import pandas as pd
from matplotlib.figure import Figure

from projects.lewm.figures import style
from projects.lewm.figures.reading import facts, finished, groups, known, mean, number, remark, spelled, values, where
from projects.lewm.published import row, value
from shared.figures.published import Row

TOKENS = {"lewm": "one latent, LeWM", "pldm": "one latent, PLDM", "patches": "a latent per patch"}


def timed(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """lewm and pldm with one latent per frame, and any model with one per patch -> runs."""
    one, many = where(rows, latent__tokens="one"), where(rows, latent__tokens="patches")
    return groups(one, "loss.kind") | ({"patches": many} if len(many) else {})


def fig3(table: pd.DataFrame) -> Figure:
    """The time of a plan, one latent per frame against one per patch."""
    rows = finished(table)
    title = "Fig. 3  A plan over one latent per frame, and over one per patch"
    tries = f"CEM of {spelled(rows, 'plan.samples')} x {spelled(rows, 'plan.iterations')}"
    note = remark(rows, f"{tries}, the median of its calls", "What models have learned changes no time")
    figure, (axis, paper) = style.canvas(title, 1, "paper: L40S, plans of DINO-WM over those of LeWM", 4.6, note)
    found = {name: mean(runs, "plan_ms") for name, runs in timed(rows).items() if len(values(runs, "plan_ms"))}
    if found:
        names = [TOKENS[name] + (f"\n({patches(rows)} a frame)" if name == "patches" else "") for name in found]
        for place, (name, one) in enumerate(found.items()):
            axis.barh(place, one.mean, 0.6, color=style.COLORS[name])
            axis.annotate(f"{style.short(one.mean)} ms", (one.mean, place), (4, 0), textcoords="offset points", va="center", fontsize=8)
        axis.set_yticks(range(len(names)), names)
        axis.invert_yaxis()
        axis.set_xscale("log")
        axis.set_xlim(min(one.mean for one in found.values()) / 3, max(one.mean for one in found.values()) * 6)
        axis.grid(axis="y", visible=False)
    else:
        style.nothing(axis)
    style.label(axis, "ms per plan", "", f"{ratio(rows):.0f} times as long" if math.isfinite(ratio(rows)) else "")
    theirs = {"LeWM,\nunder a second": 1.0, f"DINO-WM\n({value('fig3.dinowm_tokens'):g} a frame)": value("fig3.ratio")}
    look = {"color": [style.COLORS["lewm"], style.COLORS["dinowm"]], "alpha": 0.45, "edgecolor": style.PAPER}
    paper.barh(list(theirs), list(theirs.values()), 0.5, **look)
    for place, time in enumerate(theirs.values()):
        paper.annotate(f"{time:g}x", (time, place), (4, 0), textcoords="offset points", va="center", fontsize=8, color=style.PAPER)
    paper.set_xscale("log")
    paper.set_xlim(0.4, 300)
    paper.invert_yaxis()
    paper.grid(axis="y", visible=False)
    style.label(paper, "time of a plan, LeWM = 1", "")
    return figure


def patches(rows: pd.DataFrame) -> str:
    """Latents of a frame."""
    many = where(rows, latent__tokens="patches")
    return number(int((many["images.size"].iloc[0] // many["encoder.patch"].iloc[0]) ** 2)) if len(many) else ""


def ratio(rows: pd.DataFrame) -> float:
    """How many times as long a plan over patches takes as LeWM's; NaN where one of them was not timed."""
    runs = timed(rows)
    times = [mean(runs[name], "plan_ms").mean if name in runs else math.nan for name in ("patches", "lewm")]
    return times[0] / times[1]


def fig3_summary(table: pd.DataFrame) -> list[Row]:
    rows = finished(table)
    lines = [row(TOKENS[name], mean(runs, "plan_ms"), "ms per plan and pair", "", facts(runs)) for name, runs in timed(rows).items()]
    note = f"{patches(rows)} latents a frame against 1, of equal width"
    return known([*lines, row("patches over one latent", ratio(rows), "time of a plan, x", "fig3.ratio", note)])
