#!/bin/sh
# What a Slurm of up.sh knows of its jobs and nodes, and the last lines of its logs.
squeue --long
scontrol show jobs
scontrol show nodes
for log in /var/log/slurm/*.log; do
  echo "== $log"
  tail -n 40 "$log"
done
