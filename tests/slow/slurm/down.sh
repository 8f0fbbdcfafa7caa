#!/bin/sh
# Ends what up.sh started, by its files of process numbers.
for file in /run/slurmd-n1.pid /run/slurmd-n2.pid /run/slurmctld.pid; do
  [ ! -e "$file" ] || kill "$(cat "$file")" || true
done
