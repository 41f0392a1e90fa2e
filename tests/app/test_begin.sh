#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What is looked at before any work: ranks that do not belong together, run another program, command line, data or model
# than their neighbours, or have fewer cores than threads. One sentence, exit code 2, nothing written.
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"
. "$here/suite.sh"
count=${launcher##* } # mpirun's option for a number of ranks
host=$(uname -n)

# refused TEXT WHAT COMMAND...: exit code 2, one message that matches TEXT, no output, nothing written.
refused() {
    text=$1 what=$2
    shift 2
    cases=$((cases + 1))
    "$@" >out 2>err.all </dev/null
    code=$?
    own_words err.all >err
    [ $code -eq 2 ] || fail "$what: exit code $code" err
    grep -qE -e "$text" err || fail "$what: lacks '$text'" err
    [ "$(grep -c '^impex ' err)" -eq 1 ] || fail "$what: not one message" err
    [ ! -s out ] || fail "$what: output" out
    [ ! -e results ] || fail "$what: it left results"
    rm -rf results
}

# --- ranks that do not belong together: a launcher of another library ----------------------------------------------------
foreign='the launcher started 4 processes, but each is alone: .* Use the mpirun of that library'
for command in 'run s.yaml' 'probe' 'score neox pairs.jsonl'; do
    refused "$foreign" "foreign mpirun: $command" env PMI_RANK=0 PMI_SIZE=4 "$impex" $command
done
refused "$foreign" 'srun without PMIx' env SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=4 "$impex" run s.yaml
env SLURM_PROCID=3 SLURM_STEP_NUM_TASKS=4 "$impex" run s.yaml >out 2>err
[ $? -eq 2 ] && [ ! -s err ] && [ ! -e results ] || fail 'srun without PMIx: the fourth process speaks, or works' out err
good 'one process of srun' env SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=1 "$impex" run s.yaml
rm -rf results

# --- ranks that run something else -----------------------------------------------------------------------------------------
cp "$impex" other
printf x >>other
refused "run: the program file is not the same on all ranks: rank 0 on $host has [0-9a-f]{12}, rank 2 on $host has " \
    'another program' $launcher 2 "$impex" run s.yaml : $count 1 ./other run s.yaml
refused 'probe: the program file is not the same' 'another program' $launcher 1 "$impex" probe : $count 1 ./other probe
refused 'run: the command line is not the same on all ranks: .*rank 1 on' 'another command line' \
    $launcher 1 "$impex" run s.yaml : $count 1 "$impex" run s.yaml --set training.epochs=2

mkdir -p a/m b/m c
cp -r neox/. a/m
cp -r neox/. b/m
cp pairs.jsonl a/moved.jsonl
sed 's/yes/YES/' pairs.jsonl >b/moved.jsonl
# each WORKS.. A B: two ranks, each with a value of its own for the variable.
each() {
    variable=$1 one=$2 two=$3
    shift 3
    $launcher 1 env "$variable=$scratch/$one" "$impex" "$@" : $count 1 env "$variable=$scratch/$two" "$impex" "$@"
}
moved='run s.yaml --set data.train.path=moved.jsonl'
good 'equal data in two places' each IMPEX_DATA a a $moved
rm -rf results
refused "run: the data for neox is not the same on all ranks: .*rank 1 on $host" 'other data' each IMPEX_DATA a b $moved
refused "moved.jsonl.*\(on rank 1, host $host; 1 of 2 ranks found nothing wrong\)" 'data on one rank only' \
    each IMPEX_DATA a c $moved
cp stories/*.safetensors stories/config.json b/m/
refused 'run: the model m is not the same on all ranks: ' 'another model' \
    each IMPEX_MODELS a b run s.yaml --set 'matrix.model=[m]'

# --- processors -------------------------------------------------------------------------------------------------------------
unset OMP_NUM_THREADS # nproc believes it
cores=$(nproc)
if [ "$cores" -lt 2 ] || ! command -v taskset >/dev/null; then
    echo "one core, or no taskset: processors are not tried"
    finish 13
fi
export IMPEX_OVERSUBSCRIBE=0
core=$(taskset -pc $$ | sed 's/.*: *//; s/[,-].*//')

refused "rank 0 on $host has 2 threads, but was bound to 1 of [0-9]+ cores: .*cpus-per-task 2.*OMP_NUM_THREADS=1; " \
    'bound to one core' env OMP_NUM_THREADS=2 taskset -c "$core" "$impex" run s.yaml
refused "rank 0 has 4000 threads, but $host has [0-9]+ cores: set OMP_NUM_THREADS or parallel.threads to [0-9]+ or fewer; " \
    'too many threads' "$impex" run s.yaml --set parallel.threads=4000
pinned="2 ranks of 2 threads in all on $host were bound to the same 1 of its [0-9]+ cores: "
refused "impex run: $pinned" 'all ranks on one core' taskset -c "$core" $launcher 2 "$impex" run s.yaml
refused "impex probe: $pinned" 'all ranks on one core' taskset -c "$core" $launcher 2 "$impex" probe
bound=$($launcher 2 --bind-to core nproc 2>/dev/null | head -n 1)
if [ -n "$bound" ] && [ "$bound" -lt "$cores" ]; then
    refused "rank 0 on $host has $cores threads, but was bound to $bound of " 'mpirun bound the ranks' \
        env OMP_NUM_THREADS="$cores" $launcher 2 --bind-to core "$impex" run s.yaml
    good 'mpirun bound the ranks, one thread each' $launcher 2 --bind-to core "$impex" run s.yaml
    grep -q 'share its' err && fail 'bound, one thread each: it complains' err
    rm -rf results
fi
good 'it insists' env IMPEX_OVERSUBSCRIBE=1 OMP_NUM_THREADS=2 taskset -c "$core" $launcher 2 "$impex" run s.yaml
rm -rf results
good 'ranks that share all cores' env OMP_NUM_THREADS="$cores" $launcher 2 "$impex" run s.yaml
[ "$(grep -c "^$host: $((2 * cores)) threads of all ranks share its $cores cores" err)" -eq 1 ] ||
    fail 'ranks that share all cores: no note' err
finish 19
