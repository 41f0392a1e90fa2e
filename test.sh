#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test.sh [--full]: installs what is missing, builds, and tests. Everyday: a release build with all tests but the long
# ones, a build with clang, and the unit tests under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer.
# --full adds the tests labelled "full", hours of them, and the Python packages that they compare with. Builds go to
# build/test, build/clang and build/sanitize.
set -u
cd "$(dirname "$0")" || exit 1
full=no
for argument in "$@"; do
    case $argument in
    --full) full=yes ;;
    -h | --help)
        sed -n '3,6s/^# //p' "$0"
        exit 0
        ;;
    *)
        echo "test.sh: '$argument' is not an option; --full is" >&2
        exit 2
        ;;
    esac
done
started=$(date +%s)
failures=

say() {
    printf '== %4d s: %s\n' $(($(date +%s) - started)) "$*"
}
failed() {
    failures="$failures $1"
    say "FAILED: $1"
}

# Tests at a time: one more than cores, as some of them wait.
jobs() {
    echo $(($(cores) + 1))
}

# Of the tests on several ranks those on 1 and 3 (whoever needs all counts gets them without sanitizers), and without
# --full not those that take longest there. Said in a few lines where all is well, and with the output of the
# tests that failed.
test_sanitized() {
    without='-[24]$'
    [ $full = yes ] ||
        without="$without|suite/[a-z]*$|app/(bad|runs|begin|commands|memory|hostile)|text/test_(oracle|chat)|data/test_(oracle|recipes)"
    ctest --test-dir build/sanitize -L unit -LE full -E "$without" -j "$(jobs)" --output-on-failure \
        >build/sanitize/ctest.log 2>&1
    code=$?
    if [ $code -eq 0 ]; then grep 'tests passed,' build/sanitize/ctest.log
    else grep -Ev '^ +Start +[0-9]+:| Passed +[0-9.]+ sec$' build/sanitize/ctest.log
    fi
    return $code
}

# Everything up to the summary as it comes; the summary is kept for the end.
test_release() {
    selection='-LE full'
    [ $full = no ] || selection=
    # shellcheck disable=SC2086 # a list of words
    { ctest --test-dir build/test $selection -j "$(jobs)" --output-on-failure 2>&1 || echo "$?" >build/test/ctest.failed; } |
        tee build/test/ctest.log | awk '/tests passed,/ { summary = 1 } !summary'
    [ ! -f build/test/ctest.failed ]
}

scripts/install.sh $([ $full = yes ] && echo full || echo tests) || exit $?
. scripts/environment.sh
. scripts/build.sh

python=
if [ $full = yes ]; then
    say "torch, transformers and others into build/python (6 GB, once)"
    if scripts/python.sh build/python; then python=-DPython3_EXECUTABLE=$PWD/build/python/bin/python
    else say "they cannot be had: tests that need them will be skipped"
    fi
fi

say "release build (gcc)"
build build/test all -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_COMPILER=gcc ${python:+"$python"} || exit 1
if command -v clang >/dev/null; then
    say "clang build, compiled only"
    build build/clang all -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang || failed "clang build"
else
    say "no clang here: the second compiler is left out"
fi
say "sanitizer build"
if build build/sanitize all -DCMAKE_BUILD_TYPE=Debug -DIMPEX_SANITIZE=ON -DCMAKE_C_COMPILER=gcc; then
    say "unit tests with sanitizers"
    test_sanitized || failed "unit tests with sanitizers"
else
    failed "sanitizer build"
fi
say "tests"
rm -f build/test/ctest.failed
test_release || failed "tests"

say "what was skipped, and why"
awk -f scripts/skipped.awk build/test/Testing/Temporary/LastTest.log build/test/ctest.log
say "done"
[ -z "$failures" ] || echo "FAILED:$failures"
sed -n '/tests passed,/,$p' build/test/ctest.log
[ -z "$failures" ]
