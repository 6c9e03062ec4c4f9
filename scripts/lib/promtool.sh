# promtool, which checks the alert rules: it comes with Debian's package of Prometheus, and nothing of it is installed.
# Sourced from the checkout's top folder, after say.sh and packages.sh.

# A folder of its own, so that no service comes with it and nobody has to be root.
promtool_cache=$PWD/node_modules/.cache/promtool

# Puts promtool on PATH, or says why the rules stay unchecked: nothing else needs it.
want_promtool() {
  PATH=$PATH:$promtool_cache
  have promtool && return
  if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
    say 'promtool is missing: the alert rules are not checked. It comes with Prometheus.'
  elif say 'fetching promtool (apt-get download prometheus)' && ! quietly fetch_promtool; then
    say 'promtool could not be fetched: the alert rules are not checked. To have it: apt-get install -y prometheus'
  fi
}

# Step by step: a failure in what `quietly` runs does not end it by itself.
fetch_promtool() (
  mkdir -p "$promtool_cache" && folder=$(mktemp -d "$promtool_cache/fetch.XXXXXX") || exit
  trap 'rm -rf "$folder"' EXIT
  cd "$folder" &&
    { download_prometheus || { own_lists && download_prometheus; }; } &&
    dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool &&
    mv usr/bin/promtool "$promtool_cache/promtool"
)

# What apt knows of the machine is left as it is: lists that are missing are fetched into this folder.
own_lists() {
  mkdir -p lists/partial cache/archives/partial || return
  apt_options=(-o "Dir::State::lists=$PWD/lists" -o "Dir::Cache=$PWD/cache")
  apt-get "${apt_options[@]}" -q update
}

apt_options=()
download_prometheus() { apt-get "${apt_options[@]}" -q download prometheus; }
