"""The draft in a process of its own says what it says in this one, works while the target does, and never outlives anybody."""

import os
import signal
import time
from pathlib import Path

import jax
import numpy as np
import pytest

from projects.ssd import pairs
from projects.ssd.drafter import DraftLost
from projects.ssd.engine import Engine, Sampling, Spec
from projects.ssd.model import build
from projects.ssd.pairs import Pair
from projects.ssd.remote import RemoteDrafter
from shared.nn.decoder import DecoderConfig

V = 12
PROMPTS = [[3, 1, 4], [1], [5, 9, 2, 6, 5]]
SPEC = Spec(mode="ssd", lookahead=3, budget=6)


def tables(seed: int = 0) -> Pair:
    """A Markov chain and one near it."""
    target = np.random.default_rng(seed).normal(size=(V, V)).astype(np.float32) * 2
    draft = target + np.random.default_rng(seed + 1).normal(size=(V, V)).astype(np.float32)
    return Pair("tables", pairs.table(target), pairs.table(draft))


def decoders() -> Pair:
    def one(width: int, layers: int, seed: int) -> pairs.Model:
        config = DecoderConfig(vocab=V, layers=layers, width=width, heads=2, kv_heads=1, mlp_width=24, head_dim=8, context=64,
                               tied_head=True)
        return pairs.decoder(config, build(config).init(jax.random.key(seed)))

    return Pair("decoders", one(24, 2, 0), one(16, 1, 1))


def texts(pair: Pair, spec: Spec, sampling: Sampling, placement: str, batch: int = 2, on_tokens=None) -> list[list[int]]:
    with Engine(pair, spec, batch, 48, placement) as engine:
        return engine.generate(PROMPTS, sampling, on_tokens).tokens


@pytest.fixture
def remote():
    """A child that drafts from a table."""
    with RemoteDrafter(tables().draft, 2, 64, 3, 6) as drafter:
        yield drafter


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether the process ends in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not alive(pid):
            return True
        time.sleep(0.05)
    return False


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("make", [tables, decoders])
@pytest.mark.parametrize("temperature", [0.0, 0.9])
def test_same_tokens_as_in_one_process(make, temperature):
    pair, sampling = make(), Sampling(temperature, seed=5, max_new=20)
    assert texts(pair, SPEC, sampling, "process") == texts(pair, SPEC, sampling, "inprocess")


def test_sd_in_two_processes():
    pair, sampling = tables(), Sampling(max_new=15)
    spec = Spec(mode="sd", lookahead=3, budget=6)
    assert texts(pair, spec, sampling, "process") == texts(pair, Spec(mode="ar"), sampling, "inprocess")


@pytest.mark.parametrize("backup", ["ngram", "random", "auto"])
def test_every_backup_crosses(backup):
    pair, sampling = tables(), Sampling(max_new=15)
    spec = Spec(mode="ssd", lookahead="auto", budget=6, fanout="auto", backup=backup)
    assert texts(pair, spec, sampling, "process") == texts(pair, Spec(mode="ar"), sampling, "inprocess")


def test_killed_in_mid_run(capfd):
    pair, sampling = decoders(), Sampling(max_new=30)
    with Engine(pair, SPEC, 2, 48, "process") as engine:
        def kill(index, tokens):
            if len(tokens) and engine.drafter.__class__ is RemoteDrafter:
                os.kill(engine.drafter.pid, signal.SIGKILL)

        result = engine.generate(PROMPTS, sampling, kill)
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1 and "SIGKILL" in said[0] and "continues as SD" in said[0]
    assert result.tokens == texts(pair, Spec(mode="ar"), sampling, "inprocess")


def test_a_dead_child_is_told_by_every_verb(remote):
    os.kill(remote.pid, signal.SIGKILL)
    with pytest.raises(DraftLost, match="SIGKILL"):
        remote.start(np.zeros((2, 3), np.int32), np.array([3, 3], np.int32), np.arange(2), Sampling())


def test_close_reaps_and_may_be_repeated(remote):
    remote.close()
    remote.close()
    assert remote.child.returncode is not None and not Path(f"/proc/{remote.pid}").exists()


def test_a_child_that_cannot_start_says_why(monkeypatch):
    monkeypatch.setattr("projects.ssd.pairs.write", lambda model, folder: {"config": None, "ids": None, "weights": str(folder / "lost")})
    with pytest.raises(DraftLost, match="lost"):
        RemoteDrafter(tables().draft, 1, 64, 3, 6)


def test_nothing_is_left_in_any_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(os.listdir("/dev/shm")) if os.path.isdir("/dev/shm") else set()
    with RemoteDrafter(tables().draft, 1, 64, 3, 6):
        assert not list(tmp_path.iterdir())
        assert not os.path.isdir("/dev/shm") or set(os.listdir("/dev/shm")) <= before
