from hypothesis import given
from hypothesis import strategies as st

from shared.data.source import Article
from shared.data.split import SPLITS, split, split_of


@given(st.sets(st.text(max_size=20), max_size=60))
def test_every_article_is_in_one_split_and_keeps_it_whatever_else_there_is(titles):
    articles = [Article(title, "text") for title in sorted(titles)]
    parts = split(articles)
    assert sorted(a for name in SPLITS for a in parts[name]) == sorted(articles)
    for name in SPLITS:
        assert all(split_of(a.title) == name for a in parts[name])
    fewer = split(articles[::2])  # a subset keeps split and order
    for name in SPLITS:
        assert fewer[name] == [a for a in parts[name] if a in articles[::2]]


def test_shares_are_four_percent_each_and_the_order_is_not_the_given_one():
    articles = [Article(f"article {n}", "") for n in range(20_000)]
    parts = split(articles)
    assert 700 < len(parts["val"]) < 900 and 700 < len(parts["test"]) < 900
    assert parts["train"] != sorted(parts["train"]) and parts["train"] == split(articles[::-1])["train"]


def test_the_split_of_a_title_never_changes():
    assert [
        split_of(t) for t in ("1790_george_washington_n", "1804_thomas_jefferson_dr", "1863_abraham_lincoln_r")
    ] == [*("train", "val", "test")]
