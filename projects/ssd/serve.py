"""The draft's process. The target's process starts it (remote.py) and it ends with that one, however that ends.

    python -m projects.ssd.serve --job FILE --memory N --bell M

N and M are inherited descriptors: the shared memory and the socket of mailbox.py.
"""

import argparse
import json
import os
import select
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from projects.ssd import answers, mailbox, startup
from projects.ssd.drafting import BACKUPS, Order, Table
from projects.ssd.mailbox import Mailbox, Sizes

if TYPE_CHECKING:
    from projects.ssd.drafter import Reply


def main(words: list[str] | None = None) -> int:
    top = argparse.ArgumentParser("python -m projects.ssd.serve")
    top.add_argument("--job", required=True)
    top.add_argument("--memory", type=int, required=True)
    top.add_argument("--bell", type=int, required=True)
    args = top.parse_args(words)
    bell = socket.socket(fileno=args.bell)
    threading.Thread(target=leave_with, args=(bell,), daemon=True).start()
    job = json.loads(Path(args.job).read_text())
    startup.pin(job["cores"])
    startup.start_jax()
    server = Server(bell, args.memory, job)
    try:
        server.serve()
    except EOFError:
        return 0


def leave_with(bell: socket.socket) -> None:
    """Ends this process when the other side of the bell closes, even in the middle of a compilation."""
    poll = select.poll()
    poll.register(bell, 0)  # tells of a hang-up only
    poll.poll()
    os._exit(0)


class Server:
    """A `Drafter` behind a bell."""

    def __init__(self, bell: socket.socket, memory: int, job: dict[str, Any]):
        import jax

        from projects.ssd import pairs
        from projects.ssd.drafter import Drafter

        sizes = Sizes(**job["sizes"])
        self.bell, self.box, self.apart = bell, Mailbox(memory, sizes), bool(job["cores"])
        model = pairs.read(job["model"])
        self.drafter = Drafter(
            model.lm, model.params, sizes.batch, sizes.size, sizes.branches, job["weight"], job["ahead"], jax.devices()[0])  # fmt: skip
        jax.block_until_ready(self.drafter.params)
        self.told: Order | None = None

    def serve(self) -> None:
        """Until the other side is gone: EOFError."""
        mailbox.ring(self.bell, mailbox.DONE)  # loaded: the files may go
        verbs = {mailbox.START: self.start, mailbox.ANSWER: self.answer, mailbox.TOLD: self.advance}
        while True:
            verbs[mailbox.wait(self.bell, self.apart)]()

    def start(self) -> None:
        """Reads the prompts while the target does."""
        from projects.ssd.sampling import Sampling

        box = self.box
        tokens, lengths, ids = box["prompts"][:, : box["width"]].copy(), box["lengths"].copy(), box["ids"].copy()
        sampling = Sampling(temperature=tuple(box["temperature"].tolist()), seed=int(box["seed"]))
        mailbox.ring(self.bell, mailbox.DONE)
        self.drafter.start(tokens, lengths, ids, sampling)

    def answer(self) -> None:
        """Replies, then drafts ahead."""
        begin, box = time.perf_counter(), self.box
        reply = self.outcome()
        depth = reply.tokens.shape[1]
        box["speculation"][:, :depth] = reply.tokens
        if reply.q is not None:
            box["q"][:, :depth] = reply.q
        box["hit"][:], box["rank"][:], box["source"][:] = reply.hit, reply.rank, reply.source
        box["times"][:] = begin, time.perf_counter()
        mailbox.ring(self.bell, mailbox.DONE)
        self.show()

    def advance(self) -> None:
        """The other side has found its answer among those shown: follow, and draft ahead again."""
        self.outcome()
        self.show()

    def outcome(self) -> "Reply":
        from projects.ssd.drafter import Outcome

        k, bonus, active = self.box["outcome"].copy()
        return self.drafter.answer(Outcome(k, bonus, active.astype(bool)), self.order())

    def show(self) -> None:
        """Drafts ahead and shows what came of it. Waiting here costs nobody anything."""
        if not self.drafter.ahead:
            return
        begin = time.perf_counter()
        self.drafter.prespeculate()
        answers.put(self.box, self.drafter.prepared, self.drafter.laws())
        self.box["ahead"][:] = begin, time.perf_counter()
        mailbox.ring(self.bell, mailbox.SHOWN)

    def order(self) -> Order:
        """What this round is told. The same object while nothing changes, so that the drafter need not prepare for it again."""
        box, old = self.box, self.told
        depth, backup, tables = int(box["lookahead"]), BACKUPS[int(box["backup"])], box["tables"]
        same = old and (old.lookahead, old.backup) == (depth, backup) and np.array_equal(tables, [*old.hit, *old.miss])
        if not same:
            tables = tables.copy()
            self.told = Order(backup, Table(*tables[:2]), Table(*tables[2:]), depth)
        return self.told


if __name__ == "__main__":
    sys.exit(main())
