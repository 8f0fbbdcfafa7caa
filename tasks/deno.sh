#!/bin/sh
# Becomes `deno "$@"`, on a machine that may have neither Deno nor a Vulkan driver:
#   sh tasks/deno.sh task train
# Deno: one on PATH of at least the pinned version, else the pinned one in the project's .deno/, fetched once and
# checked against the sums below. Vulkan driver: seen to only where it is needed (tests, `--device gpu`,
# `doctor --install`); one that is there is left alone, else Debian's software driver where apt-get may be used. What
# cannot be had is said in a line on stderr. A rank of a cluster's job installs nothing.
set -eu

version=2.9.6
project=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
home=$project/.deno

say() { printf 'set-up: %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }

# Started by mpirun or srun, side by side with others of its kind: all of them would install the same.
under_launcher() {
  [ -n "${OMPI_COMM_WORLD_SIZE:-}${PMI_SIZE:-}${PMIX_RANK:-}${SLURM_STEP_NUM_TASKS:-}" ]
}

# wants_gpu ARG…: whether these arguments of Deno are a command that cannot do without a Vulkan driver.
wants_gpu() {
  [ "${DBKSVD_DEVICE:-}" = gpu ] && return 0
  before=
  doctor=
  for argument in "$@"; do
    case "$before $argument" in
    "task test" | "task test:slow" | "task ok" | "--device gpu") return 0 ;;
    esac
    case "$argument" in
    test | --device=gpu) return 0 ;;
    doctor) doctor=1 ;;
    --install) [ -z "$doctor" ] || return 0 ;;
    esac
    before=$argument
  done
  return 1
}

# The official archive's SHA-256 and, where npm carries a copy that was checked, the SHA-256 of the program inside.
pins() {
  program_sum=
  npm_package=
  case "$(uname -s)-$(uname -m)" in
  Linux-x86_64 | Linux-amd64)
    target=x86_64-unknown-linux-gnu
    archive_sum=394f07f4da2bebe6ce6f1e7ce0fa16429b29b08c35e3fac3fe25972676dff4b2
    program_sum=bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0
    npm_package=@deno/linux-x64-glibc
    ;;
  Linux-aarch64 | Linux-arm64)
    target=aarch64-unknown-linux-gnu
    archive_sum=9a46afc6c392c7cd2ff71a31558935545b46408d0e87f7a86908c712721c046e
    ;;
  Darwin-arm64)
    target=aarch64-apple-darwin
    archive_sum=213a2f304f04d3c9cb5220669afad138f60a5aab1fe80962abdeb8f35807a472
    ;;
  Darwin-x86_64)
    target=x86_64-apple-darwin
    archive_sum=7d4524b82bcc557fe020a1a5b56956ed42b992ae5b28026e8ad5d17329533f5f
    ;;
  *)
    return 1
    ;;
  esac
}

sum_of() {
  if have sha256sum; then sha256sum "$1"; else shasum -a 256 "$1"; fi | cut -d ' ' -f 1
}

# recent_enough PROGRAM: whether it is a Deno of at least the pinned version.
recent_enough() {
  found=$("$1" --version 2>/dev/null | sed -n 's/^deno \([0-9]*\.[0-9]*\.[0-9]*\).*/\1/p')
  [ -n "$found" ] || return 1
  printf '%s\n%s\n' "$version" "$found" |
    sort -t . -k 1,1n -k 2,2n -k 3,3n | head -n 1 | grep -qxF "$version"
}

download() {
  if have curl; then
    curl --fail --silent --show-error --location --connect-timeout 10 --output "$2" "$1"
  elif have wget; then
    wget --quiet --timeout=10 --tries=2 --output-document="$2" "$1"
  else
    return 1
  fi
}

unpack() {
  if have unzip; then
    unzip -q -o "$1" -d "$2"
  elif have python3; then
    python3 -m zipfile -e "$1" "$2"
  else
    return 1
  fi
}

