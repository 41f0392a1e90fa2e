# SPDX-License-Identifier: Apache-2.0
# stop.sh LAB FOLDER TEST [wait]: stops the virtual cluster of a test, kills what is left of it (whatever names its
# folder) and removes the folder. `wait`: once the test's process is gone.
lab=$1 folder=$2 test=$3
while [ "${4:-}" = wait ] && kill -0 "$test" 2>/dev/null; do sleep 1; done
[ -d "$folder" ] || exit 0
timeout 60 "$lab" stop >/dev/null 2>&1
for node in 1 2 3 4; do ip netns del "$SLURMLAB_TAG-node$node" 2>/dev/null; done
ip link del "$SLURMLAB_TAG-br" 2>/dev/null
left=$(ps -eo pid=,args= | awk -v folder="$folder" -v self=$$ -v test="$test" \
    'index($0, folder) && $1 != self && $1 != test && !/awk/ { print $1 }')
[ -z "$left" ] || kill -9 $left 2>/dev/null
cd / && rm -rf "$folder"
