"""The range coder of constriction, a Rust library, on our message, timed on request. Runs in bench/.venv as
`python -m bench._constriction CORES SYMBOLS`."""

import os
import sys
import time

import constriction
import numpy as np

from bench import _side, _symbols


def main(count: int) -> None:
    symbols = _symbols.drawn(count)
    shares = np.array(_symbols.frequencies(symbols)) / count
    model = constriction.stream.model.Categorical(shares, perfect=False)

    def both() -> int:
        encoder = constriction.stream.queue.RangeEncoder()
        encoder.encode(symbols, model)
        code = encoder.get_compressed()
        assert (constriction.stream.queue.RangeDecoder(code).decode(model, count) == symbols).all()
        return 32 * len(code)

    def timed() -> float:
        begin = time.perf_counter()
        both()
        return time.perf_counter() - begin

    _side.serve(timed, bits=both())


if __name__ == "__main__":
    os.sched_setaffinity(0, range(int(sys.argv[1])))
    main(int(sys.argv[2]))
