"""Speculative decoding, tokens per second: AR, SD and SSD of a pair that was trained here, mode beside mode; then the same with
SmolLM2-135M-Instruct as the target, and llama.cpp as what one would take instead.

    python -m bench ssd

All sides are pinned processes that live side by side and take turns. Seconds are those of decoding, the reading of the prompt left
out; the text is greedy, its end ignored. A pair that is not trained yet is left out, with the command that trains it.
"""

import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
from ml_collections import ConfigDict
from tokenizers import Tokenizer

from bench import _llama
from configs.ssd import tableA
from configs.ssd.base import DOMAINS
from projects.ssd import measure, pairs, smollm2
from projects.ssd.figures.settings import Setting
from projects.ssd.figures.speed import average_per_device, over_domains
from shared.errors import BadInput
from shared.stats import Interval

Prompts = list[list[int]]
HEADS = {"ar": "AR, 1 core", "sd": "SD, 1 core", "ssd": "SSD, 1 + 1", "ar_both": "AR, 2 cores", "sd_both": "SD, 2 cores"}
TIMES = {"T_v(1)": "T_v1_ms", "T_v(K+1)": "T_v_ms", "T_v overlapped": "T_v_overlapped_ms", "T_draft": "T_draft_ms", "T_p": "T_p_ms",
         "hit round": "T_hit_ms"}  # fmt: skip
# The best of K = 1 to 4 for either, by a trial: this draft is right about one token in four, and a verification leaves time for many
# branches.
SMOLLM2 = {"spec.lookahead": 1, "spec.sd_lookahead": 2, "spec.budget": 16, "spec.acceptance": 0.27, "spec.exponent": 0.5}
QUESTIONS = (  # two a repeat
    "What is the capital of France, and what is it known for?", "Explain why the sky is blue.",
    "Write a short story about a lighthouse keeper.", "How do I boil an egg?",
    "What is the difference between a list and a tuple in Python?", "Give me five ideas for a birthday party.",
    "Summarise the history of the Roman Empire.", "What should I pack for a week in the mountains?",
    "Write a polite letter that asks for a refund.", "How does a bicycle stay upright?",
    "Explain photosynthesis to a child.", "List the planets of the solar system and describe each.",
)  # fmt: skip


def main() -> None:
    for part in (trained_here, trained_by_others):
        try:
            part()
        except BadInput as error:
            print(f"left out: {error}")


def trained_here() -> None:
    """The first pair of table A on every domain."""
    draft, ones = pairs.newest("cpu"), []
    for domain in DOMAINS:
        config = configured(tableA.PAIRS[0] | {"prompts.domain": domain})
        if not ones:
            headline("the pair cpu", config)
            line("tokens/s", *HEADS.values(), head=True)
        ones.append(repeats(config, draft.id, lambda repeat, config=config: measure.prompts(config, repeat)))
        line(domain, *(text(ones[-1].median(f"tok_s/{mode}")) for mode in HEADS))
    line("all", *(text(over_domains(ones, f"tok_s/{mode}")) for mode in HEADS))
    line("all, per core", *(text(average_per_device(ones, mode)) for mode in HEADS))
    rounds(ones)
    line("\naimed at", "target", "reached", head=True)
    for name, above, below, least in (("SSD / SD", "ssd", "sd", 1.2), ("SD / AR", "sd", "ar", 1.5)):
        found = over_domains(ones, f"tok_s/{above}", 1.0, f"tok_s/{below}")
        line(name, f">= {least}", f"{text(found)}, {verdict(found.mean >= least)}")
    for one in ones:
        bound = one.number("T_v_overlapped_ms") + 0.35 * min(one.number("T_v_ms"), one.number("T_p_ms"))
        found = one.median("T_hit_ms")
        line(f"hit round, {one['prompts.domain']} [ms]", f"<= {bound:.2f}", f"{text(found)}, {verdict(found.mean <= bound)}")
    for name, column, most in (("host synchronisations in a hit round", "syncs/ssd", 2), ("compilations after warm-up", "compiles/ssd", 0)):
        found = worst(ones, column)
        line(name, f"<= {most}", f"{found:g}, {verdict(found <= most)}")


