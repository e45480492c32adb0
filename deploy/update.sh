#!/usr/bin/env bash
# Bring another release of matome onto this machine beside the one that serves, look whether it works, and go over to it.
# Where it does not work, the one before serves on, or again. No request is lost: see deploy/systemd.
set -euo pipefail

usage() {
    cat <<'END'
Usage: update.sh [OPTIONS] [RELEASE]
  RELEASE               a tag, branch or commit; default: the highest version tag, or, where there is none, what the
                        repository's own branch has newest
  --rollback            serve the release before this one again
  --list                name the releases that are here
  --home DIR            where releases lie; default: the folder that this script lies in belongs to
  --name NAME           the site's name: of its settings and units; default: that of the folder HOME where there are
                        settings of that name, else matome
  --settings FILE       its settings; default: /etc/matome/NAME.env
  --state DIR           where data folders lie, one a release; default: where the present one's lies, else /var/lib/NAME,
                        or HOME/data for who is not root
  --borrow CHECKOUT     take .venv, the page's script and the font from a checkout that was set up (for machines without
                        network); its requirements must be the same
  --restart COMMAND     how the service is restarted; default: systemctl restart NAME.service
  --keep N              how many releases stay; default: 3
  --wait SECONDS        how long a release may take until it answers; default: 60
Run it as root, or as the one who owns HOME; as root it works as the owner, and only restarts as root.
END
}

say() { printf '%s\n' "$*"; }
fail() { printf 'update: %s\n' "$*" >&2; exit 1; }

# HOME/releases/<release>/deploy/update.sh, or HOME/repository/deploy/update.sh
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(dirname "$(dirname "$here")")
[ "$(basename "$home")" != releases ] || home=$(dirname "$home")
name='' checking='' settings_file='' state='' borrow='' restart='' keep=3 wait=60 action=update wanted=''

