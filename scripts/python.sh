#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# python.sh FOLDER: a Python of its own with the packages of tests/requirements.txt (about 6 GB); made once, and again
# when that list changes. Exits 1, with the end of pip's output, where they cannot be had.
set -u
folder=$1
list=$(dirname "$0")/../tests/requirements.txt
cmp -s "$list" "$folder/requirements.txt" && exit 0

base=python3
[ ! -x /usr/bin/python3 ] || base=/usr/bin/python3 # the one that python3-venv belongs to
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if $base -m venv --clear "$folder" >"$log" 2>&1 &&
    "$folder/bin/python" -m pip install --no-cache-dir --disable-pip-version-check -r "$list" >>"$log" 2>&1; then
    cp "$list" "$folder/requirements.txt"
    exit 0
fi
tail -n 5 "$log" >&2
exit 1
