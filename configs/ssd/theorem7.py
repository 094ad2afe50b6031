"""Theorem 7: the predicted speed of every timed run against the measured one.

    python -m launch figure ssd/theorem7 --run-missing

Cost: none besides table A and figures 4, 6, 7 and the sweeps of K and F, whose runs these are.
Expect a prediction that is too fast where handshakes and a late cache cost time (8 to 18% in the public replication, 41% at batch 16).
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.ssd import fig4, fig6, fig7, fsweep, ksweep, measure, tableA
from configs.ssd.base import cost, needs, resolve
from configs.sweeps import Overrides

__all__ = ["cost", "get_config", "needs", "resolve", "sweep"]

ROWS = "metrics"  # one row per repeat


def get_config(scale: str) -> ConfigDict:
    return measure.timed(scale, "ar", "sd", "ssd")


def sweep(config: ConfigDict) -> Iterator[Overrides]:
    """The cells of the other figures, as differences from this file's defaults."""
    for figure in (tableA, fig4, fig6, fig7, ksweep, fsweep):
        theirs = figure.get_config(config.scale)
        differs = {key: theirs[section][key.split(".")[1]] for section in ("spec", "bench") for key in _keys(section, theirs)}
        for cell in figure.sweep(theirs):
            yield {**differs, **cell}


def _keys(section: str, config: ConfigDict) -> list[str]:
    return [f"{section}.{key}" for key in config[section]]
