"""Questions that a target is asked: all of one length, the same for the same number, about what the text speaks of."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers

from projects.ssd.questions import FORMS, questions

WORDS = ["the", "federal", "budget", "of", "a", "prosperous", "country"]


@pytest.fixture
def tokenizer():
    """A word a token."""
    known = {word: index for index, word in enumerate(sorted({*WORDS, *" ".join(FORMS).replace("?", "").replace(".", "").split(), "?"}))}
    made = Tokenizer(models.WordLevel(known | {"<unk>": len(known)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return made


def test_questions_have_the_length_asked_for(tokenizer):
    ask = questions(tokenizer, 6, WORDS)
    asked = [ask(number) for number in range(40)]
    assert {len(tokenizer.encode(text).ids) for text in asked} == {6}
    assert len(set(asked)) > 5 and asked == [ask(number) for number in range(40)]
    assert all(any(word in text for word in ("federal", "budget", "prosperous", "country")) for text in asked)


def test_a_length_that_no_question_has_is_refused(tokenizer):
    with pytest.raises(ValueError, match="ask for another length"):
        questions(tokenizer, 90, WORDS)(0)
