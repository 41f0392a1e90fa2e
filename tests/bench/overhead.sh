#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# overhead.sh IMPEX SUITE [--set KEY=VALUE]...: what timers, progress and results cost a run on one thread, as shares of the
# samples that perf takes of all of it: clocks, printed lines, HDF5 files, the file system. Nothing is kept.
set -eu
[ $# -ge 2 ] || {
    sed -n '3,4s/^# //p' "$0"
    exit 2
}
command -v perf >/dev/null || {
    echo "SKIP: perf is not there (Debian: linux-perf)"
    exit 77
}
impex=$1
shift
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
OMP_NUM_THREADS=1 perf record -q -F 999 -g -o "$scratch/data" "$impex" run "$@" --set parallel.threads=1 \
    --set output="$scratch/out" >"$scratch/log" 2>&1 || {
    cat "$scratch/log"
    exit 1
}
# Each sample counts once: for the first of the first three that its stack shows, else for the library that it is in.
perf script -i "$scratch/data" -F comm,ip,sym,dso 2>/dev/null | awk '
    function close_sample() {
        if (!frames) return
        n++
        if (all ~ /hdf5|ix_result_|ix_h5_|ix_record_store/) part = "results (HDF5)"
        else if (all ~ /clock_gettime|ix_seconds|ix_clock_/) part = "timers"
        else if (all ~ /printf|ix_note|ix_warn|fflush/) part = "progress and messages"
        else if (top ~ /libblis/) part = "products"
        else if (top ~ /kernel/) part = "system (memory, files, start)"
        else if (top ~ /\/impex\)|libm\.so|sleef|libgomp/) part = "all other computing"
        else part = "other libraries (start, hashing, copies)"
        sum[part]++
        frames = 0; all = ""; top = ""
    }
    NF == 0 { close_sample(); next }
    /^[^ \t]/ { next }
    { if (!frames++) top = $NF; all = all " " $0 }
    END { close_sample(); for (p in sum) printf "%6.2f %%  %s\n", 100 * sum[p] / n, p; print n, "samples" }' | sort -rn
