"""MODEL.bin: a network in as few bits as it takes, and a note on the data it was made from.

    4 bytes  tag              of a classifier or of a language model
    5 bytes  version, CRC-32 of all that follows
    note     length, JSON     which data to count the errors on; nothing of the network follows from it
    settings 6 numbers        network, projector, kind of codebook, d, seed, L
    codebook float16 each
    symbols  range coder      d of them, by an adaptive model

Everything from the settings on tells its own end, so the number of its bits is the length of a prefix-free code, and all of it is
charged: whatever in it was chosen by looking at the data is paid for. Tag, version and CRC are the same for all models of a kind or
follow from the rest. The code of a model is unique: a file that would not be written exactly so is refused.
"""

import json
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from projects.generalization.coder import Adaptive, Code, decode, encode
from projects.generalization.decoders import DECODERS
from projects.generalization.networks import NETWORKS
from projects.generalization.projectors import PROJECTORS
from projects.generalization.quantise import KINDS
from shared.errors import BadInput

VERSION = 1
HEAD = 9
WORDS = {"projector": tuple(PROJECTORS), "kind": KINDS}  # numbered, as are the networks of a format; new ones come last
LARGEST = {"dimension": 1_000_000, "seed": (1 << 31) - 1, "levels": 256}


class Coded(NamedTuple):
    """A network: v is a codebook's value for each symbol, everything else comes from the seed."""

    network: str
    projector: str
    dimension: int
    seed: int
    kind: str
    levels: int
    grid: np.ndarray  # float16: [L] for a learned codebook, [1] for an even one
    symbols: list[int]  # d of 0 .. L - 1


class Note(NamedTuple):
    """The points that a classifier was made from."""

    data: str
    altered: float  # share of the labels
    altered_seed: int
    sha256: dict[str, str]  # file -> digest


class TextNote(NamedTuple):
    """The documents that a language model was made from."""

    data: str
    vocab: int
    shuffled: bool  # whether the tokens of a document are in random order
    sha256: dict[str, str]  # file -> digest


class Format(NamedTuple):
    """A kind of models."""

    tag: bytes
    networks: tuple[str, ...]
    note: type


FORMATS = (Format(b"\x93gen", tuple(NETWORKS), Note), Format(b"\x93lan", tuple(DECODERS), TextNote))


class Length(NamedTuple):
    """Bits of a network's code, by part."""

    settings: int
    codebook: int
    symbols: int


def write(coded: Coded, note: Note | TextNote) -> bytes:
    """The file."""
    kind = format_of(note)
    said = json.dumps(note._asdict(), sort_keys=True, separators=(",", ":")).encode()
    body = number(len(said)) + said + settings(coded, kind) + coded.grid.astype("<f2").tobytes() + payload(coded).data
    return kind.tag + bytes([VERSION]) + zlib.crc32(body).to_bytes(4) + body


def format_of(note: Note | TextNote) -> Format:
    return next(one for one in FORMATS if one.note is type(note))


def length(coded: Coded, note: Note | TextNote) -> Length:
    return Length(8 * len(settings(coded, format_of(note))), 16 * len(coded.grid), payload(coded).bits)


def words(kind: Format) -> dict[str, tuple[str, ...]]:
    return {"network": kind.networks, **WORDS}


def settings(coded: Coded, kind: Format) -> bytes:
    places = [names.index(getattr(coded, field)) for field, names in words(kind).items()]
    return b"".join(map(number, (*places, coded.dimension, coded.seed, coded.levels)))


def payload(coded: Coded) -> Code:
    return encode(coded.symbols, Adaptive(coded.levels))


def read(data: bytes) -> tuple[Coded, Note | TextNote]:
    """The network and the note of a file. Raises BadInput in one line for a file that is damaged, or no such file."""
    kind = next((one for one in FORMATS if one.tag == data[:4]), None)
    if kind is None:
        raise BadInput("it is no coded network: give a MODEL.bin of `python -m launch run generalization/compress`")
    if len(data) > 4 and data[4] != VERSION:
        raise BadInput(f"it is of version {data[4]}, and this code reads version {VERSION}: compress the model again")
    if len(data) < HEAD or zlib.crc32(data[HEAD:]) != int.from_bytes(data[5:HEAD]):
        raise BadInput("it is damaged (its checksum is another one): copy it again from where it was made")
    try:
        coded, note = parse(data[HEAD:], kind)
        whole = write(coded, note) == data
    except (ValueError, IndexError, TypeError):
        whole = False
    if not whole:
        raise BadInput("its checksum is right but it holds no network as this code writes one: compress the model again")
    return coded, note


def parse(body: bytes, kind: Format) -> tuple[Coded, Note | TextNote]:
    """Raises ValueError, IndexError or TypeError for what no writer wrote."""
    reader = Reader(body)
    note = kind.note(**json.loads(reader.take(reader.number())))
    chosen = {field: names[reader.number()] for field, names in words(kind).items()}
    numbers = {field: reader.number() for field in LARGEST}
    if any(value > LARGEST[field] for field, value in numbers.items()) or not numbers["dimension"] or not numbers["levels"]:
        raise ValueError("a size that no writer writes")
    grid = np.frombuffer(reader.take(2 * (numbers["levels"] if chosen["kind"] == "learned" else 1)), "<f2")
    if not np.isfinite(grid).all():
        raise ValueError("a codebook that no writer writes")
    symbols = decode(reader.rest(), numbers["dimension"], Adaptive(numbers["levels"]))
    return Coded(**chosen, **numbers, grid=grid, symbols=symbols), note


def load(path: Path) -> tuple[Coded, Note]:
    """What the file at `path` holds. Raises BadInput with its name in front."""
    try:
        return read(path.read_bytes())
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): give the path of a MODEL.bin") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def number(value: int) -> bytes:
    """A whole number of at least 0, seven bits to a byte, the lowest first; the last byte has no top bit."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes(out + bytes([value]))


class Reader:
    """Takes a body apart from its front."""

    def __init__(self, data: bytes):
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        if self.place + count > len(self.data):
            raise ValueError("too short")
        self.place += count
        return self.data[self.place - count : self.place]

    def number(self) -> int:
        value, shift = 0, 0
        while (byte := self.take(1)[0]) > 127:
            value, shift = value | (byte & 127) << shift, shift + 7
        return value | byte << shift

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.place)
