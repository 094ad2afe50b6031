"""Questions for a model that answers them: a few forms, about things that real text speaks of."""

from collections.abc import Callable, Sequence

import numpy as np
from tokenizers import Tokenizer

FORMS = (
    "What is {}?", "What does {} mean?", "Explain {} in simple words.", "Explain to a child what {} is.", "Why does {} matter?",
    "Write a short story about {}.", "Write a poem about {}.", "Write a letter about {}.", "Give me three ideas about {}.",
    "List five facts about {}.", "Describe {} in one paragraph.", "How can I learn more about {}?", "What is the history of {}?",
    "Tell me something interesting about {}.", "What are the advantages of {}?", "How does {} work?", "Summarise what is known about {}.",
    "What is the difference between {} and {}?", "How do I explain {} to a friend?", "Write a Python function that has to do with {}.",
)  # fmt: skip
SHORTEST = 5  # letters of a word that can be a thing
TRIES = 10_000


def questions(tokenizer: Tokenizer, length: int, words: Sequence[str]) -> Callable[[int], str]:
    """Question number i, of exactly `length` tokens, about one to three neighbouring `words` of a text. Raises ValueError when hardly any
    question has that length."""
    things = [" ".join(words[at : at + count]) for count in (1, 2, 3) for at in range(0, len(words) - count, count)]
    things = [thing for thing in things if thing.replace(" ", "").isalpha() and len(thing.split()[-1]) >= SHORTEST]

    def question(number: int) -> str:
        draw = np.random.default_rng(number)
        for _ in range(TRIES):
            form = FORMS[draw.integers(len(FORMS))]
            text = form.format(*(things[draw.integers(len(things))].lower() for _ in range(form.count("{}"))))
            if len(tokenizer.encode(text, add_special_tokens=False).ids) == length:
                return text
        raise ValueError(f"no question of {length} tokens in {TRIES} tries: ask for another length")

    return question
