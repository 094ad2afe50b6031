"""Our numbers beside the paper's: the table that comes with every figure."""

import csv
import io
import math
from collections.abc import Iterable
from typing import Any

from launch import configs
from launch import plan as planning
from launch.plan import Plan
from shared.errors import BadInput
from shared.figures import published

TAGS = {"P": "stated by the paper", "C": "from the authors' code", "R": "a public replication", "D": "derived from P and C",
        "U": "one secondary source, unverified"}
HEAD = ("setting", "paper", "evidence", "ours mean [95% CI] n", "ratio", "scale note")


def beside(summary: Iterable[dict[str, Any]], plan: Plan) -> list[dict[str, Any]]:
    """The figure's summary rows joined with the paper's numbers. Numbers that are not known are NaN."""
    known = published.read(configs.ROOT / "projects" / plan.name.split("/")[0])
    scale, rows = scale_note(plan), []
    for row in summary:
        theirs = known[row["published"]] if row["published"] else {"value": math.nan, "unit": "", "where": "", "tag": ""}
        rows.append(
            {
                "setting": f"{row['setting']}: {row['quantity']}",
                "paper": float(theirs["value"]),
                "unit": theirs["unit"],
                "tag": theirs["tag"],
                "where": theirs["where"],
                **{key: row[key] for key in ("ours", "low", "high", "n")},
                "ratio": row["ours"] / theirs["value"] if theirs["value"] else math.nan,
                "scale note": "; ".join(filter(None, (scale, row["note"]))),
            }
        )
    return rows


def scale_note(plan: Plan) -> str:
    """How much smaller this is than the published set-up, in FLOPs of everything that the figure needs."""
    if plan.scale == "paper":
        return "the paper's scale"
    try:
        paper = planning.build(plan.name, "paper", [])
    except BadInput:
        return f"scale {plan.scale}"
    ours, theirs = (sum(run.flops for run in one.runs.values()) for one in (plan, paper))
    return f"1/{float(f'{theirs / ours:.1g}'):,.0f} of the paper's FLOPs"


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One row as text, in the order of HEAD."""
    paper = f"{number(row['paper'])} {row['unit']}".strip()
    evidence = f"{row['tag']}: {row['where']}" if row["tag"] else ""
    return (row["setting"], paper, evidence, ours(row), number(row["ratio"], 3), row["scale note"])


def ours(row: dict[str, Any]) -> str:
    """'3.412 [3.401, 3.423] n=3'; a refused or missing number is a dash."""
    if not math.isfinite(row["ours"]):
        return "-"
    if not math.isfinite(row["low"]):
        return f"{number(row['ours'])} n={row['n']}"
    return f"{row['ours']:#.4g} [{row['low']:#.4g}, {row['high']:#.4g}] n={row['n']}"


def number(value: float, digits: int = 4) -> str:
    return f"{value:.{digits}g}" if math.isfinite(value) else ""


def markdown(rows: list[dict[str, Any]]) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(cells(row) for row in rows)]
    return "".join(f"| {' | '.join(text.replace('|', '/') for text in line)} |\n" for line in lines) + f"\n{legend(rows)}\n"


def legend(rows: list[dict[str, Any]]) -> str:
    """What the evidence tags mean that the table uses."""
    used = [tag for tag in TAGS if any(row["tag"] == tag for row in rows)]
    return "; ".join(f"{tag}: {TAGS[tag]}" for tag in used) + ("." if used else "No number of the paper stands beside these.")


def as_csv(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0] if rows else HEAD)
    writer.writerows(["" if isinstance(value, float) and math.isnan(value) else value for value in row.values()] for row in rows)
    return text.getvalue()
