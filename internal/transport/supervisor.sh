#!/bin/sh
# The supervisor of changing commands on a host. It claims an action's id, so that nobody starts it twice, refuses a
# runner whose fencing number is no longer the highest, runs the command apart from the connection that asked for it,
# and keeps its output and exit code for whoever asks later.
#
#   start ID TENANT/SITE FENCE FROM BY -- ARGV…   claim and run, if the host has been up for FROM to BY seconds; BY 0: ever
#   status ID                             how it stands, with the end of its output
#   wait ID SECONDS                       the same, once it has ended or the time is over; with all kept output
#   fence TENANT/SITE FENCE               refuse starts below that number from now on
#   clean DAYS                            forget actions that ended more than so many days ago
#
# Each verb answers with one line, "ringfence-supervisor 1 WORD key=value…"; output of the command follows it on the
# same stream that the command wrote to. Exit codes: 0 answered, 2 cannot (nothing was started), 3 claimed already,
# 4 fenced, 5 too late, 64 wrong arguments.
#
# What is sent is supervisor_job.sh, supervisor_start.sh and this, without comments and indentation: nothing may depend
# on either.
#
# Below $root: lock (guards every decision, and is let go by the kernel when its holder dies), fences/TENANT.SITE (the
# highest number seen), actions/ID/ with
#   claim    PID BIRTH BOOT TIME of the starter, then scope and fence    argv    the words of the command, one a line
#   begun    PID BIRTH SUPERVISOR BIRTH BOOT TIME; the command runs only if this could be written under the lock
#   status   CODE TIME WHOLE: the end                                    job.PID/ the output
#
# shellcheck disable=SC2015 # "a && b || refuse" shall refuse whichever fails
set -u
umask 077
me=ringfence-supervisor

say() { printf '%s 1 %s\n' "$me" "$*"; }

refuse() {
	code=$1
	shift
	say "$*"
	exit "$code"
}

usage() { refuse 64 "usage $1"; }

name() {
	case $1 in
	'' | -* | *[!abcdefghijklmnopqrstuvwxyz0123456789-]*) usage "$2" ;;
	esac
	[ "${#1}" -le 80 ] || usage "$2"
}

number() {
	case $1 in
	'' | *[!0123456789]* | 0?*) usage "$2" ;;
	esac
	[ "${#1}" -le 15 ] || usage "$2"
}

pause() { sleep 0.1 2>/dev/null || sleep 1; }

now() { date +%s; }

boot() { cat /proc/sys/kernel/random/boot_id; }

# sure returns when files have reached the disk.
sure() { sync "$@" 2>/dev/null || sync; }

# birth prints when a process was started, which tells it from a later one with the same number. It fails for one
# that has ended.
birth() {
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# shellcheck disable=SC2086 # numbers, behind the name in brackets
	set -- ${stat##*) }
	case $1 in
	Z | X) return 1 ;;
	esac
	echo "${20}"
}

alive() {
	case $1 in
	'' | *[!0123456789]*) return 1 ;;
	esac
	[ "$(birth "$1")" = "$2" ]
}

lock() {
	true >>"$root/lock" && exec 9>>"$root/lock" || refuse 2 "failed lock"
	tries=0
	until flock -n 9; do
		tries=$((tries + 1))
		[ "$tries" -le 100 ] || refuse 2 "failed busy"
		pause
	done
}

unlock() { exec 9>&-; }

# forget removes an action at once, also if it is interrupted.
forget() {
	mv "$1" "$root/actions/.gone.$$.${1##*/}" && rm -rf "$root/actions/.gone.$$.${1##*/}"
}

# look finds out how an action stands. It is called under the lock. A claim whose starter died before the command
# began is taken back: a command that comes late finds it gone and does not begin.
look() {
	state=none code=0 began=0 ended=0 whole=0 pid='' birth='' supervisor='' since='' started=''
	a=$root/actions/$1
	[ -d "$a" ] || return 0
	if [ -e "$a/begun" ]; then
		read -r pid birth supervisor since started began <"$a/begun"
		state=lost
		if [ "$started" = "$(boot)" ] && { alive "$pid" "$birth" || alive "$supervisor" "$since"; }; then
			state=running
		fi
		# The supervisor writes the status without the lock, so this look must be the last.
		if [ -e "$a/status" ]; then
			state=ended
			read -r code ended whole <"$a/status"
		fi
		return 0
	fi
	{ read -r pid birth started began <"$a/claim"; } 2>/dev/null
	if [ "$started" = "$(boot)" ] && alive "$pid" "$birth"; then
		state=claimed
	else
		began=0
		forget "$a"
	fi
}

# output prints what was kept of a stream.
output() { cat "$a/job.$supervisor/$1.head" "$a/job.$supervisor/$1.old" "$a/job.$supervisor/$1.new" 2>/dev/null; }

report() {
	say "$state code=$code began=$began ended=$ended whole=$whole"
	case $1$state in
	endlost | endrunning | endended)
		output out | tail -c 65536
		output err | tail -c 65536 >&2
		;;
	allended)
		output out
		output err >&2
		;;
	esac
}

# ask is look for those who only want to know.
ask() {
	state=none code=0 began=0 ended=0 whole=0
	[ -d "$root/actions" ] || return 0
	lock
	look "$1"
	unlock
}

status() {
	name "${1-}" id
	ask "$1"
	report end
}

wait_for() {
	name "${1-}" id
	number "${2-}" seconds
	until=$(($(now) + $2))
	ask "$1"
	while [ "$state" = claimed ] || [ "$state" = running ]; do
		[ "$(now)" -lt "$until" ] || break
		tries=0
		until [ -e "$a/status" ] || [ "$tries" -ge 10 ]; do
			tries=$((tries + 1))
			pause
		done
		ask "$1"
	done
	report all
}

# clean is called under the lock. What is lost is kept: it still has to be explained.
clean() {
	rm -rf "$root"/actions/.gone.*
	find "$root/actions" -name status -mtime "+$1" | while IFS= read -r file; do
		forget "${file%/status}"
	done
}

forget_old() {
	number "${1-}" days
	if [ -d "$root/actions" ]; then
		lock
		clean "$1"
	fi
	say cleaned
}

if [ "${1-}" = --dir ]; then
	root=$2
	shift 2
elif [ "$(id -u)" = 0 ]; then
	root=/var/lib/ringfence
elif [ -n "${HOME-}" ]; then
	root=$HOME/.local/state/ringfence
else
	refuse 2 "failed lacks=HOME"
fi
verb=${1-}
[ "$#" -eq 0 ] || shift
case $verb in
start) start "$@" ;;
status) status "$@" ;;
wait) wait_for "$@" ;;
fence) keep_out "$@" ;;
clean) forget_old "$@" ;;
job) job "$@" ;;
*) usage verb ;;
esac
