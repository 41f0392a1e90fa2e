#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_many.sh WRITER IMPEX_REPORT: a thousand runs within 400 MB of address space, libraries included, with
# every run counted. How long it takes is said and not judged (docs/report.md has a measurement).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" "$folder" 50 8 10 200 3
started=$(date +%s)
(ulimit -v 400000 && "$2" "$folder/many" --format term,csv --out "$folder/csv") >"$folder/text"
echo "$(($(date +%s) - started)) s for 1000 runs"
head -n 1 "$folder/text" | grep -q '^1000 runs, 1000 VALID, 500 twins: many$'
[ "$(wc -l <"$folder/csv/runs.csv")" = 1001 ]
[ "$(wc -l <"$folder/csv/accuracy.csv")" = 701 ] # 50 models, 7 rows, 2 objectives
