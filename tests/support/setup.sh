# What tests/run provides: sourced by it, not run.
# Each function either provides something or says loudly what is skipped and goes on.

cache=${LOOPTRACE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/looptrace-tests}
sid=$cache/sid
sid_usable=false
mkdir -p "$cache"
skipped=()

step() { printf '\n== %s\n' "$*"; }

skip() {
    skipped+=("$*")
    printf '!! SKIPPED: %s\n' "$*" >&2
}

is_root() { [ "$(id -u)" = 0 ]; }

# The packages given that are not installed yet.
install_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} = 0 ] && return 0
    is_root && command -v apt-get >/dev/null || return 1
    echo "installing ${missing[*]}"
    apt-get update -qq || true
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

provide_toolchain() {
    if ! command -v cargo >/dev/null && [ -x "$HOME/.cargo/bin/cargo" ]; then
        PATH=$HOME/.cargo/bin:$PATH
    fi
    if ! command -v cargo >/dev/null; then
        echo "tests/run: no cargo. Install Rust $(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)" \
            "or newer with rustfmt and clippy (https://rustup.rs), then run this again." >&2
        exit 1
    fi
    if ! command -v cc >/dev/null; then
        install_packages gcc libc6-dev || { echo "tests/run: no C compiler to link with" >&2; exit 1; }
    fi
    cargo --version
}

# A virtual display and software rendering, for the one test of the viewer that opens a real window;
# all others draw without.
provide_viewer() {
    if ! install_packages xvfb libgl1 libegl1 libgl1-mesa-dri libxkbcommon-x11-0 libx11-xcb1 \
        libxcursor1 libxi6 libxrandr2; then
        skip "the viewer in a real window: Xvfb and OpenGL could not be installed"
    fi
}

# Debian sid with Python 3.13, 3.14 and 3.15, entered with chroot.
provide_sid() {
    if ! is_root; then
        skip "Python 3.13-3.15 from Debian sid: entering it needs root (chroot)"
        return 0
    fi
    if [ ! -e "$sid/.complete" ]; then
        if ! command -v debootstrap >/dev/null && ! install_packages debootstrap; then
            skip "Python 3.13-3.15 from Debian sid: no debootstrap, and it could not be installed"
            return 0
        fi
        echo "fetching Debian sid with Python 3.13-3.15 into $sid"
        unmount_sid
        rm -rf "$sid"
        if ! debootstrap --variant=minbase --include=python3.13,python3.14,python3.15 \
            sid "$sid" >"$cache/debootstrap.log" 2>&1; then
            tail -n 5 "$cache/debootstrap.log" >&2
            skip "Python 3.13-3.15 from Debian sid: debootstrap failed ($cache/debootstrap.log)"
            return 0
        fi
        touch "$sid/.complete"
    fi
    if ! mountpoint -q "$sid/proc" && ! mount_in_sid proc -t proc proc; then
        echo "note: /proc could not be mounted in $sid; the tests do without"
    fi
    if ! mountpoint -q "$sid/dev/pts"; then
        if mount_in_sid dev/pts -t devpts -o newinstance,ptmxmode=666,mode=620 devpts; then
            ln -sf pts/ptmx "$sid/dev/ptmx"
        else
            skip "terminals on Python 3.13-3.15: /dev/pts could not be mounted in $sid"
        fi
    fi
    sid_usable=true
}

# What this run mounted, and unmounts when it ends.
mounted=()

mount_in_sid() {
    local where=$sid/$1
    shift
    mount "$@" "$where" || return 1
    mounted+=("$where")
    trap 'umount "${mounted[@]}" || true' EXIT
}

unmount_sid() {
    local where
    for where in "$sid/dev/pts" "$sid/proc"; do
        if mountpoint -q "$where" 2>/dev/null; then umount "$where" || true; fi
    done
}

