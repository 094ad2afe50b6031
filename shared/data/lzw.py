"""What the Unix program `compress` has compressed (Lempel, Ziv and Welch), as it was before."""

MAGIC = b"\x1f\x9d"
CLEAR = 256  # the code that empties the table


def expand(data: bytes) -> bytes:
    """The content of a .Z file in blocks. Raises ValueError for a damaged one; one that was cut has a shorter content.

    Codes are packed from the lowest bit on, of 9 bits at first and one more whenever the table has outgrown them. A run of one width fills
    whole groups of eight codes: what a change of width cuts off is padding.
    """
    if data[:2] != MAGIC or len(data) < 3 or not data[2] & 128:
        raise ValueError("no compressed file in blocks")
    most = data[2] & 31
    start = [bytes([value]) for value in range(256)] + [b""]
    table, width, previous, out = list(start), 9, b"", []
    run = place = 24  # bits: where this width began, and the next code
    while place + width <= 8 * len(data):
        code = int.from_bytes(data[place >> 3 : (place >> 3) + 3], "little") >> (place & 7) & (1 << width) - 1
        place += width
        if code == CLEAR:
            run = place = following(run, place, width)
            table, width, previous = list(start), 9, b""
            continue
        if code > len(table) or (code == len(table) and not previous):
            raise ValueError(f"a code of {code} where the table has {len(table)}")
        found = table[code] if code < len(table) else previous + previous[:1]
        out.append(found)
        if previous and len(table) < 1 << most:
            table.append(previous + found[:1])
        previous = found
        if len(table) == 1 << width and width < most:
            run = place = following(run, place, width)
            width += 1
    return b"".join(out)


def following(run: int, place: int, width: int) -> int:
    """Where the next group of eight codes would begin."""
    group = 8 * width
    return run + -(-(place - run) // group) * group
