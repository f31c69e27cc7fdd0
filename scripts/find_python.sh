#!/bin/sh
# Prints a Python from 3.11 to 3.13: the given one, or, where none was asked for by name, the first suitable one.
# Usage: find_python.sh PYTHON [strict]
wanted=$1
strict=${2:-}

supported() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

candidates=$wanted
[ -n "$strict" ] || candidates="$wanted python3.13 python3.12 python3.11"
for candidate in $candidates; do
    if supported "$candidate"; then
        echo "$candidate"
        exit 0
    fi
done
received=
if command -v "$wanted" >/dev/null 2>&1; then
    received=$("$wanted" --version 2>&1 | head -n 1)
fi
echo "tradewind needs Python 3.11, 3.12 or 3.13; '$wanted' is: ${received:-not found}." >&2
echo "Install one of them, or name it: make PYTHON=/path/to/python3.12" >&2
exit 1
