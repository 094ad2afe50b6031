"""Autoregressive, speculative and speculative speculative decoding over one interface. All three give the target's own text."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh

from projects.ssd import draft_steps, target
from projects.ssd.drafter import Drafter, DraftLost, Outcome, Reply
from projects.ssd.records import Rounds
from projects.ssd.sampling import Rows, Sampling
from projects.ssd.spec import Spec, controller
from projects.ssd.target import Target
from shared.errors import BadInput

if TYPE_CHECKING:
    from projects.ssd.pairs import Pair

__all__ = ["Engine", "Result", "Rounds", "Sampling", "Spec"]

PLACEMENTS = ("inprocess", "process")


class Result(NamedTuple):
    tokens: list[list[int]]  # new tokens of each prompt
    rounds: Rounds


class Engine:
    """Generates for `batch` rows at a time; the prompt and the new tokens of a row together fit in `capacity` [tokens].

    placement "inprocess": the draft on the last device of this process. "process": in a process of its own, on cores of its own.
    place: the device of the target, or a mesh it is sharded over by the logical axes of the model; the first device unless given.
    """

    def __init__(self, pair: "Pair", spec: Spec, batch: int, capacity: int, placement: str = "inprocess",
                 place: jax.Device | Mesh | None = None):
        vocab = pair.target.lm.vocab
        spec.check(vocab)
        if placement not in PLACEMENTS:
            raise BadInput(f"placement {placement!r}: choose {' or '.join(PLACEMENTS)}")
        if batch < 1:
            raise BadInput(f"batch {batch}: take at least 1")
        if spec.mode != "ar" and pair.draft is None:
            raise BadInput(f"the pair {pair.name} has no draft: choose mode ar")
        if spec.mode != "ar" and pair.draft.lm.vocab != vocab:
            raise BadInput(f"the draft of {pair.name} has {pair.draft.lm.vocab} tokens, its target {vocab}: a pair shares one vocabulary")
        if spec.mode == "ssd" and placement == "inprocess" and alone():
            say("one device only, so drafting cannot overlap verification: runs as SD (the draft in a process of its own could)")
            spec = replace(spec, mode="sd")
        self.pair, self.spec, self.batch, self.capacity = pair, spec, batch, capacity
        self.size = capacity + spec.longest + 2
        self.target = Target(pair.target.lm, pair.target.params, batch, self.size, place or jax.devices()[0])
        self.controller = self.drafter = None
        if spec.mode != "ar":
            self.controller = controller(spec, batch, vocab)
            self.drafter = self._remote() if placement == "process" else self._local(spec.mode == "ssd")

    def __enter__(self) -> "Engine":
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()

    def close(self) -> None:
        """Ends the draft's process, if it has one."""
        if not isinstance(self.drafter, Drafter | None):
            self.drafter.close()

    def compiles(self) -> int:
        """Programs compiled so far in this process; does not grow after warm-up."""
        return target.compiles() + draft_steps.compiles()

    def generate(self, prompts: Sequence[Sequence[int]], sampling: Sampling,
                 on_tokens: Callable[[int, list[int]], None] | None = None) -> Result:
        """Continues every prompt, `batch` at a time. on_tokens(index of the prompt, new tokens) is called while the next round runs."""
        temperature = sampling.temperatures(len(prompts))
        if sampling.max_new < 1:
            raise BadInput(f"max_new {sampling.max_new}: take at least 1")
        for index, prompt in enumerate(prompts):
            self._check(index, prompt, sampling.max_new)
        result = Result([[] for _ in prompts], Rounds())
        for first in range(0, len(prompts), self.batch):
            ids = range(first, min(first + self.batch, len(prompts)))
            rows = replace(sampling, temperature=tuple(np.resize(temperature[ids], self.batch).tolist()))
            self._wave(Wave(prompts, ids, self.batch, rows, () if sampling.ignore_eos else self.pair.eos, result), on_tokens)
        return result

    def _check(self, index: int, prompt: Sequence[int], new: int) -> None:
        vocab = self.pair.target.lm.vocab
        if not len(prompt):
            raise BadInput(f"prompt {index} is empty: give at least one token")
        if len(prompt) + new > self.capacity:
            raise BadInput(f"prompt {index} has {len(prompt)} tokens and {new} are to follow, but the cache holds {self.capacity}: "
                           "shorten the prompt, or take a smaller max_new or a larger capacity")
        if min(prompt) < 0 or max(prompt) >= vocab:
            raise BadInput(f"prompt {index} has a token outside the vocabulary of {vocab}: use the tokenizer of the pair")

    def _wave(self, wave: "Wave", on_tokens: Callable[[int, list[int]], None] | None) -> None:
        """Up to `batch` prompts from beginning to end."""
        self.target.start(*wave.committed(), Rows(wave.sampling, wave.numbers))
        if self.controller:
            for index in wave.ids:
                self.controller.start(index, wave.prompts[index])
            reply = self._begin(wave)
        else:
            reply = nothing(self.batch, self.pair.target.lm.vocab, wave.sampling)
        self.target.wait()  # the first verification would wait instead, and reading is no decoding
        news: list[tuple[int, list[int]]] = []
        while wave.active.any():
            begin = time.perf_counter()
            pending = self.target.verify(reply.tokens, reply.q, wave.active)
            if self.drafter:
                self.drafter.prespeculate()  # dispatched before anything waits: this is the overlap
            if on_tokens:
                for one in news:
                    on_tokens(*one)
            out = np.asarray(pending)
            end = verified = time.perf_counter()
            verifying, source, syncs, times = wave.active, reply, 1, (0.0, 0.0, 0.0, 0.0)
            k, bonus, emitted, news = wave.take(out)
            if self.drafter and wave.active.any():
                reply = self._answer(Outcome(k, bonus, wave.active), wave)
                end, times, syncs = time.perf_counter(), reply.times, 1 + reply.syncs
            wave.result.rounds.append(
                verifying, seq=wave.numbers, k=k, bonus=bonus, hit=source.hit, rank=source.rank, source=source.source, emitted=emitted,
                truncated=k + 1 - emitted, K=out.shape[1] - 2, t_dispatch=begin, t_verify=verified,
                t_draft=times[1] or times[3] or verified, t_round=end, p_begin=times[0], p_end=times[1], a_begin=times[2],
                a_end=times[3], syncs=syncs)  # fmt: skip
            if self.controller and self.controller.learns:
                self.controller.observe(wave.result.rounds.rows(-1), dict(news))
        if on_tokens:
            for one in news:
                on_tokens(*one)

    # -- the draft ----------------------------------------------------------------------------------------------------
    def _local(self, ahead: bool) -> Drafter:
        draft, spec = self.pair.draft, self.spec
        return Drafter(draft.lm, draft.params, self.batch, self.size, spec.budget, spec.saguaro, ahead)

    def _remote(self) -> Any:
        from projects.ssd.remote import RemoteDrafter  # it imports this side of the engine

        draft, spec = self.pair.draft, self.spec
        return RemoteDrafter(draft, self.batch, self.size, spec.longest, spec.budget, spec.saguaro, spec.mode == "ssd")

    def _begin(self, wave: "Wave") -> Reply:
        """Reads what there is of the texts and drafts the first speculation."""
        tokens, lengths = wave.committed()
        last = tokens[np.arange(self.batch), lengths - 1]
        try:
            self.drafter.start(tokens, lengths, wave.numbers, wave.sampling)
        except DraftLost as lost:
            return self._replace(lost, wave)
        return self._answer(Outcome(np.full(self.batch, -1, np.int32), last, wave.active), wave)

    def _answer(self, outcome: Outcome, wave: "Wave") -> Reply:
        try:
            return self.drafter.answer(outcome, self.controller.order())
        except DraftLost as lost:
            return self._replace(lost, wave)

    def _replace(self, lost: DraftLost, wave: "Wave") -> Reply:
        """The draft is gone: another one, here, and nothing is prepared ahead any more."""
        say(f"{lost}: continues as SD")
        self.drafter.close()
        self.drafter = self._local(ahead=False)
        return self._begin(wave)