# A build of 3.13 without the GIL, from the source package of Debian sid (about 8 minutes).
provide_free_threaded() {
    local prefix=$cache/free-threaded-3.13 source=$cache/free-threaded-source
    [ -x "$prefix/bin/python3.13t" ] && return 0
    if ! $sid_usable; then
        skip "free-threaded 3.13: its source comes from Debian sid, which is not there"
        return 0
    fi
    if ! command -v make >/dev/null && ! install_packages make; then
        skip "free-threaded 3.13: no make"
        return 0
    fi
    echo "building a free-threaded Python 3.13 (about 8 minutes)"
    rm -rf "$source"
    mkdir -p "$source"
    if ! fetch_source || ! tar -C "$source" --strip-components=1 -xf "$sid"/var/tmp/python3.13_*.orig.tar.xz; then
        skip "free-threaded 3.13: its source could not be fetched"
        return 0
    fi
    if ! (cd "$source" && ./configure -q --disable-gil --prefix="$prefix" --with-ensurepip=no &&
        make -s -j2 && make -s install) >"$cache/free-threaded.log" 2>&1; then
        skip "free-threaded 3.13: the build failed ($cache/free-threaded.log)"
        return 0
    fi
    rm -rf "$source"
}

# The upstream part of a source package. The index may be ahead of what the mirror holds, or older
# than its own expiry date: every version listed is tried, the newest first.
fetch_source() {
    sed -n 's/^deb /deb-src /p' "$sid/etc/apt/sources.list" >"$sid/etc/apt/sources.list.d/source.list"
    chroot "$sid" apt-get -qq -o Acquire::Check-Valid-Until=false update || return 1
    chroot "$sid" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends dpkg-dev >/dev/null || return 1
    rm -f "$sid"/var/tmp/python3.13_*
    local version
    for version in $(chroot "$sid" apt-cache showsrc python3.13 | sed -n 's/^Version: //p' | sort -rVu); do
        chroot "$sid" sh -c "cd /var/tmp && apt-get -qq source --tar-only python3.13=$version" && return 0
    done
    return 1
}

