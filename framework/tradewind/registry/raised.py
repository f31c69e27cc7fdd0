"""What a plugin has raised or given, as a text: it may be anything, also what has no text."""

from __future__ import annotations

__all__ = ["shown", "text_of", "told"]

_LONGEST = 60


def told(error: BaseException) -> str:
    """Return the class and the text of an error."""
    return f"{type(error).__name__}: {text_of(error)}"


def text_of(error: BaseException) -> str:
    """Return the text of an error, whatever its class does where it is asked for."""
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the text is made by the error's own class
        return "its text cannot be made"


def shown(value: object) -> str:
    """Return a value that a plugin has given, cut to a length that can be read, and its class."""
    if value is None:
        return "None"
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001 - the text is made by the value's own class
        return f"a {type(value).__name__}, which cannot be shown"
    return f"{text if len(text) <= _LONGEST else f'{text[:_LONGEST]}...'} ({type(value).__name__})"