read_options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --rollback | --list) action=${1#--} ;;
            --home | --name | --state | --borrow | --restart | --keep | --wait | --settings)
                [ $# -ge 2 ] || fail "$1 needs a value"
                case $1 in --settings) settings_file=$2 ;; *) printf -v "${1#--}" %s "$2" ;; esac
                shift
                ;;
            --help) usage; exit 0 ;;
            -*) fail "there is no option $1; --help lists all" ;;
            *) [ -z "$wanted" ] || fail "one release at a time: $wanted or $1"; wanted=$1 ;;
        esac
        shift
    done
    [[ $keep =~ ^[1-9][0-9]*$ ]] || fail "--keep $keep: write a number, 1 at least"
    [[ $wait =~ ^[1-9][0-9]*$ ]] || fail "--wait $wait: write a number of seconds, 1 at least"
    [ -d "$home" ] || fail "there is no folder $home (--home)"
    home=$(cd -P "$home" && pwd)
    if [ -z "$name" ]; then
        name=$(basename "$home")
        [ -e "/etc/matome/$name.env" ] || name=matome
    fi
    if [ -n "$borrow" ]; then
        [ -x "$borrow/.venv/bin/python" ] || fail "--borrow $borrow: there is no .venv; run make setup there"
        borrow=$(cd -P "$borrow" && pwd)
        case $borrow in "$home"/releases/*) fail "--borrow $borrow: a release goes some day, and its .venv with it" ;; esac
    fi
    settings_file=${settings_file:-/etc/matome/$name.env}
    # Everything but the restart is done as the one who owns the releases.
    owner=$(stat -c %U "$home") as=()
    if [ "$(id -u)" = 0 ] && [ "$owner" != root ]; then
        as=(setpriv --reuid="$owner" --regid="$(id -g "$owner")" --init-groups env HOME="$home")
    fi
}

as_owner() { "${as[@]}" "$@"; }

# The settings as systemd reads them: a line each, values perhaps in quotes.
read_settings() {
    settings=()
    live=/run/$name/$name.sock
    [ -e "$settings_file" ] || return 0
    local line value
    while IFS= read -r line || [ -n "$line" ]; do
        [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || continue
        value=${BASH_REMATCH[2]}
        [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]] && value=${BASH_REMATCH[1]}
        [[ $line =~ ^[[:space:]]*MATOME_DATA_DIR= ]] &&
            fail "$settings_file names MATOME_DATA_DIR: each release has a data folder of its own, take the line out"
        [[ $line =~ ^[[:space:]]*GUNICORN_BIND=[\"\']?unix:([^\"\']+) ]] && live=${BASH_REMATCH[1]}
        [[ $line =~ ^[[:space:]]*([A-Za-z_][A-Za-z0-9_]*)= ]] && settings+=("${BASH_REMATCH[1]}=$value")
    done <"$settings_file"
}

# Become a command in a release as the service does: its settings, nothing else of this shell's.
become() {
    cd "$home/releases/$release"
    exec "${as[@]}" env -i PATH="$PATH" HOME="$home" LANG=C.UTF-8 "${settings[@]}" "$@"
}

is_there() { [ -e "$home/releases/$1/.complete" ]; }
link_target() { basename "$(readlink "$home/$1" 2>/dev/null || true)"; }

# Links are replaced in one step: there is no moment without.
point() {
    as_owner ln -sfn "releases/$2" "$home/$1.new"
    as_owner mv -fT "$home/$1.new" "$home/$1"
}

find_release() {
    local repository=$home/repository
    as_owner git -C "$repository" rev-parse --git-dir >/dev/null 2>&1 ||
        fail "there is no clone at $repository: git clone ADDRESS $repository"
    if as_owner git -C "$repository" remote get-url origin >/dev/null 2>&1; then
        as_owner git -C "$repository" fetch --quiet --tags --force origin || fail "the repository cannot be fetched"
    fi
    local name_=$wanted
    if [ -z "$name_" ]; then
        name_=$(as_owner git -C "$repository" tag --list 'v[0-9]*' --sort=-version:refname | head -n 1)
        [ -n "$name_" ] || name_=origin/HEAD
        as_owner git -C "$repository" rev-parse --verify --quiet "$name_^{commit}" >/dev/null || name_=HEAD
    fi
    # What the origin calls so comes first: a branch here is as old as the clone.
    commit=$(as_owner git -C "$repository" rev-parse --verify --quiet "refs/tags/$name_^{commit}" ||
        as_owner git -C "$repository" rev-parse --verify --quiet "refs/remotes/origin/$name_^{commit}" ||
        as_owner git -C "$repository" rev-parse --verify --quiet "$name_^{commit}") ||
        fail "the repository knows no release $name_"
    release=${commit:0:12}
    described=$(as_owner git -C "$repository" describe --tags --always "$commit")
}

build() {
    local folder=$home/releases/$release
    is_there "$release" && return
    say "setting up $described in $folder"
    as_owner rm -rf "$folder"
    as_owner mkdir -p "$folder"
    as_owner git -C "$home/repository" archive "$commit" | as_owner tar -x -C "$folder"
    if [ -n "$borrow" ]; then
        cmp -s "$borrow/requirements.txt" "$folder/requirements.txt" ||
            fail "$borrow has other requirements than $described: set up a checkout of the same"
        as_owner ln -s "$borrow/.venv" "$folder/.venv"
        as_owner cp -a "$borrow/static/vendor" "$folder/static/"
        [ ! -d "$borrow/vendor" ] || as_owner cp -a "$borrow/vendor" "$folder/"
    else
        as_owner make --no-print-directory -C "$folder" setup || fail "$described cannot be set up; the lines above say why"
    fi
    # The service may not write beside the code.
    (cd "$folder" && as_owner .venv/bin/python -m compileall -q matome_app wsgi.py) || fail "$described cannot be compiled"
    as_owner touch "$folder/.complete" "$folder"
}

# Static files of all releases lie beside each other, under names with a hash: pages that are open go on. First come those
# of the release that serves, so that they are not the ones that nobody has named for a month.
publish_static() {
    [ ! -e "$home/current" ] || as_owner "$home/current/.venv/bin/python" "$home/current/scripts/precompress.py" \
        "$home/static" >/dev/null || true
    as_owner "$home/releases/$release/.venv/bin/python" "$home/releases/$release/scripts/precompress.py" \
        "$home/static" --forget 30 || fail "the static files of $described cannot be published"
}

# Each release has a data folder of its own, so that neither reads what the other writes in another format. It begins as a
# copy of the present one's, taken while nobody writes, and `flask index` brings it up to date or builds it again.
prepare_data() {
    local folder=$home/releases/$release present part
    present=$(readlink -f "$home/current/instance" 2>/dev/null || true)
    if [ -z "$state" ]; then
        if [ -n "$present" ]; then state=$(dirname "$present")
        elif [ "$(id -u)" = 0 ]; then state=/var/lib/$name
        else state=$home/data; fi
    fi
    [ -d "$state" ] || if [ "$(id -u)" = 0 ]; then
        install -d -o "$owner" -g "$(id -g "$owner")" -m 0750 "$state"
    else
        mkdir -p "$state"
    fi
    if [ ! -d "$state/$release" ]; then
        as_owner rm -rf "$state/$release.copy"
        as_owner mkdir "$state/$release.copy"
        if [ -n "$present" ] && [ -e "$present/current" ]; then
            # shellcheck disable=SC2016 # expanded by the shell that it is for
            as_owner flock --wait 600 "$present/lock" bash -c '
                cp -a --reflink=auto "$1"/g[0-9]* "$1/current" "$1/state.json" "$2/"
                [ ! -d "$1/images" ] || cp -al "$1/images" "$2/" 2>/dev/null || cp -a "$1/images" "$2/"' \
                - "$present" "$state/$release.copy" || {
                say "the data folder could not be copied whole; the index is built anew"
                as_owner rm -rf "$state/$release.copy"
                as_owner mkdir "$state/$release.copy"
            }
        fi
        as_owner mv -T "$state/$release.copy" "$state/$release"
    fi
    as_owner ln -sfn "$state/$release" "$folder/instance"
}

index() {
    [ -e "$settings_file" ] || return 0
    (become .venv/bin/python -m flask --app wsgi index)
}

# Wait until a socket answers, or the process that is named has ended; then ask for a page of each kind. Anything but 200
# is a failure.
ask() {
    as_owner "$home/releases/$release/.venv/bin/python" - "$1" "$wait" "${2:-}" <<'END'
import http.client, socket, sys, time

class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(sys.argv[1])

def status(path):
    connection = Connection("localhost", timeout=10)
    try:
        connection.request("GET", path, headers={"Host": "localhost", "X-Forwarded-For": "127.0.0.1"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException) as error:
        return error
    finally:
        connection.close()

def has_ended():
    try:
        with open(f"/proc/{sys.argv[3]}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True

end = time.monotonic() + float(sys.argv[2])
while (said := status("/readyz")) != 200 and time.monotonic() < end:
    if sys.argv[3] and has_ended():
        sys.exit("update: it ended when it was started; its own lines above say why")
    time.sleep(0.2)
for path in ("/readyz", "/", "/tags/", "/search?q=a", "/api/search?q=a", "/index.xml"):
    if (said := status(path)) != 200:
        sys.exit(f"update: {path} is answered {said}")
END
}

# Start the release on a socket of its own, with the settings and the data it will serve.
check() {
    [ -e "$settings_file" ] || return 0
    local place result=0
    place=$(as_owner mktemp -d)
    (become GUNICORN_WORKERS=1 MATOME_WATCH=0 "GUNICORN_BIND=unix:$place/check.sock" \
        .venv/bin/python -m gunicorn --config deploy/gunicorn.conf.py --log-level warning wsgi:app 9<&-) &
    checking=$!
    ask "$place/check.sock" "$checking" || result=1
    end_check || result=1
    as_owner rm -rf "$place"
    return "$result"
}

end_check() {
    [ -n "$checking" ] || return 0
    local process=$checking
    checking=
    kill "$process" 2>/dev/null || return 1
    wait "$process" || true
}

restart_service() {
    if [ -n "$restart" ]; then bash -c "$restart"
    elif [ "$(id -u)" = 0 ]; then systemctl restart "$name.service"
    else systemctl --user restart "$name.service"; fi
}

# Go over to the release; where it does not answer then, back to the one before.
switch() {
    local before older
    before=$(link_target current) older=$(link_target previous)
    if [ -n "$before" ] && [ "$before" != "$release" ]; then point previous "$before"; fi
    point current "$release"
    if [ ! -e "$settings_file" ] || [ -z "$before" ]; then
        say "$described is in $home/current. Next: .venv/bin/flask deploy-config there, then start the service"
        return 0
    fi
    if restart_service && ask "$live"; then
        say "$described serves"
        [ "$before" = "$release" ] || diff -rq --exclude=__pycache__ "$home/releases/$before/deploy" "$home/releases/$release/deploy" >/dev/null ||
            say "deploy/ has changed: flask deploy-config --check … says which files of this machine should follow"
        return 0
    fi
    [ "$before" != "$release" ] || fail "$described does not answer"
    say "$described does not answer: going back to $before" >&2
    point current "$before"
    if [ -n "$older" ]; then point previous "$older"; else as_owner rm "$home/previous"; fi
    release=$before
    restart_service && ask "$live" || fail "and $before does not answer either: look at the log of the service"
    fail "$described was not taken; $before serves"
}

list() {
    local folder
    for folder in $(as_owner ls -1t "$home/releases"); do
        is_there "$folder" || continue
        case $folder in
            "$(link_target current)") say "$folder serves" ;;
            "$(link_target previous)") say "$folder the one before" ;;
            *) say "$folder" ;;
        esac
    done
}

# Remove what is older than the newest releases, or was not set up whole, with its data; never the one that serves, and
# the one before.
prune() {
    local folder here_=0
    for folder in $(as_owner ls -1t "$home/releases"); do
        case $folder in "$(link_target current)" | "$(link_target previous)") here_=$((here_ + 1)); continue ;; esac
        if is_there "$folder" && [ "$here_" -lt "$keep" ]; then here_=$((here_ + 1)); continue; fi
        say "removing $folder"
        as_owner rm -rf "$home/releases/$folder" "${state:?}/$folder"
    done
}

main() {
    trap end_check EXIT
    read_options "$@"
    read_settings
    if [ "$action" = list ]; then list; return; fi
    as_owner touch "$home/.update.lock"
    exec 9<"$home/.update.lock"
    flock --nonblock 9 || fail "another update of $home is under way"
    if [ "$action" = rollback ]; then
        release=$(link_target previous)
        [ -n "$release" ] && is_there "$release" || fail "there is no release before this one"
        described=$release
    else
        find_release
        if [ "$release" = "$(link_target current)" ]; then say "$described serves already"; return; fi
        build
    fi
    publish_static
    prepare_data
    index || fail "$described cannot index the content; what served before serves on"
    check || fail "$described does not work, see above; what served before serves on"
    switch
    prune
}

# Read whole before anything runs: an update may replace this file.
main "$@"
exit
