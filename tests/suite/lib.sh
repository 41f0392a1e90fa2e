# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of suites, whose arguments are: IMPEX LOOK SOURCE LAUNCHER... (mpirun -n). A folder of their own,
# good, says, fail and finish come from the tests of the program.
. "$3/tests/app/lib.sh"
look=$material
tiny=$source/tests/suite/tiny.yaml

# ends CODE WHAT COMMAND...: that exit code; output in the files out and err.
ends() {
    wanted=$1 what=$2
    shift 2
    cases=$((cases + 1))
    "$@" >out 2>err </dev/null
    code=$?
    [ $code -eq "$wanted" ] || fail "$what: exit code $code, not $wanted" err out
}

# warns TEXT: the last case said that on standard error.
warns() {
    grep -qF -e "$1" err || fail "$what: lacks '$1'" err
}

# same A B: the results in both folders are the same bits.
same() {
    good "the same in $1 and $2" "$impex" check --same "$1" "$2"
}

# tidy FOLDER: nothing but results, weights, ledgers and the cache; no locks, claims or half-written files.
tidy() {
    find "$1" -type f ! -name '*.h5' ! -name final.safetensors ! -path '*/ledger/*.jsonl' >left
    [ ! -s left ] || fail "left over in $1" left
}
