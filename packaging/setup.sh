# The set-up that ./run and ./test share: packages, tool servers, build. Sourced by bash, not run.
# Says and does nothing where everything is there already, and needs no network then.
#
# REQUIRES: weir_root is the absolute path of the source tree, and `set -euo pipefail` holds.

weir_build_dir="$weir_root/build"
weir_tools_dir="$weir_build_dir/tools"

weir_say() { printf 'weir: %s\n' "$*" >&2; }
weir_die() {
  weir_say "$*"
  exit 1
}

# ---- packages ------------------------------------------------------------------------------------

# The Python that has pytest and xdist: Debian's own before another one that stands earlier on the PATH.
weir_python() {
  local python
  for python in /usr/bin/python3 python3; do
    if "$python" -c 'import pytest, xdist' 2>/dev/null; then
      echo "$python"
      return 0
    fi
  done
  return 1
}

weir_package_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]
}

# weir_is_there PROBE PACKAGES (separated by "/")
weir_is_there() {
  local package
  case "$1" in
    command:*) command -v "${1#*:}" >/dev/null && return 0 ;;
    pkgconfig:*) pkg-config --exists "${1#*:}" 2>/dev/null && return 0 ;;
    python:*) weir_python >/dev/null && return 0 ;;
  esac
  for package in ${2//\// }; do
    weir_package_installed "$package" && return 0
  done
  return 1
}

# The lines "PACKAGES|why" of what is missing, for the groups named.
weir_missing_packages() {
  local group packages probe why
  while IFS='|' read -r group packages probe why; do
    read -r group <<<"$group"
    read -r packages <<<"$packages"
    read -r probe <<<"$probe"
    read -r why <<<"$why"
    case " $* " in *" $group "*) ;; *) continue ;; esac
    weir_is_there "$probe" "$packages" || echo "$packages|$why"
  done < <(grep -v '^\s*\(#\|$\)' "$weir_root/packaging/packages.txt")
}

# Runs a command as root.
weir_as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

weir_apt_knows() {
  [ -n "$(apt-cache madison "$1" 2>/dev/null)" ]
}

# weir_install_packages GROUP...
weir_install_packages() {
  local missing packages why names=()
  missing="$(weir_missing_packages "$@")"
  [ -n "$missing" ] || return 0
  if ! command -v apt-get >/dev/null; then
    weir_say "this set-up knows apt alone, and there is no apt-get here. What it would install on Debian 12:"
    while IFS='|' read -r packages why; do printf '  %-28s %s\n' "${packages%%/*}" "$why" >&2; done <<<"$missing"
    weir_die "install the like of it and start again; docs/install.md has more"
  fi

  weir_say "these packages are missing:"
  while IFS='|' read -r packages why; do
    printf '  %-28s %s\n' "${packages%%/*}" "$why" >&2
    names+=("${packages%%/*}")
  done <<<"$missing"
  if [ "$(id -u)" != 0 ]; then
    local command="apt-get install --no-install-recommends ${names[*]}"
    command -v sudo >/dev/null ||
      weir_die "installing them needs root, and there is no sudo here. As root: apt-get update && $command"
    [ -t 0 ] || sudo -n true 2>/dev/null ||
      weir_die "installing them needs root, and sudo wants a password, which can not be asked for here. Run: sudo apt-get update && sudo $command"
  fi

  weir_say "installing them with apt-get (nothing else on this machine is changed)"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  weir_as_root "${apt[@]}" update -q ||
    weir_say "apt-get update had errors (above); going on with what apt knows"
  names=()
  while IFS='|' read -r packages why; do
    local package chosen=""
    for package in ${packages//\// }; do
      [ -z "$chosen" ] && weir_apt_knows "$package" && chosen="$package"
    done
    [ -n "$chosen" ] || weir_die "apt knows no package ${packages//\// or }, which $why: this distribution does not have it, or its package sources lack a section (Ubuntu: universe). docs/install.md says which distributions have what"
    names+=("$chosen")
  done <<<"$missing"
  weir_as_root "${apt[@]}" install -q -y --no-install-recommends "${names[@]}" ||
    weir_die "apt-get could not install: ${names[*]} (its reasons stand above)"
}

# ---- tool servers --------------------------------------------------------------------------------
# nats-server, prometheus and the like, out of the distribution's packages but not installed:
# installed, they would enable services on this machine.

# Debian's package of a tool.
weir_tool_package() {
  case "$1" in
    promtool) echo prometheus ;;
    node_exporter) echo prometheus-node-exporter ;;
    pushgateway) echo prometheus-pushgateway ;;
    *) echo "$1" ;;
  esac
}

# weir_apt_download PACKAGE FOLDER
weir_apt_download() {
  local package="$1" folder="$2" options=()
  # Root's own folders are closed to the user _apt that would download.
  [ "$(id -u)" != 0 ] || options+=(-o APT::Sandbox::User=root)
  (cd "$folder" && apt-get "${options[@]}" download -q "$package" >download.log 2>&1) && return 0
  # apt's lists are empty or old. Lists of our own need no root and change nothing of the system's.
  local lists="$weir_tools_dir/.apt"
  mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
  # An option value with a space in it would not survive: apt reads these from a file.
  cat >"$lists/apt.conf" <<CONF
Dir::State::Lists "$lists/lists";
Dir::Cache "$lists/cache";
CONF
  (cd "$folder" && export APT_CONFIG="$lists/apt.conf" &&
    { apt-get "${options[@]}" update -q || true; } &&
    apt-get "${options[@]}" download -q "$package") >"$folder/download.log" 2>&1
}

