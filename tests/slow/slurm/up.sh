#!/bin/sh
# A Slurm of two nodes on this host, for root on Debian with slurmctld, slurmd, slurm-client, munge and Open MPI.
set -e
here=$(dirname "$0")
# Slurm's PMIx plug-in opens a name that only the development package brings.
pmix=/usr/lib/$(uname -m)-linux-gnu/pmix2/lib
[ -e "$pmix/libpmix.so" ] || ln -s libpmix.so.2 "$pmix/libpmix.so"
# Slurm looks names and numbers up only as far as some address besides 127.0.0.1 is there; without one it asks for minutes.
if [ -z "$(ip -4 -o address show | grep -v ' 127\.0\.0\.1/')" ]; then
  ip link set lo up
  ip address add 127.0.0.2/8 dev lo
fi
mkdir -p /etc/slurm /var/spool/slurmctld /var/log/slurm /run/munge \
  /var/spool/slurmd-n1 /var/spool/slurmd-n2 /tmp/slurm-n1 /tmp/slurm-n2
rm -f /var/log/slurm/*.log
chown munge:munge /run/munge
cp "$here/slurm.conf" /etc/slurm/slurm.conf
munge -n >/dev/null 2>&1 || runuser -u munge -- /usr/sbin/munged --force
slurmctld
slurmd -N n1
slurmd -N n2
tries=0
until [ "$(timeout 5 sinfo -h -o '%T %D')" = "idle 2" ]; do
  tries=$((tries + 1))
  [ $tries -lt 10 ] || exit 1
  sleep 1
done
# Of a job that uses nothing of ours: where it fails, Slurm is to blame.
timeout --kill-after=5 30 srun --mpi=pmix -N 2 -n 2 true
