"""A process that writes to a session until it is killed, and says what was committed after every commit."""

import json
import sys

from tradewind.journal.store import JournalStore, SessionWriter, open_store
from tradewind.journal.store.values import Command


def main(url: str, session: int) -> None:
    store = open_store(url)
    writer = store.resume(session) if session else store.begin("killed", {})
    tell(f"session {writer.session}")
    number = 0
    while True:
        for _ in range(number % 7 + 1):
            sequence = writer.append(number, "intent", json.dumps({"n": number, "of": writer.session}))
        writer.commit()
        tell(str(sequence))
        for command in record_commands(store, writer):
            tell(f"took {command.id}")
        number += 1


def record_commands(store: JournalStore, writer: SessionWriter) -> list[Command]:
    """Record each command once, however often the process dies between its entry and its mark."""
    known = {json.loads(entry.payload)["id"] for entry in store.entries(writer.session, kinds=["command"])}
    pending = writer.pending()
    fresh = [command for command in pending if command.id not in known]
    for command in fresh:
        writer.append(0, "command", json.dumps({"id": command.id}))
    writer.commit()
    if pending:
        writer.done([command.id for command in pending])
    return fresh


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
