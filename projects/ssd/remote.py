"""The draft in a process of its own, on cores of its own: while the target verifies here, it drafts there.

The same three verbs as `Drafter`. The child shows what it has prepared; an outcome that is not among it, it answers.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from projects.ssd import answers, mailbox, pairs, startup
from projects.ssd.drafter import HIT, DraftLost, Outcome, Reply
from projects.ssd.drafting import BACKUPS, SOURCES, Order
from projects.ssd.mailbox import Mailbox, Sizes
from projects.ssd.sampling import Sampling

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",  # the draft lives on host cores
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "JAX_TRACEBACK_FILTERING": "off",  # no note about frames follows its last words
}


class RemoteDrafter:
    """Starts the child and returns when it has loaded the draft. Every verb, and the start, raises DraftLost when it is dead.

    lookahead: the largest K of any order. branches, weight and ahead as of `Drafter`.
    """

    def __init__(self, model: "pairs.Model", batch: int, size: int, lookahead: int, branches: int, weight: float = 1.0,
                 ahead: bool = True):
        sizes = Sizes(batch, size, lookahead, branches, model.lm.vocab)
        memory = mailbox.anonymous(mailbox.offsets(sizes)[1])
        self.box, self.child, self.ahead = Mailbox(memory, sizes), None, ahead
        self.shown = False  # the child will show, or has shown, answers for the lookahead `self.depth`
        self.bell, theirs = socket.socketpair()
        self.said = tempfile.TemporaryFile()  # what the child prints  # noqa: SIM115
        try:
            with theirs, tempfile.TemporaryDirectory(prefix="ssd") as folder:
                told = pairs.write(model, Path(folder))
                job = {"sizes": sizes._asdict(), "model": told, "weight": weight, "ahead": ahead, "cores": startup.spare}
                (Path(folder) / "job.json").write_text(json.dumps(job))
                self.child = spawn(Path(folder) / "job.json", memory, theirs, self.said)
                theirs.close()  # else the death of the child would not end the stream
                self._wait()
        except BaseException:
            self.close()
            raise
        finally:
            os.close(memory)

    def __enter__(self) -> "RemoteDrafter":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    @property
    def pid(self) -> int:
        return self.child.pid

    def start(self, tokens: np.ndarray, lengths: np.ndarray, ids: np.ndarray, sampling: Sampling) -> None:
        """Reads prompts [B, P], padded on the right, of `lengths` >= 1; returns while the child is at it."""
        box = self.box
        temperatures = sampling.temperatures(len(ids))
        self.greedy = not temperatures.any()
        box["width"][...], box["seed"][...] = tokens.shape[1], sampling.seed
        box["prompts"][:, : tokens.shape[1]] = tokens
        box["lengths"][:], box["ids"][:], box["temperature"][:] = lengths, ids, temperatures
        if self.shown:
            self._wait()  # of a wave that is over
            self.shown = False
        self._ask(mailbox.START)

    def answer(self, outcome: Outcome, order: Order) -> Reply:
        """The speculation after an outcome: found among what is shown, or asked for."""
        begin, box, depth = time.perf_counter(), self.box, order.lookahead
        found, ahead = None, (0.0, 0.0)
        if self.shown:
            self._wait()
            ahead = tuple(box["ahead"].tolist())
            if depth == self.depth:
                found = answers.find(box, outcome.k, outcome.bonus, depth, self.greedy)
        box["outcome"][:] = outcome
        box["lookahead"][...], box["backup"][...] = depth, BACKUPS.index(order.backup)
        box["tables"][:] = *order.hit, *order.miss
        self.shown, self.depth = self.ahead, depth
        if found and found.hit[outcome.active].all():
            self._tell(mailbox.TOLD)
            hit, rank = (np.where(outcome.active, one, -1).astype(np.int32) for one in (found.hit, found.rank))
            source = np.where(hit > 0, HIT, SOURCES.index(order.backup)).astype(np.int32)
            return Reply(found.tokens, found.q, hit, rank, source, (*ahead, begin, time.perf_counter()), 1)
        self._ask(mailbox.ANSWER)
        # Copies: on CPU jax would read these very bytes, and the child writes the next reply there.
        q = None if self.greedy else box["q"][:, :depth].copy()
        hit, rank, source = (box[name].copy() for name in ("hit", "rank", "source"))
        times = (*ahead, *box["times"].tolist())
        return Reply(box["speculation"][:, :depth].copy(), q, hit, rank, source, times, 1 + (found is not None))

    def prespeculate(self) -> None:
        """The child does so by itself after every reply."""

    def close(self) -> None:
        """Ends the child and waits until it is gone. Any number of times."""
        self.bell.close()
        if self.child is not None:
            self.child.kill()  # it has nothing to save
            self.child.wait()
        self.said.close()

    def _ask(self, verb: bytes) -> None:
        self._tell(verb)
        self._wait()

    def _tell(self, verb: bytes) -> None:
        try:
            mailbox.ring(self.bell, verb)
        except EOFError:
            raise self._lost() from None

    def _wait(self) -> None:
        try:
            mailbox.wait(self.bell, attentive=bool(startup.spare))
        except EOFError:
            raise self._lost() from None

    def _lost(self) -> DraftLost:
        """Why the child is dead: its last words, or the signal that killed it."""
        code = self.child.wait()
        self.said.seek(0)
        words = self.said.read().decode(errors="replace").strip().splitlines()
        if code < 0:
            return DraftLost(f"the draft's process was killed ({signal.Signals(-code).name})")
        return DraftLost(f"the draft's process ended ({words[-1] if words else f'exit code {code}'})")


def spawn(job: Path, memory: int, bell: socket.socket, said: Any) -> subprocess.Popen:
    """In a session of its own: Ctrl-C at the terminal is the parent's to handle."""
    command = [sys.executable, "-m", "projects.ssd.serve", "--job", str(job), "--memory", str(memory), "--bell", str(bell.fileno())]
    return subprocess.Popen(command, cwd=ROOT, env=os.environ | ENVIRONMENT, pass_fds=(memory, bell.fileno()), start_new_session=True,
                            stdin=subprocess.DEVNULL, stdout=said, stderr=said)  # fmt: skip
