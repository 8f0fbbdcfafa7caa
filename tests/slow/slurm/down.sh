#!/bin/sh
# Ends what up.sh started, by its files of process numbers, and forgets its jobs.
timeout 5 scancel --user=root --quiet || true
for file in /run/slurmd-n1.pid /run/slurmd-n2.pid /run/slurmctld.pid; do
  [ ! -e "$file" ] || kill "$(cat "$file")" || true
done
tries=0
while pgrep -x slurmctld >/dev/null || pgrep -x slurmd >/dev/null; do
  tries=$((tries + 1))
  [ $tries -lt 20 ] || { pkill -KILL -x slurmctld || true; pkill -KILL -x slurmd || true; }
  [ $tries -lt 25 ] || break
  sleep 0.5
done
rm -rf /var/spool/slurmctld/* /var/spool/slurmd-n1/* /var/spool/slurmd-n2/* /tmp/slurm-n1 /tmp/slurm-n2