from_official_archive() {
  download "https://dl.deno.land/release/v$version/deno-$target.zip" "$1/deno.zip" 2>/dev/null || return 1
  if [ "$(sum_of "$1/deno.zip")" != "$archive_sum" ]; then
    say "the downloaded Deno archive has another checksum than the pinned one: not used"
    return 1
  fi
  unpack "$1/deno.zip" "$1"
}

from_npm() {
  [ -n "$npm_package" ] && have npm || return 1
  (cd "$1" && npm pack --silent "$npm_package@$version" >/dev/null 2>&1 && tar xzf ./*.tgz) || return 1
  mv "$1/package/deno" "$1/deno"
  if [ "$(sum_of "$1/deno")" != "$program_sum" ]; then
    say "npm's copy of Deno has another checksum than the pinned one: not used"
    return 1
  fi
}

install_deno() {
  if ! pins; then
    say "no Deno is pinned for $(uname -s) on $(uname -m): install Deno $version or newer (https://docs.deno.com/runtime)"
    exit 1
  fi
  if ! mkdir -p "$home" 2>/dev/null || [ ! -w "$home" ]; then
    say "$home cannot be written: install Deno $version or newer, or make it writable"
    exit 1
  fi
  work=$(mktemp -d "$home/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT INT TERM
  if under_launcher; then
    say "no Deno on this machine, and a rank of a parallel job installs none: run 'sh tasks/deno.sh --version' once first"
    exit 1
  fi
  say "fetching Deno $version (about 45 MB) into $home"
  if ! from_official_archive "$work" && ! from_npm "$work"; then
    say "Deno $version could not be fetched: install it (https://docs.deno.com/runtime), or curl and unzip, or npm"
    exit 1
  fi
  chmod 755 "$work/deno"
  mv "$work/deno" "$home/deno"
  rm -rf "$work"
  trap - EXIT INT TERM
}

has_loader() {
  { ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null; } | grep -q 'libvulkan\.so\.1'
}

has_driver() {
  [ -n "${VK_DRIVER_FILES:-}${VK_ICD_FILENAMES:-}" ] && return 0
  for manifest in /usr/share/vulkan/icd.d/*.json /usr/local/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json; do
    [ -e "$manifest" ] && return 0
  done
  # NVIDIA's container image keeps its manifest where the loader does not look.
  manifest=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
  [ -e "$manifest" ] && export VK_DRIVER_FILES=$manifest
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null 2>&1
}

see_to_driver() {
  [ "$(uname -s)" = Linux ] || return 0
  packages=
  has_driver || packages=mesa-vulkan-drivers
  has_loader || packages="$packages libvulkan1"
  [ -n "$packages" ] || return 0
  missing="no Vulkan driver: install your GPU's, or for tests Debian's software driver: \
apt-get install mesa-vulkan-drivers libvulkan1"
  if [ -e "$home/driver-failed" ] || ! have apt-get ||
    { [ "$(id -u)" != 0 ] && ! { have sudo && sudo -n true 2>/dev/null; }; }; then
    say "$missing"
    return 0
  fi
  say "installing$(printf ' %s' $packages) by apt-get"
  # shellcheck disable=SC2086
  if ! install_packages $packages; then
    as_root apt-get update -q >/dev/null 2>&1 || true
    # shellcheck disable=SC2086
    install_packages $packages || {
      mkdir -p "$home" 2>/dev/null && : >"$home/driver-failed" || true
      say "$missing (apt-get failed; remove $home/driver-failed to let it try again)"
    }
  fi
}

deno=$home/deno
if have deno && recent_enough "$(command -v deno)"; then
  deno=$(command -v deno)
elif ! [ -x "$deno" ] || ! recent_enough "$deno"; then
  install_deno
fi
if ! under_launcher && wants_gpu "$@"; then see_to_driver; fi
# Mesa's loader complains without a runtime directory.
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}"
export DENO_NO_UPDATE_CHECK=1
# An account without a home of its own keeps Deno's cache in the project.
if [ -z "${DENO_DIR:-}" ] && ! [ -w "${HOME:-/nonexistent}" ]; then
  export DENO_DIR="$home/cache"
fi
exec "$deno" "$@"
