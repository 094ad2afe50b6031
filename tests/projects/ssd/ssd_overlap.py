"""Times a verification and a preparation alone and together, as the two processes do them. One JSON line.

    python -m tests.projects.ssd.ssd_overlap
"""

import json
import statistics
import sys
import time

from projects.ssd import startup

ROUNDS = 40


def decoder(layers: int, width: int, seed: int):
    import jax

    from projects.ssd import pairs
    from projects.ssd.model import build
    from shared.nn.decoder import DecoderConfig

    config = DecoderConfig(vocab=512, layers=layers, width=width, heads=4, kv_heads=4, mlp_width=2 * width, head_dim=64, context=512,
                           tied_head=True)  # fmt: skip
    return pairs.decoder(config, jax.jit(build(config).init)(jax.random.key(seed)))


def main() -> int:
    """Alone, together, alone, together ...: whatever else the machine does falls on all of them alike."""
    startup.keep_apart()
    startup.start_jax()
    import numpy as np

    from projects.ssd.drafter import Outcome
    from projects.ssd.engine import Engine, Sampling, Spec
    from projects.ssd.pairs import Pair

    pair, spec = Pair("two", decoder(8, 384, 0), decoder(3, 256, 1)), Spec("ssd", 4, 8, (2, 1, 1, 1, 3))
    clock, still = time.perf_counter, Outcome(np.zeros(1, np.int32), np.zeros(1, np.int32), np.zeros(1, bool))
    with Engine(pair, spec, 1, 300, "process") as engine:
        engine.generate([[1, 2, 3]], Sampling(max_new=24))
        rows = engine.generate([[1, 2, 3]], Sampling(max_new=ROUNDS)).rounds.columns()
        guess, order = np.zeros((1, 4), np.int32), engine.controller.order()
        verify, prepare, both = [], [], []

        def checked() -> tuple[float, float]:
            begin = clock()
            np.asarray(engine.target.verify(guess, None, still.active))  # nobody goes on: the same work every time
            return begin, clock()

        for _ in range(ROUNDS):
            engine.drafter.answer(still, order)  # then the other process prepares
            time.sleep(0.1)
            begin, end = checked()
            verify.append(end - begin)
            begin, end = engine.drafter.answer(still, order).times[:2]
            prepare.append(end - begin)
            begin, end = checked()  # while it prepares once more
            other = engine.drafter.answer(still, order).times[:2]
            both.append(max(end, other[1]) - min(begin, other[0]))
            time.sleep(0.1)
    prepared = rows["p_begin"] > 0
    meet = (rows["p_begin"] < rows["t_verify"]) & (rows["t_dispatch"] < rows["p_end"])
    print(json.dumps({
        "verify": statistics.median(verify), "prepare": statistics.median(prepare), "both": statistics.median(both),
        "rounds": int(prepared.sum()), "meet": float(meet[prepared].mean()),
    }))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
