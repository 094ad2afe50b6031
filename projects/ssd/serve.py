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
from typing import Any

from projects.ssd import mailbox, startup
from projects.ssd.mailbox import Mailbox, Sizes


def main(words: list[str] | None = None) -> int:
    top = argparse.ArgumentParser("python -m projects.ssd.serve")
    top.add_argument("--job", required=True)
    top.add_argument("--memory", type=int, required=True)
    top.add_argument("--bell", type=int, required=True)
    args = top.parse_args(words)
    bell = socket.socket(fileno=args.bell)
    threading.Thread(target=leave_with, args=(bell,), daemon=True).start()
    job = json.loads(Path(args.job).read_text())
    startup.start_jax(job["cores"])
    sizes = Sizes(**job["sizes"])
    drafter = load(job, sizes)
    box = Mailbox(args.memory, sizes)
    try:
        mailbox.ring(bell, mailbox.DONE)  # loaded: the files may go
        while True:
            SERVICES[mailbox.wait(bell)](bell, box, drafter)
    except EOFError:
        return 0


def leave_with(bell: socket.socket) -> None:
    """Ends this process when the other side of the bell closes, even in the middle of a compilation."""
    poll = select.poll()
    poll.register(bell, 0)  # tells of a hang-up only
    poll.poll()
    os._exit(0)


def load(job: dict[str, Any], sizes: Sizes) -> Any:
    import jax

    from projects.ssd import pairs
    from projects.ssd.drafter import Drafter

    model = pairs.read(job["model"])
    drafter = Drafter(model.lm, model.params, sizes.batch, sizes.size, sizes.branches, job["weight"], jax.devices()[0])
    jax.block_until_ready(drafter.params)
    return drafter


def start(bell: socket.socket, box: Mailbox, drafter: Any) -> None:
    """Reads the prompts while the target does."""
    from projects.ssd.sampling import Sampling

    tokens = box["prompts"][:, : box["width"]].copy()
    lengths, ids = box["lengths"].copy(), box["ids"].copy()
    sampling = Sampling(temperature=tuple(box["temperature"].tolist()), seed=int(box["seed"]))
    mailbox.ring(bell, mailbox.DONE)
    drafter.start(tokens, lengths, ids, sampling)


def answer(bell: socket.socket, box: Mailbox, drafter: Any) -> None:
    """Replies, then drafts ahead until that is done: waiting here costs nobody anything."""
    import jax

    from projects.ssd.drafter import Outcome
    from projects.ssd.drafting import BACKUPS, Order, Table

    began = time.perf_counter()
    k, bonus, active = box["outcome"].copy()
    tables = box["tables"].copy()
    depth = int(box["lookahead"])
    order = Order(BACKUPS[int(box["backup"])], Table(*tables[:2]), Table(*tables[2:]), depth)
    reply = drafter.answer(Outcome(k, bonus, active.astype(bool)), order)
    box["speculation"][:, :depth] = reply.tokens
    if reply.q is not None:
        box["q"][:, :depth] = reply.q
    box["hit"][:], box["rank"][:], box["source"][:] = reply.hit, reply.rank, reply.source
    box["times"][2:] = began, time.perf_counter()
    mailbox.ring(bell, mailbox.DONE)
    ahead = time.perf_counter()
    drafter.prespeculate()
    jax.block_until_ready(drafter.prepared)
    drafter.ahead_times = ahead, time.perf_counter()


SERVICES = {mailbox.START: start, mailbox.ANSWER: answer}

if __name__ == "__main__":
    sys.exit(main())
