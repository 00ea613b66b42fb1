#!/bin/sh
# Installs what is missing for `make up` and `make test`: Debian packages (as root), a virtual environment, ourselves.
# Usage: tools/setup.sh up|test|check
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-up}
packages="containerd runc containernetworking-plugins nftables iproute2 busybox-static ca-certificates"
[ "$purpose" = up ] || packages="$packages docker-registry git"
python=${PYTHON:-python3}

fail() {
    printf 'error: %s\nhint:  %s\n' "$1" "$2" >&2
    exit 1
}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python is missing or older than 3.11" "apt-get install python3, or set PYTHON to a newer one"
"$python" -c 'import venv, ensurepip' 2>/dev/null || packages="$packages python3-venv"

# Without these there is no node; tests that need one are skipped and say so.
lack() {
    [ "$purpose" = up ] && fail "$1" "$2"
    printf 'note: %s; tests with real containers will be skipped\n' "$1" >&2
    missing=""
}

missing=""
if command -v dpkg-query >/dev/null; then
    for package in $packages; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing="$missing $package"
    done
    [ -z "$missing" ] || [ "$(id -u)" = 0 ] ||
        lack "these packages are missing:$missing" "run as root: apt-get install$missing"
else
    for tool in containerd runc nft ip; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    [ -z "$missing" ] || lack "these programs are missing:$missing" \
        "this is not Debian: install containerd, runc, the CNI plug-ins, nftables and iproute2 with your own packages"
fi
if [ -n "$missing" ]; then
    echo "installing$missing"
    export DEBIAN_FRONTEND=noninteractive
    # Debian would start a containerd of its own; the node has its own, with its own configuration.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

[ -x .venv/bin/python ] || { echo "making .venv"; "$python" -m venv .venv; }
stamp=.venv/.installed-$purpose
if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ] || [ tools/setup.sh -nt "$stamp" ]; then
    echo "installing Python packages"
    .venv/bin/python -m pip install -q --disable-pip-version-check --upgrade 'pip>=25.1'
    groups=""
    [ "$purpose" = up ] || groups="--group test --group check --group schema --group clients --group suites"
    # shellcheck disable=SC2086
    .venv/bin/python -m pip install -q --disable-pip-version-check -e . $groups
    touch "$stamp"
fi
# kubectl for whoever has none, and our own command, where a shell finds them; what is there already is left alone.
if [ "$purpose" = test ] || ! command -v kubectl >/dev/null; then
    [ -x .venv/clients/kubectl ] || .venv/bin/python tools/clients.py .venv/clients || [ "$purpose" = test ]
fi
[ "$purpose" = up ] || [ -d .venv/clients/suites/kr8s ] || .venv/bin/python tools/suites.py .venv/clients/suites ||
    echo "note: the suites of kopf and kr8s could not be fetched; tests that run them will be skipped" >&2
if [ "$purpose" = up ] && [ -w /usr/local/bin ]; then
    command -v kubectl >/dev/null || install -m 755 .venv/clients/kubectl /usr/local/bin/kubectl
    command -v wherry >/dev/null || ln -s "$PWD/.venv/bin/wherry" /usr/local/bin/wherry
fi
