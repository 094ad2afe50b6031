"""From tokens to text, token by token, as a person expects it: no character before all of its bytes are there."""

import codecs
from pathlib import Path

from tokenizers import Tokenizer


def symbol_bytes() -> dict[str, int]:
    """The byte behind each symbol of a byte-level BPE: printable bytes stand for themselves, the others for U+0100 and up."""
    printable = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + index): byte for index, byte in enumerate(hidden)}


class Detokenizer:
    """Text of a growing list of byte-level tokens. What it has returned is final: the pieces add up to the whole text.

    Without a tokenizer (a table of tests) a token is its number.
    """

    def __init__(self, tokenizer: Path | None):
        self.tokenizer = Tokenizer.from_file(str(tokenizer)) if tokenizer else None
        self.bytes = symbol_bytes()
        self.special = {
            token for token, added in (self.tokenizer.get_added_tokens_decoder() if tokenizer else {}).items() if added.special
        }
        self.decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def add(self, tokens: list[int]) -> str:
        """The text that these tokens complete."""
        return self.decoder.decode(b"".join(map(self.raw, tokens)))

    def finish(self) -> str:
        """What is left: the replacement character if the text ends in the middle of one."""
        return self.decoder.decode(b"", final=True)

    def raw(self, token: int) -> bytes:
        """The bytes of one token; none for a mark such as the end of the text."""
        if self.tokenizer is None:
            return f"{token} ".encode()
        symbols = self.tokenizer.id_to_token(token)
        if symbols is None or token in self.special:
            return b""
        if all(symbol in self.bytes for symbol in symbols):
            return bytes(self.bytes[symbol] for symbol in symbols)
        return symbols.encode()  # added as plain text, not learnt
