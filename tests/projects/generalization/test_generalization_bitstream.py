"""A file gives back the network that it was written from; a damaged one is refused."""

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projects.generalization import bitstream
from projects.generalization.bitstream import Coded, Note, TextNote, length, read, write
from shared.errors import BadInput

NOTES = {
    Note: st.builds(Note, st.text(max_size=9), st.floats(0, 1), st.integers(0, 9), st.just({"train_inputs.npy": "0" * 64})),
    TextNote: st.builds(TextNote, st.text(max_size=9), st.integers(2, 1 << 16), st.booleans(), st.just({"train.u16": "0" * 64})),
}


@st.composite
def models(draw):
    """Of both kinds, with their notes."""
    kind = draw(st.sampled_from(bitstream.FORMATS))
    words = {field: draw(st.sampled_from(names)) for field, names in bitstream.words(kind).items()}
    levels, dimension = draw(st.integers(1, 40)), draw(st.integers(1, 300))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    symbols = np.minimum(rng.poisson(levels / 2, dimension), levels - 1).tolist()
    grid = (rng.normal(size=levels if words["kind"] == "learned" else 1) * 10.0 ** rng.integers(-6, 4)).astype(np.float16)
    coded = Coded(**words, dimension=dimension, seed=draw(st.integers(0, 2**31 - 1)), levels=levels, grid=grid, symbols=symbols)
    return coded, draw(NOTES[kind.note])


quick = settings(deadline=None, max_examples=40)


def same(one: Coded, other: Coded) -> bool:
    return one._replace(grid=None) == other._replace(grid=None) and np.array_equal(one.grid, other.grid)


@quick
@given(models())
def test_there_and_back(model):
    coded, note = model
    again, said = read(write(coded, note))
    assert same(again, coded) and said == note


@quick
@given(models())
def test_what_is_charged_is_what_the_file_holds(model):
    """Less the head, the note, and the rest of the last byte."""
    coded, note = model
    kind = bitstream.format_of(note)

    def rest(one: Coded) -> int:
        parts = length(one, note)
        assert parts.settings == 8 * len(bitstream.settings(one, kind)) and parts.codebook == 16 * len(one.grid)
        return len(write(one, note)) - (parts.settings + parts.codebook) // 8 - -(-parts.symbols // 8)

    assert rest(coded) == rest(coded._replace(dimension=1, symbols=[0]))


def example(network: str, note: Note | TextNote) -> bytes:
    rng = np.random.default_rng(0)
    coded = Coded(network, "kronecker", 100, 7, "even", 5, np.float16([0.3]), rng.integers(0, 5, 100).tolist())
    return write(coded, note)


WHOLE = example("mlp", Note("digits", 0.0, 0, {"train_inputs.npy": "0" * 64}))
TEXT = example("4x128", TextNote("tiny", 97, False, {"train.u16": "0" * 64}))
both = pytest.mark.parametrize("whole", [WHOLE, TEXT], ids=["classifier", "language model"])


def refused(data: bytes) -> str:
    with pytest.raises(BadInput) as error:
        read(data)
    assert "\n" not in str(error.value)
    return str(error.value)


@both
def test_every_beginning_is_refused(whole):
    for count in range(len(whole)):
        refused(whole[:count])


@both
@pytest.mark.parametrize("flip", [1, 128, 255])
def test_every_flipped_byte_is_refused(flip, whole):
    for place in range(len(whole)):
        refused(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])


@both
def test_something_behind_the_end_is_refused(whole):
    refused(whole + b"\0")


def test_a_model_of_one_kind_is_none_of_the_other():
    """The tag is not under the checksum."""
    assert "no network" in refused(TEXT[:4] + WHOLE[4:]) and "no network" in refused(WHOLE[:4] + TEXT[4:])


def with_checksum(body: bytes) -> bytes:
    return WHOLE[:5] + zlib.crc32(body).to_bytes(4) + body


@quick
@given(st.binary(max_size=200))
def test_a_right_checksum_over_anything_else_is_refused(body):
    assert "no network" in refused(with_checksum(body))


def test_another_way_to_write_the_same_network_is_refused():
    """A longer number, a bit behind the symbols: two files of one network would not be charged as one."""
    body = WHOLE[bitstream.HEAD :]
    assert "no network" in refused(with_checksum(bytes([body[0] | 128, 0]) + body[1:]))
    unused = 8 - length(*read(WHOLE)).symbols % 8
    assert unused < 8 and "no network" in refused(with_checksum(body[:-1] + bytes([body[-1] | 1])))
    assert "no network" in refused(with_checksum(body + b"\0"))


def test_other_files_and_other_versions_are_named():
    assert "no coded network" in refused(b"") == refused(b"PK\3\4")
    assert "version 2" in refused(WHOLE[:4] + b"\2" + WHOLE[5:])


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="cannot be read"):
        bitstream.load(tmp_path / "MODEL.bin")
    with pytest.raises(BadInput, match="cannot be read"):
        bitstream.load(tmp_path)
