# SPDX-License-Identifier: Apache-2.0
# Sourced: build FOLDER TARGETS CMAKE_OPTION... configures once and builds; quiet unless something is wrong. TARGETS is
# one word of names separated by commas, or "all".

build() {
    folder=$1 targets=$(echo "$2" | tr , ' ') generator=
    shift 2
    mkdir -p "$folder"
    if [ ! -f "$folder/CMakeCache.txt" ] && command -v ninja >/dev/null; then generator='-G Ninja'; fi
    # shellcheck disable=SC2086 # lists of words
    if ! cmake -S . -B "$folder" $generator "$@" >"$folder/configure.log" 2>&1; then
        cat "$folder/configure.log"
        echo "cmake could not configure $folder: is a library of packages.txt missing?" >&2
        return 1
    fi
    # shellcheck disable=SC2086
    if ! cmake --build "$folder" --parallel "$(cores)" --target $targets >"$folder/build.log" 2>&1; then
        grep -E -A 12 'error:|warning:|FAILED|CMake Error' "$folder/build.log" | head -n 60
        echo "$folder does not build; all of it is in $folder/build.log" >&2
        return 1
    fi
}

# nproc obeys OMP_NUM_THREADS, which is about the threads of a rank.
cores() {
    env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc 2>/dev/null || echo 2
}
