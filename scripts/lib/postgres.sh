# PostgreSQL's programs, with which the tests start servers of their own: from Debian's package, without its server.
# Sourced from the checkout's top folder, after say.sh and packages.sh.

# Installs the package where that asks nobody for anything, or says what is not tested: nothing else needs it.
want_postgres() {
  local as_root=()
  ! has_postgres || return 0
  if command -v apt-get >/dev/null && may_install && say 'installing postgresql (apt-get install -y postgresql)'; then
    ! install_postgres || return 0
  fi
  say 'PostgreSQL is missing: what needs it is not tested. To have it: apt-get install -y postgresql'
}

# Where Debian's packages lie; 15 is the oldest that Keyward runs on.
has_postgres() {
  local program major
  for program in "${postgres_programs:-/usr/lib/postgresql}"/*/bin/initdb; do
    major=${program%/bin/initdb}
    major=${major##*/}
    [ ! -x "$program" ] || [ "$major" -lt 15 ] || return 0
  done
  return 1
}

may_install() {
  [ "$(id -u)" -ne 0 ] || return 0
  command -v sudo >/dev/null && sudo -n true 2>/dev/null && as_root=(sudo)
}

# The package would make a server of its own and start it: told not to, for this once.
install_postgres() {
  local told=${postgres_settings:-/etc/postgresql-common}/createcluster.d/keyward-tests.conf status=0
  "${as_root[@]}" mkdir -p "${told%/*}" &&
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$told" >/dev/null || return
  apt_install postgresql || status=$?
  "${as_root[@]}" rm -f "$told"
  [ "$status" -eq 0 ] && has_postgres
}
