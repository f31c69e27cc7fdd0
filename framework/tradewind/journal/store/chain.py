"""The hashes that bind entries to blocks, blocks to each other, and the last block to its session's row.

Everything hashed is unambiguous: texts are preceded by their length, numbers followed by a comma.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["BlockHead", "EntryRow", "block_hash", "entry_crc", "seal", "session_identity"]

EntryRow = tuple[int, int, int, str, str, int]
"""Sequence, block, bar, kind, payload, CRC-32: as stored, in the order hashed."""


class BlockHead(NamedTuple):
    """What a block's row says of it, without its hash."""

    number: int
    first_bar: int
    last_bar: int
    entries: int
    committed_at: int
    previous_hash: str


def session_identity(session: int, name: str, started_at: int, header: str) -> str:
    """Return the hash of what never changes about a session; it precedes the first block."""
    return _hash(f"session,{session},{started_at},{_text(name)}{_text(header)}")


def entry_crc(session: int, sequence: int, block: int, bar: int, kind: str, payload: str) -> int:
    """Return the CRC-32 of an entry."""
    return zlib.crc32(_bytes(f"{session},{sequence},{block},{bar},{len(kind)},{kind}{payload}"))


def block_hash(identity: str, head: BlockHead, rows: Iterable[Sequence[Any]]) -> str:
    """Return the hash of a block: its session, its head and every column of its entries."""
    texts = [
        f"{sequence},{block},{bar},{crc},{len(kind)},{len(payload)},{kind}{payload}"
        for sequence, block, bar, kind, payload, crc in rows
    ]
    numbers = f"{head.number},{head.first_bar},{head.last_bar},{head.entries},{head.committed_at}"
    return _hash(f"block,{identity},{_text(head.previous_hash)}{numbers},{''.join(texts)}")


def seal(fields: Iterable[object]) -> str:
    """Return the hash of a row's fields."""
    return _hash("seal," + "".join(_text("null" if field is None else f"={field}") for field in fields))


def _text(text: str) -> str:
    return f"{len(text)},{text}"


def _hash(text: str) -> str:
    return hashlib.sha256(_bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    # Text that was damaged on the disk is read with surrogate escapes and must still be hashed.
    return text.encode("utf-8", "surrogateescape")
