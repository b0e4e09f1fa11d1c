#!/usr/bin/env bash
# Print a Python that can build the environment, or one line that says what to install.
set -u
found=""
for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.11 python; do
    [ -n "$name" ] && command -v "$name" >/dev/null 2>&1 || continue
    if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then
        found="$(command -v "$name")"
        break
    fi
done
if [ -z "$found" ]; then
    echo "error: no Python 3.11 or newer found: install one (Debian: apt-get install python3 python3-venv; macOS: brew install python), or set PYTHON=path" >&2
    exit 1
fi
if ! "$found" -c 'import venv, ensurepip' 2>/dev/null; then
    echo "error: $found has no venv module: install it (Debian: apt-get install python3-venv)" >&2
    exit 1
fi
echo "$found"
