#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# quickstart.sh: installs what is missing, builds into build/, runs suites/quickstart.yaml on two ranks, and prints the
# tables. Started again it keeps what is finished. Results go to results/quickstart.
set -u
cd "$(dirname "$0")" || exit 1
started=$(date +%s)
results=results/quickstart

say() {
    printf '== %4d s: %s\n' $(($(date +%s) - started)) "$*"
}

[ $# -eq 0 ] || { sed -n '3,4s/^# //p' "$0"; exit 2; }
say "looking for what is missing"
scripts/install.sh build || exit $?
. scripts/environment.sh
. scripts/build.sh

say "building"
tests=
[ -f build/CMakeCache.txt ] || tests=-DIMPEX_TESTS=OFF # who has them in there already keeps them
build build impex,impex-report -DCMAKE_BUILD_TYPE=Release $tests || exit 1
say "running suites/quickstart.yaml on 2 ranks, $OMP_NUM_THREADS thread(s) each"
mpirun -n 2 build/impex run suites/quickstart.yaml || {
    code=$?
    echo "the suite did not finish (exit code $code); ./quickstart.sh goes on where it stopped" >&2
    exit $code
}
say "the tables"
build/impex-report $results || exit 1
build/impex-report $results --format md,html --out $results || exit 1
say "done. The report with figures is $results/report.html, also as report.md; the results (HDF5) beside it"
