#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# impex slurm without a Slurm: what the scripts say, what sbatch would be told, what is refused. And the scripts
# themselves, run by hand: who is put back into the queue, and who is not.
. "$3/tests/suite/lib.sh"
unset SLURM_JOB_ID OMP_NUM_THREADS

# sbatch and its like leave their arguments in the file calls. $scratch/refuse: sbatch refuses what names that word.
mkdir tools
cat >tools/sbatch <<'SH'
#!/bin/sh
echo "sbatch $*" >>"$SCRATCH/calls"
case $* in
*"$(cat "$SCRATCH/refuse" 2>/dev/null || echo nothing)"*) echo 'sbatch: error: not today' >&2; exit 1 ;;
esac
echo "$((40 + $(wc -l <"$SCRATCH/calls")));lab"
SH
cat >tools/scontrol <<'SH'
#!/bin/sh
echo "scontrol $*" >>"$SCRATCH/calls"
[ "$1" != show ] || cat "$SCRATCH/job"
SH
cat >tools/squeue <<'SH'
#!/bin/sh
echo 4102444800
SH
# srun is the program of the job: it does as the file act says.
cat >tools/srun <<'SH'
#!/bin/sh
echo "srun $* end=$SLURM_JOB_END_TIME threads=$OMP_NUM_THREADS ended=$IMPEX_ENDED_JOBS" >>"$SCRATCH/calls"
. "$SCRATCH/act"
SH
chmod +x tools/*
export SCRATCH="$scratch"
with="env PATH=$scratch/tools:$PATH"
slurm="$with $impex slurm $tiny --set output=$scratch/res"

refused() {
    what="refused: $*"
    ends 2 "$what" $slurm "$@"
    [ "$(grep -c '^impex slurm: ' err)" -eq 1 ] && [ "$(grep -vc '^warning\|^tiny: \|^task \|^ ' err)" -eq 1 ] ||
        fail "$what: not one sentence" err
    [ ! -s out ] && [ ! -e res ] && [ ! -e calls ] || fail "$what: something was done" out
}
names() { # TEXT: the last refusal says that
    grep -qF -e "$1" err || fail "$what: lacks '$1'" err
}

refused --nodes 0
names '--nodes 0: a whole number from 1'
refused --ranks-per-node two
refused --nodes 4 --ranks 3
names 'fewer than the 4 nodes'
refused --nodes 2 --ranks-per-node 2 --ranks 5
refused --ranks 32
names '--runs-per-job'
refused --time 1
names 'checkpoint.before_limit'
refused --time soon
refused --time 0
refused --mem lots
refused --mem 1M
names 'of which one needs '
refused --launcher ssh
refused --partition
names 'a value is missing'
refused --account "$(printf 'a\nb')"
refused --sbatch exclusive
refused --frobnicate
refused --threads 2 --set parallel.threads=4
names 'parallel.threads of the suite is 4'
refused --set trainig.epochs=3
refused --set matrix.model=[nowhere]
refused --options nowhere
printf 'partition batch\n' >wrong.options
refused --options wrong.options
names "'partition batch'"
ends 2 'no sbatch' env PATH="$scratch/nowhere" "$impex" slurm "$tiny" --set output=res0 --submit
names 'there is no sbatch'
rm -rf res0

# The dry run: both scripts, valid and as asked for.
cat >cluster.options <<'TEXT'
# a cluster
--partition=slow
--modules openmpi blis

--prolog echo "it's $HOME"
TEXT
good 'dry run' $slurm --nodes 2 --ranks-per-node 2 --threads 3 --time 1-02:00:00 --mem 8G --runs-per-job 2 --max-running 1 \
    --account a --qos q --constraint 'x&y' --job-name 'my job' --sbatch=--exclusive --partition fast \
    --options cluster.options --set training.epochs=3
for line in '--array=1-2%1' '--nodes=2 --ntasks=4 --ntasks-per-node=2 --cpus-per-task=3' '--time=1-02:00:00' '--mem=8G' \
    '--partition=fast' '--account=a' '--qos=q' '--constraint="x&y"' '--job-name="my job"' '--exclusive' \
    '--requeue --open-mode=append --signal=B:USR1@120' '--job-name="my job-report"'; do
    grep -qxF -e "#SBATCH $line" out || fail "dry run: lacks #SBATCH $line" out
done
says 'module load openmpi blis || exit 1'
says "echo \"it's \$HOME\""
says 'srun --ntasks=4 --cpus-per-task=3 --cpu-bind=cores --kill-on-bad-exit=0 --wait=60 --mpi=pmix'
says '--share "$SLURM_ARRAY_TASK_ID/2"'
grep -q 'slow' out && fail 'dry run: the file won over the command line' out
[ ! -e res ] && [ ! -e calls ] || fail 'dry run: something was done'
good 'dry run with mpirun' $slurm --launcher mpirun --ranks-per-node 4 --threads 2 --no-report
says 'mpirun -n 4 --map-by ppr:4:node:PE=2 --bind-to core'
grep -q 'report.sbatch' out && fail '--no-report: there is a report' out

# Written, with names that a shell would take apart.
mkdir "it's here"
good 'written' $slurm --write "it's here/\$x" --set output="it's \"there\""
sh -n "it's here/\$x/runs.sbatch" && sh -n "it's here/\$x/report.sbatch" || fail 'written: no valid shell'
grep -q 'dependency=afterany' err || fail 'written: does not say what to type' err
! command -v shellcheck >/dev/null || shellcheck -s bash -e SC2016 "it's here/\$x/"*.sbatch >check || fail shellcheck check
[ ! -e calls ] || fail '--write: something was started'
echo 'exit 0' >act
good 'what was written' $with bash "it's here/\$x/runs.sbatch"
grep -qF -e "--set output=it's \"there\" --share /4 " calls || fail 'written: the words did not come through' calls
rm calls

# Submitted: the report waits for the array.
good 'submit' $slurm --submit
says 'runs: job array 41'
says 'report: job 42'
[ "$(cat calls)" = "sbatch --parsable $scratch/res/tiny/slurm/runs.sbatch
sbatch --parsable --dependency=afterany:41 $scratch/res/tiny/slurm/report.sbatch" ] || fail 'submit: other calls' calls
echo runs.sbatch >refuse
ends 1 'refused by sbatch' $slurm --submit
warns 'not today'
echo report.sbatch >refuse
ends 1 'report refused by sbatch' $slurm --submit
warns 'the runs are in the queue as job 4'
rm refuse

# --- the script of the runs --------------------------------------------------------------------------------------------
script=res/tiny/slurm/runs.sbatch
export SLURM_JOB_ID=7 SLURM_ARRAY_JOB_ID=5 SLURM_ARRAY_TASK_ID=3 SLURM_CLUSTER_NAME=lab
echo 'JobId=7 JobName=tiny JobState=RUNNING Reason=None Requeue=1 Restarts=0 BatchFlag=1' >job

# job CODE WHAT ACT [SIGNAL]: the script ends with that code when the program acts so; a signal for the script as soon as
# the program has said that it began.
began=': >"$SCRATCH/begun"'
job() {
    wanted=$1 what=$2
    echo "$3" >act
    rm -f calls begun
    cases=$((cases + 1))
    $with bash $script >out 2>err &
    pid=$!
    if [ -n "${4:-}" ]; then
        until [ -e begun ]; do sleep 0.05; done
        kill -$4 $pid
    fi
    wait $pid
    code=$?
    [ $code -eq "$wanted" ] || fail "$what: exit code $code, not $wanted" out err calls
}
requeued() {
    grep -qx 'scontrol requeue 5_3' calls || fail "$what: was not put back" calls out
}
left_alone() {
    grep -q 'requeue' calls && fail "$what: was put back" calls out
}
slow="trap 'exit 75' USR1; $began"'; i=0; while [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done; exit 0'

job 0 'finished' 'exit 0'
left_alone
grep -q "run $tiny --set output=$scratch/res --share 3/4 end=4102444800 threads=1 ended=\$" calls || fail 'other command' calls
job 1 'failed' 'exit 1'
left_alone
job 75 'stopped by itself' 'exit 75'
requeued
job 75 'USR1' "$slow" USR1
requeued
job 138 'USR1 before it listens' "$began; exec sleep 30" USR1
requeued
job 75 'TERM' "$began; sleep 1; exit 75" TERM
left_alone
export SLURM_RESTART_COUNT=2
job 75 'the shadow of a restarted job' 'exit 75'
left_alone
sed -i 's/Restarts=0/Restarts=2/' job
job 75 'the second restart' 'exit 75'
requeued
sed -i 's/=RUNNING/=COMPLETING/' job
job 75 'a job that is being ended' 'exit 75'
left_alone
unset SLURM_RESTART_COUNT
sed -i 's/=COMPLETING/=CANCELLED/' job
printf '{"host": "x", "pid": 1, "job": "17", "cluster": "lab", "restart": 0}' >res/tiny/a.lock
cp res/tiny/a.lock res/tiny/b.lock
sed -i s/17/18/ res/tiny/b.lock
touch -d '1 minute ago' res/tiny/a.lock
job 0 'the lock of an ended job' 'exit 0'
grep -q 'ended= 17$' calls || fail 'the ended job is not named, or one that lives' calls
rm res/tiny/?.lock

# --- the script of the report, and what is left ---------------------------------------------------------------------------
unset SLURM_JOB_ID
report=res/tiny/slurm/report.sbatch
ends 1 'a report of nothing' $with bash $report
says 'missing: miniworld-ex_rm-s0-'
says 'never begun'
says '0 of 4 runs are finished'
good 'share 2' "$impex" run $tiny --set output=res --share 2/4
good 'share 1' "$impex" run $tiny --set output=res --share 1/4
ends 1 'a report of half' $with bash $report
says '2 of 4 runs are finished'
says '2 VALID'
[ -s res/tiny/report/report.md ] || fail 'there is no report.md'
good 'what is left' $slurm --runs-per-job 1
says '#SBATCH --array=3-4'
for share in 3/4 4/4; do good "share $share" "$impex" run $tiny --set output=res --share $share; done
good 'a whole report' $with bash $report
says '4 of 4 runs are finished'
good 'nothing to do' $slurm --submit
grep -q 'every run is finished' err || fail 'nothing to do: not said' err
for share in 0/4 5/4 1 x/y 1/9999999999; do
    ends 2 "share $share" "$impex" run $tiny --set output=res --share $share
done
ends 2 'more shares than runs' "$impex" run $tiny --set output=res --share 1/5
warns '4 runs cannot be cut into 5 shares'

# --- the templates --------------------------------------------------------------------------------------------------------
for template in "$source"/slurm/*.sbatch; do
    bash -n "$template" || fail "$template: no valid shell"
    cases=$((cases + 1))
done
sed 's/^#--/--/' "$source/slurm/cluster.options" >all.options
good 'cluster.options' $slurm --set output=res2 --set matrix.seed=[0,1,2,3] --options all.options --runs-per-job 8
finish 56
