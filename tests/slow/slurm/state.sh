#!/bin/sh
# What a Slurm of up.sh knows of its jobs and nodes, what runs here, and the last lines of its logs.
for asked in "squeue --long" "scontrol show jobs" "scontrol show nodes"; do
  timeout 5 $asked 2>&1
done
ps -eo pid,ppid,pgid,user,stat,wchan:24,etimes,args --forest | grep -v ' \[.*\]$' | cut -c 1-200
ip -o address show
hostname
cat /etc/hosts
for log in /var/log/slurm/*.log; do
  echo "== $log"
  tail -n 40 "$log"
done
