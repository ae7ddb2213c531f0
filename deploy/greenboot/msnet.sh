#!/bin/sh
# Keeps the last small reports of msnet where a rollback does not reach them. Installed as a hook of greenboot, in wanted.d and in red.d,
# never in required.d: there, a broken secondary network would roll the device back. The folder it lies in names the reports.
#
# It always exits 0, ends some seconds after MSNET_LIMIT at the latest, and tells the journal in one line what came of it.
# Settings, KEY=VALUE, in /etc/msnet/greenboot.conf or in the environment, which wins: see greenboot.conf beside this file.

umask 077
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/lib/msnet/bin:/opt/msnet/bin
PYTHONDONTWRITEBYTECODE=1 # the folders of the program are read-only
export PATH PYTHONDONTWRITEBYTECODE
conf=${MSNET_CONF:-/etc/msnet/greenboot.conf}

# tell TEXT: one line for the journal, whether or not greenboot passes ours on.
tell() {
    line="msnet $reason: $1${notes:+; $notes}"
    printf '%s\n' "$line" >&2
    if [ "$(stat -L -c %d:%i /dev/fd/3 3>&2 2>/dev/null)" != "${JOURNAL_STREAM:--}" ]; then
        timeout 5 logger -t msnet -p daemon.notice -- "$line" 2>/dev/null
    fi
}

# setting NAME DEFAULT: prints the environment's value, else the file's, else the default. The file is read, not run: no fault in it ends us.
setting() {
    eval "value=\${$1:-}"
    [ -n "$value" ] || value=$(sed -n "s/[[:space:]]*$//; s/^[[:space:]]*$1=//p" "$conf" 2>/dev/null | tail -n 1)
    value=${value#[\"\']} value=${value%[\"\']}
    printf '%s' "${value:-$2}"
}

# number NAME DEFAULT: sets `value` to a whole number from 1 to 99999.
number() {
    value=$(setting "$1" "$2")
    case $value in
    '' | 0* | *[!0-9]* | ??????*) notes="${notes:+$notes; }$1=$value is no number from 1 to 99999, $2 is used" value=$2 ;;
    esac
}

# gather FOLDER: puts msnet's report there, and sets `code` to its exit code.
gather() {
    # The report goes to a file, not to a pipe: nothing that outlives msnet can hold us up. No file of it grows beyond 16 MiB (bash: 32).
    (
        ulimit -f 32768
        exec timeout -k 5 "$limit" "$msnet" diagnose --format json --text "$1/page.txt" --timeout "$(((limit + 1) / 2))"
    ) >"$1/report.json" 2>"$1/error" </dev/null &
    child=$!
    wait "$child" 2>/dev/null # the shell itself would say there what signal ended it
    code=$?
    child=
}

# names FOLDER [REASON]: prints the names of the reports there, the oldest first. Numbers tell their order: a clock may stand at 1970.
names() {
    find "$1" -maxdepth 1 -name "[0-9]*-${2:-*}-*.json.gz" 2>/dev/null | sed 's|.*/||; s|\.json\.gz$||' | sort
}

# drop FOLDER LEFT [REASON]: removes the oldest reports until LEFT are left.
drop() {
    names "$1" "${3:-}" | head -n "-$2" | while read -r old; do
        rm -f "$1/$old.json.gz" "$1/$old.txt"
    done
}

# free FOLDER: prints the KiB that are free on its file system.
free() {
    df -Pk "$1" 2>/dev/null | awk 'NR == 2 { print $4 }'
}

# place SOURCE TARGET: puts a file in its place at once, whole or not at all.
place() {
    if cp "$1" "${2%/*}/.new.$$" && mv "${2%/*}/.new.$$" "$2"; then return 0; fi
    rm -f "${2%/*}/.new.$$"
    return 1
}

# put FOLDER: adds the report to those in FOLDER. Fails where there is no room or nothing can be written.
put() {
    low=$((reserve * 1024)) size=$(du -sk "$work" | cut -f 1)
    left=$(free "$1")
    [ "${left:-0}" -ge $((low + size)) ] || drop "$1" 1
    left=$(free "$1")
    [ "${left:-0}" -gt $((size + 512)) ] || return 1
    last=$(names "$1" | tail -n 1)
    last=${last%%-*}
    name=$(printf '%06d-%s-%s' $((1${last:-000000} - 999999)) "$reason" "$(date -u +%Y%m%dT%H%M%SZ)")
    rm -f "$1"/.new.*
    place "$work/report.json.gz" "$1/$name.json.gz" || return 1
    place "$work/page.txt" "$1/$name.txt" || {
        rm -f "$1/$name.json.gz"
        return 1
    }
    drop "$1" "$keep" "$reason"
    [ "${left:-0}" -ge "$low" ] || drop "$1" 1
    # The device may be switched off next.
    timeout 10 sync "$1/$name.json.gz" "$1/$name.txt" "$1" 2>/dev/null
    printf '%s' "$1/$name.txt"
}

# store FOLDER: as put, one at a time; the folder itself is the lock, so that none is left behind.
# shellcheck disable=SC2094 # a folder is read here, and nothing of it
store() {
    mkdir -p "$1" 2>/dev/null && (
        flock -w 10 9 || :
        put "$1" 2>/dev/null
    ) 9<"$1"
}

# shellcheck disable=SC2329 # called by the trap
clean() {
    [ -z "$child" ] || kill "$child" 2>/dev/null
    [ -z "$work" ] || rm -rf "$work"
}

reason=${0%/*} notes='' work='' child=''
reason=${reason##*/} reason=${reason%.d}
case $reason in '' | *[!a-z]*) reason=manual ;; esac
trap clean EXIT
trap 'exit 0' HUP INT TERM

reports=$(setting MSNET_REPORTS /var/lib/msnet/reports)
run=$(setting MSNET_RUN /run/msnet)
number MSNET_KEEP 10 && keep=$value
number MSNET_LIMIT 60 && limit=$value
number MSNET_RESERVE 50 && reserve=$value
msnet=$(command -v "$(setting MSNET msnet)") || {
    tell "$(setting MSNET msnet) is not installed, nothing was kept"
    exit 0
}
mkdir -p "$run" "$reports" 2>/dev/null
work=$(mktemp -d "$run/work.XXXXXX" 2>/dev/null || mktemp -d "$reports/.work.XXXXXX" 2>/dev/null) || {
    tell "neither $run nor $reports can be written to, nothing was kept"
    exit 0
}
gather "$work"
case $code in
0 | 3 | 10 | 11 | 12) ;; # results: README, exit codes
124 | 137) tell "no answer within $limit s, nothing was kept" && exit 0 ;;
*) tell "exit code $code, nothing was kept: $(head -n 1 "$work/error" | cut -c 1-200)" && exit 0 ;;
esac
if ! { [ -s "$work/report.json" ] && [ -s "$work/page.txt" ] && gzip "$work/report.json" 2>/dev/null; }; then
    tell "exit code $code without a report, nothing was kept: $(head -n 1 "$work/error" | cut -c 1-200)"
    exit 0
fi
verdict=$(sed -n 2p "$work/page.txt")
if kept=$(store "$reports"); then
    tell "$kept: $verdict"
elif kept=$(store "$run/reports"); then
    tell "$kept, lost at the next boot because $reports cannot be written to or is full: $verdict"
else
    tell "neither $reports nor $run/reports can be written to, nothing was kept: $verdict"
fi
exit 0
