"""Text for the terminal."""


def printable(text: str) -> str:
    """Text with its control characters, which could steer the terminal, as their escapes; lines stay lines."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else repr(letter)[1:-1] for letter in text
    )