def trained_by_others() -> None:
    """SmolLM2-135M-Instruct answers questions, and llama.cpp beside it."""
    draft, tokenizer = pairs.newest("smollm2"), Tokenizer.from_file(str(smollm2.folder() / "tokenizer.json"))
    asked = [smollm2.chat(tokenizer, question) for question in QUESTIONS]
    prompts_of = {"prompts.domain": "questions", "prompts.length": max(map(len, asked)), "prompts.count": 2}
    config = configured({"pair.name": "smollm2"} | SMOLLM2 | prompts_of)

    def prompts(repeat: int) -> Prompts:
        return [asked[number % len(asked)] for number in (2 * repeat, 2 * repeat + 1)]

    with ExitStack() as stack:
        rivals = list(_llama.rivals(stack, config.prompts.length + config.prompts.new))
        one = repeats(config, draft.id, prompts, rivals)
    headline("SmolLM2-135M-Instruct", config)
    line("SmolLM2-135M-Instruct", "computes with", "tokens/s", "per core", "text as ours", head=True)
    for mode, name in HEADS.items():
        line(f"ours, {name}", "float32", text(one.median(f"tok_s/{mode}")), f"{one.per_device(mode).mean:.3g}", "")
    for rival in rivals:
        found, same = one.median(f"tok_s/{rival.name}"), f"{one.number(f'same_text/{rival.name}'):.0%}"
        line(rival.name, rival.weights, text(found), f"{found.mean / rival.cores:.3g}", same)
    line("\nratio", "within repeats", head=True)
    for above, below in (("ssd", "sd"), ("sd", "ar"), *(("ssd", rival.name) for rival in rivals)):
        line(f"{above.upper()} / {below.upper() if below in HEADS else below}", text(one.ratio(f"tok_s/{above}", f"tok_s/{below}")))
    rounds([one])


def rounds(ones: list[Setting]) -> None:
    """What a round consists of."""
    line("\nms", *TIMES, "hits", "host syncs in a hit round", "compiled", "same text in all modes", head=True)
    for one in ones:
        times = (f"{one.number(column):.2f}" for column in TIMES.values())
        counts = (f"{worst([one], column):g}" for column in ("syncs/ssd", "compiles/ssd"))
        line(one["prompts.domain"], *times, f"{one.rate('p_hit').mean:.0%}", *counts, f"{one.number('same_text'):.0%}")


def configured(overrides: dict[str, object]) -> ConfigDict:
    """The measurement of table A, changed."""
    config = tableA.get_config("cpu")
    config.update_from_flattened_dict(overrides)
    return tableA.resolve(config)


def repeats(config: ConfigDict, draft: str, prompts: Callable[[int], Prompts], rivals: Sequence[_llama.Rival] = ()) -> Setting:
    """One measurement as the figures make it, with rivals taking their turn in every repeat."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, measure.taking(config, draft, Path(folder) / "job.json") as take:
        for repeat in range(config.bench.repeats):
            texts = prompts(repeat)
            done = {mode: take(mode, texts, config.seed + repeat) for mode in measure.order(config, repeat)}
            row = measure.numbers(config, done)
            for rival in rivals:
                row |= rival.turn(texts, done["ar"]["tokens"])
            rows.append(row | {"prompts.domain": config.prompts.domain})
    return Setting(pd.DataFrame(rows))


def headline(name: str, config: ConfigDict) -> None:
    c, spec = config.prompts, config.spec
    print(f"{name}: batch 1, temperature 0, K = {spec.lookahead} (SD {spec.sd_lookahead or spec.lookahead}), M = {spec.budget}; "
          f"medians [95%] of {config.bench.repeats} interleaved repeats of {c.count} prompts, up to {c.length} tokens and {c.new} new ones")


def line(*cells: object, head: bool = False) -> None:
    """One row of a Markdown table."""
    first = "\n" if str(cells[0]).startswith("\n") else ""
    print(first + "| " + " | ".join(str(cell).strip() for cell in cells) + " |" + ("\n|" + "---|" * len(cells) if head else ""), flush=True)


def text(found: Interval) -> str:
    return "{} [{}, {}]".format(*(f"{value:.0f}" if value >= 100 else f"{value:.3g}" for value in (found.mean, found.low, found.high)))


def worst(ones: Iterable[Setting], column: str) -> float:
    return max(value for one in ones for value in one.values(column))


def verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


if __name__ == "__main__":
    main()
