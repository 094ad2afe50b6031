"""Generates with a pair of models, mode beside mode, and turns the records of all rounds into one row of numbers per repeat."""

import contextlib
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from projects.ssd import accounting, pairs
from projects.ssd.ahead import programs
from projects.ssd.turns import SAME_K, Elsewhere, Turns
from shared.data import registry
from shared.data.tokens import load, windows
from shared.run import Run

__all__ = ["programs", "run"]

BOTH = "_both"  # modes with this ending have all the cores that SSD uses


def run(config: ConfigDict, run: Run) -> dict[str, Any] | None:
    """Leaves tables/rounds.json, the raw records, and one metrics row per repeat. None when it was asked to stop before the end."""
    run.restore(None)  # it has no checkpoints: a second attempt begins anew
    rows, records = [], []
    with taking(config, run.needs["draft"][0].id, run.table(0, "job.json")) as take:
        for repeat in range(config.bench.repeats):
            texts, done = prompts(config, repeat), {}
            for mode in order(config, repeat):
                done[mode] = take(mode, texts, config.seed + repeat)
                if run.stopping:
                    return None
            rows.append(numbers(config, done))
            records.append(done)
            run.step = repeat
    run.table(0, "rounds.json").write_text(json.dumps(records), encoding="utf-8")
    names = dict.fromkeys(name for row in rows for name in row)
    for repeat, row in enumerate(rows):
        run.log(repeat, {name: row.get(name, math.nan) for name in names})
    return {"repeats": len(rows)}


@contextlib.contextmanager
def taking(config: ConfigDict, draft: str, job: Path) -> Iterator[Callable[[str, list[list[int]], int], dict[str, Any]]]:
    """take(mode, prompts, seed) of a pair, by the id of its draft's run. Where time counts it is taken in pinned processes of their own,
    which read their job from a file."""
    told = {name: config[name].to_dict() for name in ("spec", "sampling", "prompts", "bench")}
    with contextlib.ExitStack() as stack:
        if config.bench.timed:
            sides = {"": stack.enter_context(Elsewhere(draft, told, True, job))}
            if any(mode.endswith(BOTH) for mode in config.bench.modes):
                sides[BOTH] = stack.enter_context(Elsewhere(draft, told, False, job.with_name(f"both_{job.name}")))
        else:
            sides = {"": stack.enter_context(Turns(pairs.load(draft), told))}
        yield lambda mode, texts, seed: sides[BOTH if mode.endswith(BOTH) else ""].take(mode, texts, seed)


def order(config: ConfigDict, repeat: int) -> list[str]:
    """The modes of a repeat: there and back, so that a machine that tires tires all of them."""
    modes = [*config.bench.modes, *([SAME_K] if config.bench.timed and "ssd" in config.bench.modes else [])]
    return modes if repeat % 2 == 0 else modes[::-1]


def prompts(config: ConfigDict, repeat: int) -> list[list[int]]:
    """The repeat's own prompts: windows of text that no model has seen, from the data sets in turn."""
    sets = [windows(load(name, config.data.vocab).test, config.prompts.length) for name in registry.members(config.prompts.domain)]
    first = repeat * config.prompts.count
    places = [divmod(number, len(sets)) for number in range(first, first + config.prompts.count)]
    spread = [len(one) // max(1, config.bench.repeats * config.prompts.count // len(sets) + 1) for one in sets]
    return [sets[which][turn * max(1, spread[which]) % len(sets[which])].astype(int).tolist() for turn, which in places]


def wave_of(columns: dict[str, list]) -> accounting.Wave:
    return {name: np.asarray(column) for name, column in columns.items()}


def numbers(config: ConfigDict, done: dict[str, dict]) -> dict[str, float]:
    """One row, of what every mode answered. Every number says in accounting.py how it comes from the records."""
    waves = {mode: wave_of(one["columns"]) for mode, one in done.items()}
    row = {f"tok_s/{mode}": accounting.rate([wave]) for mode, wave in waves.items() if config.bench.timed and mode != SAME_K}
    row |= {f"devices/{mode}": 2 if mode == "ssd" or mode.endswith(BOTH) else 1 for mode in waves if mode != SAME_K}
    row |= {f"tok_round/{mode}": accounting.tokens_per_round([wave]) for mode, wave in waves.items() if mode in ("ar", "sd")}
    row["compiles/ssd"] = done["ssd"]["compiles"] if "ssd" in done else math.nan
    if not config.sampling.temperature:
        texts = [one["tokens"] for one in done.values()]
        row["same_text"] = float(np.mean([text == texts[0] for text in texts]))
    if "ssd" in waves:
        row |= accounting.numbers([waves["ssd"]], config.spec.lookahead)
    if config.bench.timed:
        if "ssd" in waves:
            row |= accounting.overlapped([waves["ssd"]])
            row |= {"T_v_ms": accounting.verify_ms([waves[SAME_K]]), "T_draft_ms": accounting.draft_ms([waves[SAME_K]])}
            row["tok_round_same_k/sd"] = accounting.tokens_per_round([waves[SAME_K]])
        if "ar" in waves:
            row["T_v1_ms"] = accounting.verify_ms([waves["ar"]])
        if "sd" in waves:
            row["T_sd_ms"] = accounting.round_ms([waves["sd"]])
    return row