# Executables of CPython 3.8-3.15 outside Debian sid, one line each, the preferred one first.
local_pythons() {
    local root=${PYENV_ROOT:-$HOME/.pyenv} minor path
    for minor in 8 9 10 11 12 13 14 15; do
        for path in "$root"/versions/3.$minor.*/bin/python3.$minor; do
            [ -x "$path" ] && echo "$path"
        done
        # pyenv's shims are scripts that may start any version.
        path=$(PATH=${PATH//$root\/shims/} command -v "python3.$minor") && echo "$path"
    done
    path=$cache/free-threaded-3.13/bin/python3.13t
    if $full && [ -x "$path" ]; then echo "$path"; fi
}

# What an executable is: MINOR GIL-or-FT.
describe() {
    "$@" -c 'import sys, sysconfig
if sys.implementation.name == "cpython":
    print(sys.version_info[1], "ft" if sysconfig.get_config_var("Py_GIL_DISABLED") else "gil")'
}

# A virtual environment of $1 (version $2) with uvloop where it can be had; prints its python.
environment_of() {
    local python=$1 home=$cache/venv-$2
    if [ ! -e "$home/.complete" ]; then
        rm -rf "$home"
        if ! "$python" -m venv "$home" >/dev/null 2>&1; then
            echo "$python"
            return 0
        fi
        if "$home/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: uvloop \
            >"$home/pip.log" 2>&1; then
            touch "$home/.complete"
        fi
    fi
    # Clients that block, for the causes of stalls.
    if [ ! -e "$home/.clients" ] &&
        "$home/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: \
            redis 'psycopg[binary]' >"$home/clients.log" 2>&1; then
        touch "$home/.clients"
    fi
    # One version suffices for connection pools,
    if [ "$2" = 3.12 ] && [ ! -e "$home/.pools" ] &&
        "$home/bin/python" -m pip install -q --disable-pip-version-check --only-binary=:all: \
            aiohttp httpx >"$home/pools.log" 2>&1; then
        touch "$home/.pools"
    fi
    # for the schemas of workflow files,
    if [ "$2" = 3.12 ] && [ ! -e "$cache/tools/check-jsonschema" ] &&
        "$home/bin/python" -m pip install -q --disable-pip-version-check check-jsonschema \
            >"$home/workflows.log" 2>&1; then
        mkdir -p "$cache/tools"
        ln -sf "$home/bin/check-jsonschema" "$cache/tools/check-jsonschema"
    fi
    # and for test suites.
    if [ "$2" = 3.12 ] && [ ! -e "$home/.pytest" ] &&
        "$home/bin/python" -m pip install -q --disable-pip-version-check pytest pytest-asyncio \
            >"$home/pytest.log" 2>&1; then
        touch "$home/.pytest"
    fi
    echo "$home/bin/python"
}

# Packages for the Pythons of Debian sid, which have no pip: any other pip can place them.
provide_sid_packages() {
    local pip=$1 minor
    for minor in 13 14 15; do
        # On failure the next run tries again.
        place_in_sid "$pip" "$minor" uvloop uvloop
        place_in_sid "$pip" "$minor" clients redis psycopg psycopg-binary typing_extensions
    done
}

# place_in_sid PIP MINOR NAME PACKAGE...
place_in_sid() {
    local pip=$1 minor=$2 name=$3 target=$sid/usr/local/lib/python3.$2/dist-packages
    shift 3
    [ -e "$target/.$name" ] && return 0
    mkdir -p "$target"
    if "$pip" -m pip install -q --disable-pip-version-check --only-binary=:all: --no-deps --upgrade \
        --target "$target" --python-version "3.$minor" --implementation cp --abi "cp3$minor" --abi none \
        --platform "manylinux_2_28_$(uname -m)" --platform "manylinux_2_17_$(uname -m)" --platform any \
        "$@" >"$cache/$name-3.$minor.log" 2>&1; then
        touch "$target/.$name"
    fi
}

# Adds MINOR BUILD PATH ROOT to the inventory; the rest is the command that starts it.
inventory_row() {
    local minor=$1 build=$2 path=$3 root=$4 uvloop=false free_threaded=false name=3.$1
    shift 4
    if [ "$build" = ft ]; then
        free_threaded=true
        name+=t
    fi
    if "$@" -c 'import uvloop' >/dev/null 2>&1; then uvloop=true; else
        skip "uvloop on Python $name: it cannot be installed"
    fi
    [ "$root" = null ] || root="\"$root\""
    rows+=("{\"version\":[3,$minor],\"path\":\"$path\",\"chroot\":$root,\"uvloop\":$uvloop,\"free_threaded\":$free_threaded}")
    have+=" $name"
}

# Writes interpreters.json: one interpreter per version (in a full run every one that is found).
write_inventory() {
    rows=()
    have=''
    pip=''
    add_local_pythons
    if $sid_usable; then add_sid_pythons; fi
    (
        IFS=,
        printf '{"interpreters":[%s]}\n' "${rows[*]}"
    ) >"$cache/interpreters.json"
    local minor
    for minor in 8 9 10 11 12 13 14 15; do
        case "$have " in *" 3.$minor "*) continue ;; esac
        missing_version "$minor"
    done
}

add_local_pythons() {
    local path minor build python seen=' '
    while read -r path; do
        read -r minor build < <(describe "$path" 2>/dev/null) || continue
        # Of 3.13 and later Debian sid has the releases that users run.
        if [ "$build" = gil ] && [ "$minor" -ge 13 ] && $sid_usable && ! $full; then continue; fi
        case $seen in *" $minor$build "*) continue ;; esac
        seen+="$minor$build "
        python=$path
        if [ "$build" = gil ]; then
            python=$(environment_of "$path" "3.$minor")
            # A pip too old does not know today's platform tags.
            if [ "$minor" -ge 11 ] && "$python" -m pip --version >/dev/null 2>&1; then pip=$python; fi
        fi
        inventory_row "$minor" "$build" "$python" null "$python"
    done < <(local_pythons)
}

add_sid_pythons() {
    local minor
    if [ -n "$pip" ]; then provide_sid_packages "$pip"; fi
    for minor in 13 14 15; do
        [ -x "$sid/usr/bin/python3.$minor" ] || continue
        inventory_row "$minor" gil "/usr/bin/python3.$minor" "$sid" chroot "$sid" "python3.$minor"
    done
}

# Without pyenv nothing here can provide 3.8-3.12; with it, CI demands them.
missing_version() {
    skip "everything on Python 3.$1: none found (pyenv, PATH$([ "$1" -ge 13 ] && echo ", Debian sid"))"
    if [ "${CI:-}" = true ] && { [ "$1" -ge 13 ] || [ -d "${PYENV_ROOT:-$HOME/.pyenv}/versions" ]; }; then
        echo "tests/run: with CI=true Python 3.$1 has to be there" >&2
        exit 1
    fi
}

summary() {
    step "tested with:$have"
    local line
    for line in "${skipped[@]}"; do printf '!! SKIPPED: %s\n' "$line" >&2; done
}
