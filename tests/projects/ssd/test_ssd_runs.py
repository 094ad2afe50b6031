"""A pair from nothing to a figure at scale smoke: a target, what it writes, a draft, and a measurement."""

import io
import json
import math

import helpers
import numpy as np
import pytest
import ssd_runs
from ssd_pairs import forward, run

from launch import cells
from projects.ssd import figures, pairs
from projects.ssd.engine import Sampling, Spec
from shared.data.bpe import DOC_ID
from shared.rundir import RunDir

ENTRIES = ("train", "sample", "distil", "measure")


def finite(numbers):
    return all(math.isfinite(value) for value in numbers.values())


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_entry_ends_with_finite_numbers(pair_runs, entry):
    run = pair_runs[entry]
    status, final = run.dir.status(), helpers.final(run.dir)
    assert (status["state"], status["attempt"]) == ("done", 1)
    assert final and finite(final) and "ckpt" not in {path.name for path in run.dir.path.iterdir()}


def test_training_learns(pair_runs):
    for entry, steps in (("train", 8), ("distil", 4)):
        rows = helpers.rows(pair_runs[entry].dir)
        assert rows[-1]["step"] == pair_runs[entry].config["train"]["steps"] == steps
        assert rows[-1]["val/loss"] == helpers.final(pair_runs[entry].dir)["val/loss"] < rows[0]["train/loss"]
    final = helpers.final(pair_runs["distil"].dir)
    assert 0 < final["val/acceptance"] < 1 and 0 <= final["val/agreement"] <= 1


def test_samples_are_prompts_with_what_the_target_says(pair_runs):
    run = pair_runs["sample"]
    tokens = np.load(run.dir.path / "tables" / "tokens.npy")
    assert tokens.dtype == np.uint16 and len(tokens) == run.config["sample"]["tokens"] and tokens.max() < 256
    rows, target = tokens.reshape(-1, 256)[:4].astype(np.int32), pairs.model(pair_runs["train"].dir)
    logits = forward(target, rows)[:, :-1]
    worse = logits.max(-1) - np.take_along_axis(logits, rows[:, 1:, None], -1)[..., 0]  # than the best token
    assert worse[:, 63:].max() < 1e-4, "the first rows are greedy from the end of the prompt on"
    assert worse[:, :63].max() > 0.1


def test_a_measurement_counts_and_keeps_its_rounds(pair_runs):
    run = pair_runs["measure"]
    rows, config = helpers.rows(run.dir), run.config
    assert [row["step"] for row in rows] == [0, 1]
    for row in rows:
        assert row["same_text"] == 1 and row["compiles/ssd"] == 0 and row["rows"] > 0
        assert 0 <= row["p_hit"] <= 1 and 1 <= row["tok_round"] <= config["spec"]["lookahead"] + 1
    records = json.loads((run.dir.path / "tables" / "rounds.json").read_text())
    assert len(records) == 2
    for repeat in records:
        assert list(map(len, repeat["ssd"]["tokens"])) == [config["prompts"]["new"]] * config["prompts"]["count"]
        assert sum(repeat["ssd"]["columns"]["emitted"]) == config["prompts"]["new"] * config["prompts"]["count"]


@pytest.mark.parametrize("name", ["fig3", "fig4", "fig5"])
def test_a_figure_is_drawn_from_a_measured_table(trained_pair, pair_runs, name):
    table = cells.collect(trained_pair[1]).table()
    assert len(table) == 2 and table["p_hit"].notna().all()
    buffer = io.BytesIO()
    getattr(figures, name)(table).savefig(buffer, format="png", dpi=40)
    assert len(buffer.getvalue()) > 2_000
    getattr(figures, f"{name}_summary")(table)


def test_the_newest_pair_is_loaded_by_name(pair_runs):
    for name in ("", "smoke", pair_runs["distil"].id):
        pair = pairs.load(name)
        assert pair.target.lm.vocab == pair.draft.lm.vocab == 256 and pair.eos == (DOC_ID,)
        tokens = pairs.encode(pair, "It was <doc> the best")
        assert tokens[0] == DOC_ID and DOC_ID not in tokens[1:]
    assert pairs.title(RunDir(pair_runs["distil"].dir.path)) == "smoke"


@pytest.mark.slow
def test_a_draft_that_begins_as_its_target_and_says_few_tokens(pair_runs):
    """Its first layer and the target's embedding, an output layer for the most frequent tokens; the text stays the target's."""
    plan = ssd_runs.plan("distil", distil__outputs=64)
    assert ssd_runs.compute(plan) == 0
    made = pairs.load(ssd_runs.by_entry(plan)["distil"].id)
    assert made.draft.config.outputs == len(made.draft.ids) == 64 and made.draft.config.layers == 1
    np.testing.assert_array_equal(made.draft.params["embedding"]["table"], made.target.params["embedding"]["table"])
    some = [pairs.encode(made, text) for text in ("It was", "The age of")]
    plain, _ = run(made, Spec("ar"), Sampling(max_new=40), some)
    tokens, rows = run(made, Spec("ssd", 3, 8), Sampling(max_new=40), some)
    assert tokens == plain and (rows["hit"] == 1).any()


@pytest.mark.slow
def test_a_timed_measurement_in_processes_of_its_own(pair_runs):
    """AR, SD and SSD by turns in pinned processes, the draft in one of its own; the same text from all."""
    plan = ssd_runs.plan("demo", prompts__new=64)
    assert ssd_runs.compute(plan) == 0
    rows = helpers.rows(ssd_runs.by_entry(plan)["measure"].dir)
    assert len(rows) == 2 and list(ssd_runs.by_entry(plan)["train"].dir.metrics())
    for row in rows:
        assert row["same_text"] == 1 and row["compiles/ssd"] == 0
        assert min(row[f"tok_s/{mode}"] for mode in ("ar", "sd", "ssd")) > 0
        assert (row["devices/ar"], row["devices/sd"], row["devices/ssd"]) == (1, 1, 2)
        assert min(row[f"T_{name}_ms"] for name in ("v1", "v", "v_overlapped", "p", "draft", "sd")) > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fig5", "demo"])
def test_a_figure_as_a_person_asks_for_it(pair_runs, name, tmp_path):
    """What is missing, here the measurements, is run by the launcher, one figure counted and one timed; then picture and table are
    written."""
    done = helpers.launch("figure", f"ssd/{name}", "--scale=smoke", "--run-missing", "--yes", f"--out={tmp_path}", *ssd_runs.flags())
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / f"ssd/{name}.png").stat().st_size > 2_000 and (tmp_path / f"ssd/{name}.md").stat().st_size > 100
    assert "0 missing" in done.stdout and pair_runs["distil"].dir.status()["attempt"] == 1
