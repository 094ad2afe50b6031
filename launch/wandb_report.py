"""A report on W&B for a sweep that was uploaded: learning curves, parallel coordinates and what differs, live.

An extra: it wants the package wandb-workspaces (pip install wandb-workspaces), and is asked for with `launch sync --report`.
"""

from typing import Any

from launch import configs
from launch.compare import repeat
from launch.fold import Comparison
from shared.errors import BadInput


def publish(name: str, found: Comparison) -> str:
    """Saves the report of the sweep `name` (paper/config) in the paper's project; returns its address."""
    import wandb

    made = report(name, found, "")
    try:
        made = report(name, found, wandb.Api().default_entity)
        made.save()
    except Exception as error:  # the package raises plain ones, too
        raise BadInput(f"W&B did not take the report of {name}: {str(error).splitlines()[0]}") from None
    return made.url


def report(name: str, found: Comparison, entity: str) -> Any:
    """The report as an object; nothing is sent. Runs are grouped by the fields that differ, so that W&B folds the seeds too."""
    try:
        from wandb_workspaces import expr
        from wandb_workspaces.reports import v2 as wr
    except ImportError:
        raise BadInput("--report needs the package wandb-workspaces: .venv/bin/pip install wandb-workspaces") from None
    paper = name.split("/")[0]
    columns = [column for column in found.columns if column not in ("paper", "scale")]
    axes = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(column), display_name=column) for column in columns]
    axes.append(wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(found.metric), display_name=found.metric))
    ids = [run.id for one in found.settings for run in one.runs]  # not the group: a run that two sweeps share has the group of the first
    groups = [f"config.{column}" for column in columns]
    runs = wr.Runset(entity=entity, project=paper, name=name, filters=[expr.Metric("ID").isin(ids)], groupby=groups)
    panels = [
        wr.LinePlot(title=f"{found.metric} over steps", x="step", y=[found.metric], layout=wr.Layout(0, 0, 12, 8)),
        wr.ParallelCoordinatesPlot(title="settings", columns=axes, layout=wr.Layout(12, 0, 12, 8)),
        wr.RunComparer(diff_only="split", layout=wr.Layout(0, 8, 24, 10)),
    ]
    said = " ".join(configs.claim(name).split("\n\n")[0].split())
    blocks: list[Any] = [wr.P(text=said), wr.PanelGrid(runsets=[runs], panels=panels)]
    if found.best:
        blocks += [wr.P(text=f"Best {found.metric}:"), wr.CodeBlock(code=repeat(found.best.runs[0]))]
    return wr.Report(project=paper, entity=entity, title=name, description="Written by `python -m launch sync --report`.", blocks=blocks)
