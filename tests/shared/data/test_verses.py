"""Verses out of a made-up package, and the decoder of the program that compressed them."""

import hashlib
from dataclasses import replace

import debian
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data import cache, lzw, prepared, registry, tokens, verses
from shared.errors import BadInput

CACHE = cache.root()  # the person's, read before the session of tests gets one of its own
TEXT = "A title\n" + "".join(f"Ge1:{number} In the beginning there were {number}: yes, {number}.\n" for number in range(80))


def compressed(text: bytes, most: int, clear_at: int = -1) -> bytes:
    """As `compress -b MOST` writes it; the table is emptied once, before the code number `clear_at`."""
    table, bits, run, count, width = {bytes([value]): value for value in range(256)}, [], 0, 257, 9
    out = bytearray(lzw.MAGIC + bytes([128 | most]))

    def flush() -> None:
        bits.extend([0] * (-(len(bits) - run) % (8 * width)))

    def put(code: int) -> None:
        bits.extend(code >> bit & 1 for bit in range(width))

    word, written = b"", 0
    for value in text:
        longer = word + bytes([value])
        if longer in table:
            word = longer
            continue
        put(table[word])
        written += 1
        if written == clear_at:
            put(lzw.CLEAR)
            flush()
            table, run, count, width = {bytes([one]): one for one in range(256)}, len(bits), 257, 9
        else:
            if count < 1 << most:
                table[longer] = count
                count += 1
            if count > 1 << width and width < most:
                flush()
                run, width = len(bits), width + 1
        word = bytes([value])
    if word:
        put(table[word])
    bits.extend([0] * (-len(bits) % 8))
    return bytes(out) + np.packbits(np.array(bits, np.uint8), bitorder="little").tobytes()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3_000), st.integers(2, 256), st.integers(9, 12), st.integers(-1, 400), st.integers(0, 9))
def test_what_was_compressed_comes_back(size, alphabet, most, clear_at, seed):
    text = np.random.default_rng(seed).integers(0, alphabet, size, np.uint8).tobytes()
    assert lzw.expand(compressed(text, most, clear_at)) == text


def test_the_beginning_of_the_real_file():
    data = bytes.fromhex(
        "1f9d9048deb0c90342481a316ccab00011a40e1d346fe4a4d153860c0814"
        "4bd2b839034249983665e6a40061a58c9c3969deb871010204953278e898"
    )
    assert lzw.expand(data) == b"Holy Bible, Authorized (King James) Version.  Text"


@pytest.mark.parametrize("data", [b"", b"\x1f\x9d", b"\x1f\x9d\x10abc", b"\x1f\x8b\x90abc", b"\x1f\x9d\x90\xff\xff"])
def test_what_is_not_compressed_is_refused(data):
    with pytest.raises(ValueError):
        lzw.expand(data)


def bible(text: str) -> bytes:
    """The file of the package, with two windows."""
    return b"EC02".ljust(84, b"\0") + b"".join(number.to_bytes(4) for number in (1 << 16, 2, 0, 0, 0)) + compressed(text.encode(), 16)


@pytest.fixture
def made_up(monkeypatch, tmp_path):
    """The package of another bible, in the place of the real one."""
    data = bible(TEXT)
    source = replace(verses.SOURCE, sha256=hashlib.sha256(data).hexdigest())
    monkeypatch.setitem(registry.SOURCES, "verses", source)
    monkeypatch.setattr(verses, "INSTALLED", tmp_path / "nowhere")
    file = tmp_path / "given.deb"
    file.write_bytes(debian.package("usr/lib", {"bible.data.conc": b"-", verses.RAW: data}))
    return file


def test_every_verse_is_a_document(made_up, empty_cache):
    registry.prepare("verses", 97, made_up, say=lambda line: None)
    splits = tokens.load("verses", 97).meta["splits"].values()
    assert sum(one["documents"] for one in splits) == 80
    assert all(one["tokens"] == one["bytes"] + one["documents"] for one in splits)  # a byte a token, and the marks


def test_an_installed_package_is_used_as_it_lies(made_up, monkeypatch, tmp_path):
    installed, folder = tmp_path / "lib", tmp_path / "fetched"
    for place in (installed, folder):
        place.mkdir()
    (installed / verses.RAW).write_bytes(bible(TEXT))
    monkeypatch.setattr(verses, "INSTALLED", installed)
    verses.fetch(folder, None, say=lambda line: None)
    assert [one.title for one in verses.articles(folder / verses.RAW)] == [f"Ge1:{number}" for number in range(80)]


@pytest.mark.parametrize("text", ["title\nno-space\n", "title\nGe1:1 caf\u00e9\n"])
def test_a_file_without_verses_is_refused_in_one_line(text, tmp_path):
    (tmp_path / "bible.data").write_bytes(bible(text))
    with pytest.raises(BadInput, match="does not hold the verses.*get Debian's") as error:
        verses.articles(tmp_path / "bible.data")
    assert "\n" not in str(error.value)


def test_another_package_is_refused(made_up, empty_cache, tmp_path):
    other = tmp_path / "other.deb"
    other.write_bytes(debian.package("usr/lib", {verses.RAW: bible(TEXT + "Ex3:15 More.\n")}))
    with pytest.raises(BadInput, match="did not give bible.data with sha256"):
        registry.prepare("verses", 97, other, say=lambda line: None)


def test_the_real_verses_are_whole(monkeypatch):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(CACHE))
    if prepared.problem(registry.folder("verses", 97)):
        pytest.skip("verses are not in the cache: run python -m launch data verses --vocab 97")
    splits = tokens.load("verses", 97).meta["splits"]
    assert sum(one["documents"] for one in splits.values()) == 31_102 and sum(one["bytes"] for one in splits.values()) == 4_106_748
    assert all(one["tokens"] == one["bytes"] + one["documents"] for one in splits.values())
