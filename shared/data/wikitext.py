"""Wiki XML to clean English prose.

Everything that is not running text goes: templates, tables, references, file and category links, headings, lists.
Only whole sentences on long lines remain, so the text reads like an encyclopedia and not like mark-up.
"""

import re
from collections.abc import Iterator
from html import unescape

from shared.data.source import Article

MIN_LINE = 80  # characters: shorter lines are captions, list items, fragments
MIN_ARTICLE = 400  # characters: shorter articles are stubs

PAGE = re.compile(r"<title>([^<]*)</title>.*?<text xml:space=\"preserve\">([^<]*)</text>", re.DOTALL)
REDIRECT = re.compile(r"\s*#redirect", re.IGNORECASE)
NAMESPACE = (  # those enwik8 declares, and three that its links use
    "(?:media|special|talk|user|wikipedia|image|mediawiki|template|help|category|portal|file|wp|project)(?: talk)?"
)
NOT_ARTICLE = re.compile(rf"{NAMESPACE}:", re.IGNORECASE)
# A link elsewhere: a namespace, or the code of another language's Wikipedia.
ELSEWHERE = re.compile(rf"\s*(?:{NAMESPACE}|[a-z]{{2,3}}(?:-[a-z-]+)?|simple)\s*:", re.IGNORECASE)

COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
ELEMENT = re.compile(r"<(ref|math|gallery|code|pre|timeline|table)\b(?:[^>]*/>|.*?</\1\s*>)", re.DOTALL | re.IGNORECASE)
TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")
TABLE = re.compile(r"\{\|.*?\n\s*\|\}", re.DOTALL)
LINK = re.compile(r"\[\[([^\[\]]*)\]\]")
URL = re.compile(r"\[(?:https?|ftp|mailto):[^\s\]]*\s*([^\]]*)\]")
QUOTES = re.compile(r"'{2,}")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
SPACE = re.compile(r"[ \t\u00a0]+")
LEFTOVER = re.compile(r"\[\[|\]\]|\{\{|\}\}|[|\x00-\x1f]")  # a line that still has mark-up is no prose


def pages(xml: str) -> Iterator[tuple[str, str]]:
    """(title, wiki text) of every complete page that is an article and not a redirect."""
    for title, text in PAGE.findall(xml):
        title = unescape(title)
        if not NOT_ARTICLE.match(title) and not REDIRECT.match(text):
            yield title, text


def link_text(match: re.Match) -> str:
    """What a reader sees of [[target|shown]]; nothing for pictures, categories and other languages."""
    inside = match.group(1)
    return "" if ELSEWHERE.match(inside) else inside.rsplit("|", 1)[-1].removeprefix(":")


def prose(text: str) -> str:
    """The sentences of one page of wiki text, one paragraph a line."""
    text = unescape(unescape(text))  # the XML escapes once, authors wrote entities of their own
    text = ELEMENT.sub("", COMMENT.sub("", text))
    for _ in range(4):  # innermost first; deeper nesting is rare and its line is dropped below
        text = TEMPLATE.sub("", text)
    text = TABLE.sub("", text)
    for _ in range(3):  # links stand inside the captions of pictures
        text = LINK.sub(link_text, text)
    text = QUOTES.sub("", TAG.sub("", URL.sub(r"\1", text)))
    lines = (SPACE.sub(" ", line).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if is_prose(line))


def is_prose(line: str) -> bool:
    """A long line that ends like a sentence and begins like no list, heading or table."""
    return len(line) >= MIN_LINE and line[-1] in '.!?)"' and line[0] not in "*#!{:;=" and not LEFTOVER.search(line)


def articles(xml: str) -> list[Article]:
    """Clean articles of a MediaWiki dump, in its order; a title that comes twice is kept once."""
    found = {}
    for title, text in pages(xml):
        clean = prose(text)
        if len(clean) >= MIN_ARTICLE:
            found.setdefault(title, clean)
    return [Article(title, text) for title, text in found.items()]
