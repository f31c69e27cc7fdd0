"""Run the command line and turn every outcome into an exit code and a readable message."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tradewind.errors import PluginError, TradewindError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

EXIT_USAGE = 1
EXIT_CRASH = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE_CLOSED = 141


def main(arguments: Sequence[str] | None = None) -> None:
    """Run ``tradewind`` with the given arguments (default: those of the process) and exit.

    Exit codes: 0 done; 1 usage or user error; 2 configuration; 3 plugin; 4 data; 5 risk halt; 6 gate; 7 broker;
    8 journal; 70 a fault of tradewind itself, with details in a file; 130 interrupted; 141 the reader of the output
    went away.
    """
    sys.exit(_run(list(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        _require_output()
        _escape_what_cannot_be_shown()
        code = _invoke(arguments)
        sys.stdout.flush()
    except TradewindError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt as error:
        _say(f"error: interrupted {error}".rstrip())
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE_CLOSED
    except OSError as error:
        import errno

        if error.errno != errno.ENOSPC:
            return _crash(error, arguments)
        _say(f"error: cannot write: {error.strerror}; free some space or write elsewhere")
        return EXIT_USAGE
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001 - the last line of defence: a message instead of a traceback
        return _crash(error, arguments)
    return code


def _invoke(arguments: list[str]) -> int:
    if "--no-color" in arguments:
        os.environ["NO_COLOR"] = "1"
        arguments = [argument for argument in arguments if argument != "--no-color"]

    import typer

    from tradewind.cli.app import InterruptionError, build_app

    usage_error = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
    try:
        code = build_app()(arguments or ["--help"], prog_name="tradewind", standalone_mode=False)
    except InterruptionError as interruption:
        raise interruption.cause from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    except Exception as error:
        if not isinstance(error, usage_error):
            raise
        _say(f"error: {_usage_text(error)}")
        return EXIT_USAGE
    return code if isinstance(code, int) else 0


def _require_output() -> None:
    if sys.stdout is None or sys.stderr is None:
        raise UserError("standard output or error is closed; redirect it to a file or to /dev/null instead")


def _escape_what_cannot_be_shown() -> None:
    """Do with output as Python does with errors: not every terminal and file has every character, as ≤ or odd paths."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")


def _usage_text(error: Exception) -> str:
    text = str(getattr(error, "format_message", error.__str__)())
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "tradewind"
    return f"{text}{_received(error)}\nTry '{command} --help'."


def _received(error: Exception) -> str:
    """Return the value that was refused, where the parser's error tells it."""
    faults = getattr(error.__cause__ or error.__context__, "errors", None)
    return f"; received {faults()[0]['input']!r}" if callable(faults) else ""


def _crash(error: BaseException, arguments: list[str]) -> int:
    import tempfile
    import time
    import traceback

    from tradewind.cli.damage import damaged_entry_points

    if damage := damaged_entry_points(error):
        _say(f"error: {damage}")
        return PluginError.exit_code
    text = _without_passwords(f"{type(error).__name__}: {error}")
    details = _without_passwords(f"tradewind {' '.join(arguments)}\n\n{''.join(traceback.format_exception(error))}")
    name = f"tradewind-crash-{time.strftime('%Y%m%d-%H%M%S')}-"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix=name, suffix=".log", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(details)
        where = f"details are in {file.name}"
    except OSError as reason:
        where = f"the details could not be written: {reason}"
    _say(f"error: tradewind failed unexpectedly: {text}\n{where}; please report it with that file")
    return EXIT_CRASH


def _without_passwords(text: str) -> str:
    """Return a text that may be shown to others: a database URL in it loses its password."""
    import re

    return re.sub(r"(://[^/\s:@]*):[^/\s@]+@", r"\1:***@", text)


def _say(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)  # noqa: T201
    except (OSError, UnicodeError):
        return
