"""A process that writes to a session until it is killed, and says what was committed after every commit."""

import json
import sys

from tradewind.journal.store import open_store


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
        for command in writer.take():
            tell(f"took {command.id}")
        number += 1


def tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
