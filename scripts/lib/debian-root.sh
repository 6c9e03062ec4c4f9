# A fresh Debian 12 in a folder, for scripts that try what is shipped. As root, with debootstrap. Uses say.sh.

# debian_root <name> [packages…]: unpacks it into the new folder $root. The system is kept under node_modules/.cache/debian.
debian_root() {
  local base=node_modules/.cache/debian/$1.tar fresh
  shift
  [ "$(id -u)" -eq 0 ] || stop 'run this as root: it makes a chroot'
  command -v debootstrap >/dev/null || stop 'debootstrap is missing. Run: apt-get install -y debootstrap'
  if [ ! -e "$base" ]; then
    say "fetching Debian 12 (debootstrap ${*:-without further packages})"
    fresh=$(mktemp -d)
    quietly debootstrap --variant=minbase ${*:+"--include=$(IFS=,; echo "$*")"} bookworm "$fresh"
    mkdir -p "$(dirname "$base")"
    tar -C "$fresh" --one-file-system -cf "$base.part" . && mv "$base.part" "$base"
    rm -rf --one-file-system "$fresh"
  fi
  root=$(mktemp -d)
  tar -C "$root" -xf "$base"
  chmod 755 "$root"
  mount -t proc proc "$root/proc"
  for device in null zero full random urandom; do [ -e "$root/dev/$device" ] || cp -a "/dev/$device" "$root/dev/"; done
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # As in Debian's own images: nothing here outlives the script.
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
}

remove_debian_root() {
  umount "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C "$@"; }
