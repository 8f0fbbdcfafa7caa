#!/bin/sh
# A Slurm of two nodes on this host, for root on Debian with slurmctld, slurmd, slurm-client, munge and Open MPI.
set -e
here=$(dirname "$0")
# Slurm's PMIx plug-in opens a name that only the development package brings.
pmix=/usr/lib/$(uname -m)-linux-gnu/pmix2/lib
[ -e "$pmix/libpmix.so" ] || ln -s libpmix.so.2 "$pmix/libpmix.so"
mkdir -p /etc/slurm /var/spool/slurmctld /var/log/slurm /run/munge \
  /var/spool/slurmd-n1 /var/spool/slurmd-n2 /tmp/slurm-n1 /tmp/slurm-n2
chown munge:munge /run/munge
cp "$here/slurm.conf" /etc/slurm/slurm.conf
[ -S /run/munge/munge.socket.2 ] || runuser -u munge -- /usr/sbin/munged
slurmctld
slurmd -N n1
slurmd -N n2
tries=0
until [ "$(sinfo -h -o '%T %D')" = "idle 2" ]; do
  tries=$((tries + 1))
  [ $tries -lt 30 ] || { sinfo; exit 1; }
  sleep 1
done
