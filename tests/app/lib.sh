# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the program, whose arguments are: IMPEX MATERIAL SOURCE LAUNCHER... (mpirun -n). They work in
# a folder of their own, which goes away at the end.
impex=$1 material=$2 source=$3
shift 3
launcher=$*
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
cases=0 failures=0
unset IMPEX_DATA IMPEX_MODELS
# Open MPI's mpirun gives the ranks of a failed job a second to end; ours have ended when the first one is seen to.
export OMPI_MCA_odls_base_sigkill_timeout=0

fail() {
    failures=$((failures + 1))
    printf 'FAIL: %s\n' "$1"
    shift
    for file in "$@"; do sed "s|^|    $file: |" "$file" | head -n 20; done
}

# What the launcher itself says about a failed job is not the program's.
own_words() {
    sed '/^---*$/,/^---*$/d' "$1"
}

# good WHAT COMMAND...: exit code 0; standard output in the file out, standard error in the file err.
good() {
    what=$1
    shift
    cases=$((cases + 1))
    "$@" >out 2>err </dev/null
    code=$?
    [ $code -eq 0 ] || fail "$what: exit code $code" err out
}

# says TEXT: the last good case printed that.
says() {
    grep -qF -e "$1" out || fail "$what: lacks '$1'" out
}

# finish LEAST: the verdict on at least so many cases.
finish() {
    [ $cases -ge "$1" ] || fail "only $cases cases"
    echo "$cases cases, $failures failures"
    [ $failures -eq 0 ]
    exit
}
