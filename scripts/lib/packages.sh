# System packages: installed on Debian, named with the exact command elsewhere. Uses say.sh.

# Prints the path of the SoftHSM module, if it is there.
softhsm_module() {
  local path
  while read -r path; do
    if [ -e "$path" ]; then
      printf '%s\n' "$path"
      return
    fi
  done <softhsm/modules
  return 1
}

# Installs those of the named Debian packages whose tool is missing.
need_packages() {
  local package missing=()
  for package in "$@"; do
    have "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] || install "${missing[@]}"
}

have() {
  case $1 in
    softhsm2) softhsm_module >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

install() {
  command -v apt-get >/dev/null || stop "missing: $*. Install with: $(install_command "$@")" 'Then run this again.'
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || stop "missing: $*. As root, run: apt-get install -y $*" 'Then run this again.'
    as_root=(sudo)
  fi
  say "installing $* (${as_root[*]:+sudo }apt-get install -y $*)"
  apt_install "$@" || stop "could not install $*. Run: ${as_root[*]:+sudo }apt-get update && ${as_root[*]:+sudo }apt-get install -y $*"
}

# The package lists are fetched only when they do not know a package, or know one that has gone.
apt_install() {
  if apt-cache show "$@" >/dev/null 2>&1 && quietly apt install "$@" 2>/dev/null; then return; fi
  quietly apt update && quietly apt install "$@"
}

apt() {
  local verb=$1
  shift
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "$verb" -y -q "$@"
}

install_command() {
  if command -v dnf >/dev/null; then
    echo "sudo dnf install $(renamed softhsm gcc-c++ python3 "$@")"
  elif command -v pacman >/dev/null; then
    echo "sudo pacman -S $(renamed softhsm gcc python "$@")"
  elif command -v apk >/dev/null; then
    echo "apk add $(renamed softhsm g++ python3 "$@")"
  elif command -v brew >/dev/null; then
    echo "brew install $(renamed softhsm gcc python3 "$@")"
  else
    echo "your package manager (on Debian: apt-get install -y $*)"
  fi
}

# renamed <name of softhsm2> <name of g++> <name of python3> <Debian names…>
renamed() {
  local softhsm=$1 compiler=$2 python=$3 package names=()
  shift 3
  for package in "$@"; do
    case $package in
      softhsm2) names+=("$softhsm") ;;
      g++) names+=("$compiler") ;;
      python3) names+=("$python") ;;
      *) names+=("$package") ;;
    esac
  done
  echo "${names[*]}"
}
