#!/bin/sh
# The part of the supervisor that claims an action. See supervisor.sh, whose functions it uses.
#
# shellcheck disable=SC2015,SC2034,SC2154 # as there, which also uses and sets what seems unused and unset here

# fence reads the highest number that was seen of a scope.
fence() {
	highest=0
	[ -e "$root/fences/$place" ] || return 0
	read -r highest <"$root/fences/$place"
	case $highest in
	'' | *[!0123456789]*) refuse 2 "failed fence" ;;
	esac
}

raise() {
	[ "$fence" -gt "$highest" ] || return 0
	echo "$fence" >"$root/fences/.new" && sure "$root/fences/.new" &&
		mv "$root/fences/.new" "$root/fences/$place" && sure "$root/fences"
}

# keep_out raises the highest number, so that a start under an older one which is still on its way is refused.
keep_out() {
	[ "$#" -eq 2 ] || usage arguments
	place_of "$1"
	number "$2" fence
	fence=$2
	able
	lock
	fence
	raise || refuse 2 "failed disk"
	unlock
	say kept
}

# record fills a claim. $script is this text, from the line that unpacked it. The reserve is given back before the
# status is written, for an upgrade may fill the disk.
record() {
	starter="$$ $(birth $$)"
	{ echo "$starter $(boot) $(now)" && echo "$scope $fence"; } >"$a/claim" &&
		printf '%s\n' "$@" >"$a/argv" &&
		printf '%s\n' "$script" >"$a/supervisor.sh" &&
		dd if=/dev/zero of="$a/reserve" bs=4096 count=4 2>/dev/null &&
		sure "$a"/* "$a" "$root/actions" "$root" "${root%/*}"
}

# place_of checks a scope and makes a file's name of it.
place_of() {
	case $1 in
	*/*) ;;
	*) usage scope ;;
	esac
	name "${1%%/*}" scope
	name "${1#*/}" scope
	place=${1%%/*}.${1#*/}
}

# in_time compares with the time since the host was booted, which no change of its clock and no restart passes off as
# early enough.
in_time() {
	[ "$by" -gt 0 ] || return 0
	read -r up rest </proc/uptime
	[ "${up%%.*}" -ge "$from" ] && [ "${up%%.*}" -le "$by" ]
}

start() {
	[ "$#" -ge 7 ] && [ "$6" = -- ] || usage arguments
	name "$1" id
	place_of "$2"
	number "$3" fence
	number "$4" from
	number "$5" by
	id=$1 scope=$2 fence=$3 from=$4 by=$5
	shift 6
	words "$@"
	able
	lock
	clean 30
	look "$id"
	[ "$state" = none ] || refuse 3 "claimed state=$state"
	fence
	[ "$fence" -ge "$highest" ] || refuse 4 "fenced highest=$highest"
	in_time || refuse 5 "late"
	raise || refuse 2 "failed disk"
	mkdir "$a" || refuse 2 "failed disk"
	record "$@" || {
		forget "$a"
		refuse 2 "failed disk"
	}
	unlock
	launch
	begun
}

words() {
	case $1 in
	'' | -*) usage argv ;;
	esac
	for word in "$@"; do
		case $word in
		*"$nl"*) usage argv ;;
		esac
	done
}
nl='
'

# able refuses a host that lacks what a detached command needs.
able() {
	[ -n "${script-}" ] || usage script
	for tool in setsid flock mkfifo dd find sync tail wc; do
		command -v "$tool" >/dev/null || refuse 2 "failed lacks=$tool"
	done
	[ -r /proc/self/stat ] && [ -r /proc/sys/kernel/random/boot_id ] || refuse 2 "failed lacks=/proc"
	mkdir -p "$root/actions" "$root/fences" && chmod 700 "$root" || refuse 2 "failed disk"
}

# launch starts the job, in doubt twice: only one of them can write begun. A unit of its own keeps the command from
# ending with the session that asked for it; KillMode spares what a maintainer script left running.
launch() {
	set -- /bin/sh "$a/supervisor.sh" --dir "$root" job "$id" "$starter"
	if [ -d /run/systemd/system ] && [ "$(id -u)" = 0 ] &&
		systemd-run --quiet --collect --no-block --unit="ringfence-$id" --property=KillMode=process \
			--setenv="PATH=$PATH" --setenv="HOME=${HOME-/root}" "$@" </dev/null >/dev/null 2>&1; then
		return
	fi
	setsid "$@" </dev/null >/dev/null 2>&1 &
}

# mine tells whether there is a claim that this process made. It is called under the lock.
mine() {
	pid='' birth=''
	{ read -r pid birth started began <"$a/claim"; } 2>/dev/null
	[ "$pid $birth" = "$starter" ]
}

# begun answers once it is certain that the command began, or that it never will.
begun() {
	tries=0
	until [ -e "$a/begun" ] || [ ! -d "$a" ] || [ "$tries" -ge 150 ]; do
		tries=$((tries + 1))
		pause
	done
	lock
	if mine; then
		[ ! -e "$a/begun" ] || refuse 0 "started"
		forget "$a"
	fi
	fence
	[ "$fence" -ge "$highest" ] || refuse 4 "fenced highest=$highest"
	refuse 2 "failed launch"
}