# weir_fetch_tools TOOL...: build/tools/bin/TOOL is there afterwards.
weir_fetch_tools() {
  local tool package found download
  mkdir -p "$weir_tools_dir/bin"
  for tool in "$@"; do
    [ -x "$weir_tools_dir/bin/$tool" ] && continue
    package="$(weir_tool_package "$tool")"
    if [ ! -e "$weir_tools_dir/.unpacked-$package" ]; then
      if ! command -v apt-get >/dev/null || ! command -v dpkg >/dev/null; then
        found="$(command -v "$tool" || true)"
        [ -n "$found" ] || weir_die "cannot fetch $tool: there is no apt-get here, and no $tool on the PATH"
        ln -sfn "$found" "$weir_tools_dir/bin/$tool"
        continue
      fi
      weir_say "fetching $package (unpacked below build/tools, not installed)"
      download="$(mktemp -d "$weir_tools_dir/.download.XXXXXX")"
      if weir_apt_download "$package" "$download" && dpkg -x "$download"/*.deb "$weir_tools_dir"; then
        : >"$weir_tools_dir/.unpacked-$package"
        rm -rf "$download"
      else
        found="$(command -v "$tool" || true)"
        if [ -z "$found" ]; then
          sed 's/^/  /' "$download/download.log" >&2
          rm -rf "$download"
          weir_die "cannot fetch $package (the reason stands above). A $tool on the PATH would serve as well; docs/install.md says which distributions have it"
        fi
        rm -rf "$download"
        weir_say "cannot fetch $package; using $found"
        ln -sfn "$found" "$weir_tools_dir/bin/$tool"
        continue
      fi
    fi
    for found in "usr/bin/$package" "usr/sbin/$package" "usr/bin/$tool" "usr/sbin/$tool"; do
      # A later name wins: promtool stands beside prometheus in one package.
      [ -x "$weir_tools_dir/$found" ] && ln -sfn "../$found" "$weir_tools_dir/bin/$tool"
    done
    [ -x "$weir_tools_dir/bin/$tool" ] || weir_die "the package $package holds no program $tool"
  done
}

# ---- build ---------------------------------------------------------------------------------------

# As many jobs as processors, but a GiB of memory for each: Beast and sanitizers want it.
weir_jobs() {
  local processors memory_gib
  processors="$(nproc)"
  memory_gib="$(awk '/^MemAvailable:/ {print int($2 / 1048576)}' /proc/meminfo)"
  [ "${memory_gib:-1}" -ge 1 ] || memory_gib=1
  echo $((processors < memory_gib ? processors : memory_gib))
}

# weir_configure PRESET: brings build/PRESET in order, afresh if it belongs to another place.
weir_configure() {
  local preset="$1" folder="$weir_build_dir/$1" log="$weir_build_dir/$1-configure.log" home
  mkdir -p "$weir_build_dir"
  if [ -f "$folder/CMakeCache.txt" ]; then
    home="$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$folder/CMakeCache.txt")"
    if [ "$home" != "$weir_root" ]; then
      weir_say "build/$preset was made for $home: building it afresh"
      rm -rf "$folder"
    fi
  fi
  (cd "$weir_root" && cmake --preset "$preset") >"$log" 2>&1 && return 0
  if [ -e "$folder/CMakeCache.txt" ]; then
    # What an old cache remembers (a compiler, a library) may be gone since.
    rm -rf "$folder"
    (cd "$weir_root" && cmake --preset "$preset") >"$log" 2>&1 && return 0
  fi
  cat "$log" >&2
  weir_die "cannot configure the build (preset $preset; the reason stands above)"
}

# weir_build PRESET [TARGET...]: silent when nothing is to be done, else shows how far it is.
weir_build() {
  local preset="$1"
  shift
  # The compiler cache looks at paths from here on, so that another clone finds what this one compiled.
  export CCACHE_BASEDIR="$weir_root" CCACHE_NOHASHDIR=1
  weir_configure "$preset"
  NINJA_STATUS='[%f/%t %es] ' ninja -C "$weir_build_dir/$preset" -j "$(weir_jobs)" "$@" |
    weir_build_progress "$preset" "$([ -t 2 ] && echo 1)" >&2
}

# On a terminal the steps take turns in one line; what the compiler says stays.
# (Not in awk: Debian's would hold its input back until a block is full.)
weir_build_progress() {
  local preset="$1" terminal="$2" width=$((${COLUMNS:-80} - 1)) begun="" in_step="" line
  while IFS= read -r line; do
    case "$line" in
      'ninja: Entering directory'* | 'ninja: no work to do'* | *'Re-checking globbed'* | *'Re-running CMake'* | '-- '*)
        continue
        ;;
    esac
    [ -n "$begun" ] || weir_say "building ($preset)"
    begun=1
    if [ -n "$terminal" ] && [[ "$line" == \[+([0-9])/* ]]; then
      printf '\r\033[K%s' "${line:0:width}"
      in_step=1
    else
      [ -z "$in_step" ] || echo
      in_step=""
      printf '%s\n' "$line"
    fi
  done
  [ -z "$in_step" ] || echo
}
