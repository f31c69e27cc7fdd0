"""Standard output of commands that print JSON: it has the JSON, and what plugins print goes to standard error."""

from __future__ import annotations

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
    descriptor = _descriptor_of_errors() if _is_of_process() else contextlib.nullcontext()
    with descriptor, contextlib.redirect_stdout(sys.stderr):
        yield


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
        os.dup2(kept, _OUTPUT)
        os.close(kept)
