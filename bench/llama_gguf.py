"""The llama.cpp side of bench/ssd.py: writes greedily with the model of one GGUF file, on the cores it is given.

Runs in bench/.venv (bench/requirements-llama.txt). Each line read from standard input is a JSON object with `prompts` (lists of token
ids) and `new` (tokens to write after each, end of text ignored); the answer is one line with `tokens` and the `seconds` of each prompt
from its first new token to its last: the reading of the prompt is not counted.
"""

import argparse
import json
import os
import sys
import time
from itertools import islice


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file")
    parser.add_argument("--cores", type=int, nargs="+", required=True)
    parser.add_argument("--context", type=int, required=True, help="tokens of prompt and answer together, at most")
    return parser.parse_args()


arguments = read_arguments()
os.sched_setaffinity(0, arguments.cores)  # before llama.cpp starts its threads

from llama_cpp import Llama  # noqa: E402


def write(model: Llama, prompt: list[int], new: int) -> tuple[list[int], float]:
    model.reset()  # else it would keep what a prompt shares with the last, and round otherwise
    stream = model.generate(prompt, temp=0.0, repeat_penalty=1.0)
    first = next(stream)
    begin = time.perf_counter()
    rest = list(islice(stream, new - 1))
    return [first, *rest], time.perf_counter() - begin


def main() -> None:
    threads = len(arguments.cores)
    model = Llama(arguments.file, n_ctx=arguments.context, n_threads=threads, n_threads_batch=threads, verbose=False)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        done = [write(model, prompt, asked["new"]) for prompt in asked["prompts"]]
        print(json.dumps({"tokens": [tokens for tokens, _ in done], "seconds": [seconds for _, seconds in done]}), flush=True)


main()
