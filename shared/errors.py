"""What a person can cause, said in one line."""


class BadInput(Exception):
    """Something the person at the keyboard can put right. The message is one line and names the remedy; nothing was
    started and nothing was lost. The command line prints it after ``error:`` and exits with code 2."""


def one_line(text: str) -> str:
    """Line ends and control characters, which names may hold, as escapes."""
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def said(error: BaseException) -> str:
    """What an exception says of itself, in one line: its type and how its message begins."""
    return ": ".join([type(error).__name__, *str(error).strip().splitlines()[:1]])
