#!/usr/bin/env bash
# A whole Slurm in one folder, with two nodes that are both this machine; needs Debian's slurm-wlm and munge.
#
#   slurm.sh start FOLDER    prints the SLURM_CONF to use; squeue, sbatch, srun and scontrol then speak to it
#   slurm.sh stop FOLDER
#   slurm.sh node-down FOLDER NAME, slurm.sh node-up FOLDER NAME     a node that dies, one that comes back
#
# JAX looks for process 0 at the first node of a job, so that one bears this machine's name; the other is called the same and x.
set -euo pipefail
act=$1 folder=$(realpath -m "$2") node=${3:-}
export SLURM_CONF=$folder/slurm.conf
PATH=$PATH:/usr/sbin
host=$(hostname -s)
nodes=("$host" "${host}x")

kill_by() { [ ! -s "$1" ] || kill "-${2:-TERM}" "$(cat "$1")" 2> /dev/null || true; }

start_node() { slurmd -N "$1" -f "$SLURM_CONF" -L "$folder/slurmd-$1.log" > /dev/null 2>&1; }

case $act in
  start)
    mkdir -p "$folder"/{state,munge,spool}
    chmod 755 "$folder/munge"
    head -c 128 /dev/urandom > "$folder/munge.key"
    chmod 600 "$folder/munge.key"
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge/socket" --num-threads=2 \
      --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munged.seed"
    base=$((20000 + $$ % 20000))
    cores=$(nproc --all)
    cat > "$SLURM_CONF" << END
ClusterName=identikit
SlurmctldHost=$host
SlurmctldAddr=127.0.0.1
SlurmctldPort=$base
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
AuthInfo=socket=$folder/munge/socket,cred_expire=5
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmctldTimeout=10
SlurmdTimeout=10
InactiveLimit=0
KillWait=10
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=1
NodeName=$host NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + 1)) CPUs=$cores State=UNKNOWN
NodeName=${host}x NodeHostname=$host NodeAddr=127.0.0.1 Port=$((base + 2)) CPUs=$cores State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE OverSubscribe=NO State=UP
END
    slurmctld -f "$SLURM_CONF" -c
    for node in "${nodes[@]}"; do start_node "$node"; done
    for _ in $(seq 60); do  # until both nodes wait for work
      [ "$(sinfo --noheader --states=idle --format=%D 2> /dev/null | paste -sd+ | bc 2> /dev/null || true)" = 2 ] && break
      sleep 0.5
    done
    echo "$SLURM_CONF"
    ;;
  stop)
    scancel --state=PENDING --quiet 2> /dev/null || true
    for node in "${nodes[@]}"; do kill_by "$folder/slurmd-$node.pid"; done
    kill_by "$folder/slurmctld.pid"
    sleep 1
    kill_by "$folder/munged.pid"
    ;;
  node-down) # as if the machine had lost its power: its daemon and everything that it runs
    daemon=$(cat "$folder/slurmd-$node.pid")
    kill -KILL "$daemon"
    for step in $(pgrep -f "slurmstepd.*\[" || true); do
      grep -qz "SLURMD_NODENAME=$node" "/proc/$step/environ" 2> /dev/null && kill -KILL "$step" || true
    done
    for process in $(pgrep -f "launch.study" || true); do
      grep -qz "SLURMD_NODENAME=$node" "/proc/$process/environ" 2> /dev/null && kill -KILL "$process" || true
    done
    scontrol update "nodename=$node" state=down reason="power lost"
    ;;
  node-up)
    start_node "$node"
    for _ in $(seq 100); do # the controller may take it back by itself, and then refuses to be told
      scontrol update "nodename=$node" state=resume 2> /dev/null || true
      [[ $(sinfo --noheader --nodes="$node" --format=%T) == idle ]] && exit 0
      sleep 0.1
    done
    echo "error: node $node is $(sinfo --noheader --nodes="$node" --format=%T), not idle" >&2
    exit 1
    ;;
  *)
    echo "error: slurm.sh start|stop|node-down|node-up FOLDER [NODE]" >&2
    exit 2
    ;;
esac
