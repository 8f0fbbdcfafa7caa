#!/bin/sh
# Installs what the slow tier needs of Debian's packages: a browser with SwiftShader beside it, Mesa's driver, two MPI
# libraries, a batch system, a BLAS, and the Python that peers and fixtures are held against:
#   sh tasks/install_test_packages.sh
# What cannot be installed ends it, with the line to run by hand: no test is left out for want of a package.
set -eu

missing() {
  for package in \
    chromium mesa-vulkan-drivers libvulkan1 \
    openmpi-bin mpich slurmctld slurmd slurm-client munge \
    libopenblas0-pthread python3 python3-numpy python3-sklearn python3-torch; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || printf ' %s' "$package"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $1 >/dev/null 2>&1
}

packages=$(missing)
[ -n "$packages" ] || exit 0
printf 'installing%s by apt-get\n' "$packages"
install "$packages" || { as_root apt-get update -q >/dev/null 2>&1 && install "$packages"; } || true
packages=$(missing)
[ -z "$packages" ] && exit 0
printf 'The slow tier needs Debian packages that could not be installed; as root, run:\n  apt-get install -y%s\n' "$packages" >&2
exit 1