class Wave:
    """The prompts that are in the batch together, and what they have become."""

    def __init__(self, prompts: Sequence[Sequence[int]], ids: Sequence[int], batch: int, sampling: Sampling, eos: tuple[int, ...],
                 result: Result):
        self.prompts, self.ids, self.batch, self.sampling, self.eos, self.result = prompts, ids, batch, sampling, eos, result
        self.active = np.arange(batch) < len(ids)
        self.numbers = np.array([*ids] + [-1] * (batch - len(ids)), np.int32)

    def committed(self) -> tuple[np.ndarray, np.ndarray]:
        """Tokens [B, P] so far, padded on the right, and their numbers [B]; an unused row has one."""
        rows = [[*self.prompts[index], *self.result.tokens[index]] for index in self.ids]
        rows += [[0]] * (self.batch - len(rows))
        lengths = np.array([len(row) for row in rows], np.int32)
        tokens = np.zeros((self.batch, lengths.max()), np.int32)
        for row, values in enumerate(rows):
            tokens[row, : len(values)] = values
        return tokens, lengths

    def take(self, out: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[tuple[int, list[int]]]]:
        """An outcome of Target.verify: k, bonus, kept tokens per row, and (prompt, tokens) of every active row. Ends rows that are done."""
        k = out[:, 0]
        bonus = out[np.arange(self.batch), 1 + k]
        emitted, news, active = np.zeros(self.batch, np.int32), [], self.active.copy()
        for row in np.flatnonzero(active).tolist():
            text = self.result.tokens[self.ids[row]]
            new = out[row, 1 : min(2 + k[row], 1 + self.sampling.max_new - len(text))].tolist()
            end = next((place for place, token in enumerate(new) if token in self.eos), None) if self.eos else None
            new = new if end is None else new[: end + 1]
            text += new
            news.append((self.ids[row], new))
            emitted[row] = len(new)
            active[row] = end is None and len(text) < self.sampling.max_new
        self.active = active
        return k, bonus, emitted, news


def nothing(batch: int, vocab: int, sampling: Sampling) -> Reply:
    """The speculation of no tokens: plain decoding."""
    minus = np.full(batch, -1, np.int32)
    q = np.zeros((batch, 0, vocab), np.float32) if np.any(sampling.temperature) else None
    return Reply(np.zeros((batch, 0), np.int32), q, minus, minus, np.zeros(batch, np.int32), (0.0, 0.0, 0.0, 0.0), 0)


def alone() -> bool:
    return len(jax.devices()) == 1


def say(line: str) -> None:
    print(f"ssd: {line}", file=sys.stderr, flush=True)
