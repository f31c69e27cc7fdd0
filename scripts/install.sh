#!/bin/sh
# Installs tradewind, editable, with extras and the versions in constraints.txt.
# Usage: install.sh VENV EXTRAS PYTHON [strict]      NO_UV=1: use pip even where uv is installed.
set -eu
venv=$1
extras=$2
python=$3
strict=${4:-}
root=$(cd "$(dirname "$0")/.." && pwd)

use_uv() {
    [ -z "${NO_UV:-}" ] && command -v uv >/dev/null 2>&1
}

if ! "$venv/bin/python" -c '' >/dev/null 2>&1; then
    base=$("$root/scripts/find_python.sh" "$python" "$strict")
    echo "Creating $venv with $("$base" --version)"
    if use_uv; then
        uv venv --quiet --clear --python "$("$base" -c 'import sys; print(sys.executable)')" "$venv"
    else
        "$base" -m venv --clear "$venv"
    fi
fi
"$root/scripts/find_python.sh" "$venv/bin/python" strict >/dev/null

echo "Installing tradewind[$extras]; the first time takes a minute or two"
if use_uv; then
    uv pip install --quiet --python "$venv/bin/python" --constraint "$root/constraints.txt" --editable "$root[$extras]"
else
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint "$root/constraints.txt" --editable "$root[$extras]"
fi
