from types import SimpleNamespace

import helpers
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from ml_collections import ConfigDict

from launch import configs
from projects.infinite_compute.sample import DOCUMENT, run, stretch
from shared.data import tokens
from shared.data.tokens import windows
from shared.errors import BadInput
from shared.nn.cache import KVCache

VOCAB, ROWS, CONTEXT = 6, 64, 32


def settings(teacher: str, vocab: int = VOCAB) -> ConfigDict:
    module = configs.load("infinite_compute/sample")
    changes = {"data.context": CONTEXT, "sample.batch_size": ROWS, "sample.teacher": teacher, "model.name": "nano", "data.vocab": vocab}
    changes["evaluation.batch_size"] = 1
    return configs.resolved(module, module.get_config("smoke"), changes)[0]


def bigram(params, given, cache, method):
    """A teacher made by hand: logits of the next token are a row of its table params [V, V]."""
    assert method == "decode"
    return params[given], KVCache(cache.k, cache.v, cache.length + given.shape[1])


def write(tables: list[np.ndarray], teacher: str, seed: int = 0) -> np.ndarray:
    """What teachers with these tables write after the document mark: [rows, T / 2]."""
    stage = stretch(SimpleNamespace(apply=bigram), settings(teacher), len(tables))
    prompt = jnp.full((ROWS // len(tables) * len(tables), 1), DOCUMENT)
    return np.asarray(stage(jnp.stack(tables), prompt, jax.random.key(seed)))


def table(*allowed: int) -> np.ndarray:
    """A teacher that writes only these tokens, the later ones more often."""
    logits = np.full((VOCAB, VOCAB), -1e9, np.float32)
    logits[:, allowed] = np.arange(len(allowed))
    return logits


def test_rows_of_a_mixture_come_from_one_member_each():
    text = write([table(1, 2), table(3, 4), table(5, 0)], "mixture")
    share = ROWS // 3
    assert text.shape == (3 * share, CONTEXT // 2)
    for member, allowed in enumerate([{1, 2}, {3, 4}, {5, 0}]):
        assert set(np.unique(text[member * share : (member + 1) * share])) == allowed


def test_tokens_follow_the_teachers_distribution():
    text = write([table(1, 2, 3)], "mixture")
    expected = np.exp([0, 1, 2]) / np.exp([0, 1, 2]).sum()
    found = np.bincount(text.ravel(), minlength=4)[1:] / text.size
    assert found == pytest.approx(expected, abs=4 * np.sqrt(0.25 / text.size))


def test_the_first_token_follows_the_document_mark():
    after_mark = table(1)
    after_mark[1] = table(2)[0]  # 1 only after the mark, then 2 for ever
    after_mark[2] = table(2)[0]
    assert (write([after_mark], "mixture") == [1] + [2] * (CONTEXT // 2 - 1)).all()


def test_the_logits_teacher_draws_from_the_mean_logits():
    first, second = np.zeros((2, VOCAB, VOCAB), np.float32)
    first[:, 1], second[:, 2], first[:, 3], second[:, 3] = 40.0, 40.0, 30.0, 30.0  # each alone would write 1 or 2
    assert (write([first, second], "logits") == 3).all()


def test_two_equal_teachers_write_what_one_writes():
    assert (write([table(1, 2, 3)] * 2, "logits") == write([table(1, 2, 3)], "logits")).all()


def test_text_depends_on_the_seed_alone():
    one, again, other = (write([table(1, 2, 3)], "mixture", seed) for seed in (0, 0, 1))
    assert (one == again).all() and (one != other).any()


def test_tokens_that_16_bits_cannot_hold_are_refused():
    with pytest.raises(BadInput, match="data.vocab=65537 does not fit"):
        run(settings("mixture", 65_537), SimpleNamespace())


@pytest.fixture
def sampled(trained_runs):
    return next(run for run in trained_runs.runs.values() if run.config["entry"] == "sample")


def text_of(run) -> np.ndarray:
    return np.load(run.dir.path / "tables" / "tokens.npy")


def test_a_run_keeps_as_many_tokens_as_it_was_asked_for(sampled):
    text, final = text_of(sampled), helpers.final(sampled.dir)
    assert text.dtype == np.uint16 and len(text) == sampled.config["sample"]["tokens"] == final["tokens"]
    assert text.max() < sampled.config["data"]["vocab"] and final["documents"] == (text == DOCUMENT).sum()


@pytest.mark.slow
def test_a_student_trains_on_it(trained, trained_runs, sampled):
    """Half of every batch is the teacher's, the steps are twice as many, and every real window is seen as often as without."""
    from projects.infinite_compute.synthetic import training_batches

    student = helpers.plan("train", synthetic__weight=0.5, synthetic__members=2, synthetic__tokens=512, synthetic__lr=3e-3,
                           synthetic__weight_decay=0.8, synthetic__epochs=2)  # fmt: skip
    run = student.runs[student.targets[0]]
    assert run.needs["synthetic"] == [sampled.id]
    config = ConfigDict(run.config)
    assert config.train.steps == 2 * helpers.STEPS
    data = tokens.load(config.data.name, config.data.vocab)
    batches = training_batches(config, SimpleNamespace(needs={"synthetic": [sampled.dir]}), data, 0)
    real = {bytes(row) for row in windows(data.train[: config.data.tokens], config.data.context).astype(np.int32)}
    synthetic = {bytes(row) for row in windows(text_of(sampled), config.data.context).astype(np.int32)}
    rows = [[bytes(row) for row in batches(step).astype(np.int32)] for step in range(config.train.steps)]
    assert all(sum(row in real for row in batch) == sum(row in synthetic for row in batch) == 4 for batch in rows)
    counts = [sum(batch.count(row) for batch in rows) for row in real]
    assert set(counts) == {config.train.epochs}
    helpers.compute(student)
    assert run.dir.state() == "done"
