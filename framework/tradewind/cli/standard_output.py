"""Standard output of commands that print JSON: it has the JSON, and what plugins print goes to standard error."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["kept_for_json"]

_OUTPUT, _ERRORS = 1, 2
"""Descriptors of the process."""


@contextlib.contextmanager
def kept_for_json(wanted: bool = True) -> Iterator[None]:
    """Send what is printed meanwhile to standard error: by plugins, compiled libraries and worker processes.

    Parameters
    ----------
    wanted
        False to leave the output alone: no JSON is printed.
    """
    if not wanted:
        yield
        return
    if not _is_of_process():
        with contextlib.redirect_stdout(sys.stderr):
            yield
        return
    try:
        with _descriptor_of_errors(), contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        # Registered after what plugins have registered, so called before it.
        atexit.register(_give_up_output)


def _give_up_output() -> None:
    """Send to standard error what is printed while Python ends: by plugins and C libraries."""
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        os.dup2(_ERRORS, _OUTPUT)


def _is_of_process() -> bool:
    try:
        return sys.stdout.fileno() == _OUTPUT
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def _descriptor_of_errors() -> Iterator[None]:
    sys.stdout.flush()
    kept = os.dup(_OUTPUT)
    try:
        os.dup2(_ERRORS, _OUTPUT)
        yield
    finally:
        _flush_c()
        os.dup2(kept, _OUTPUT)
        os.close(kept)


def _flush_c() -> None:
    """Let C libraries print what they keep back."""
    if os.name == "posix":
        import ctypes

        ctypes.CDLL(None).fflush(None)
