#!/bin/sh
# The part of the supervisor that outlives the connection: "job ID STARTER", run from the copy that start leaves in the
# action's folder. See supervisor.sh, whose functions it uses.
#
# shellcheck disable=SC2015,SC2034,SC2154 # as there, which also uses and sets what seems unused and unset here

# begin decides, in the process that is about to become the command. The claim must still be the one that this job
# was started for, and its fence the highest.
begin() {
	lock
	[ ! -e "$a/begun" ] && { read -r pid birth started began && read -r scope fence; } <"$a/claim" || exit 1
	[ "$pid $birth $started" = "$starter $(boot)" ] || exit 1
	place_of "$scope"
	fence
	if [ "$fence" -lt "$highest" ]; then
		forget "$a"
		exit 1
	fi
	read -r pid birth </proc/self/stat
	echo "$pid $(birth "$pid") $$ $(birth $$) $started $(now)" >"$j/begun" && sure "$j/begun" &&
		mv "$j/begun" "$a/begun" && sure "$a" || exit 1
	unlock
	umask 022
}

# keep copies a stream to files as it comes: the head, and of the rest at least the last 256 KiB. It reads on whatever
# happens, since a package manager must not end because of its output.
keep() {
	file=$1.head limit=1048576
	true >"$file"
	while true; do
		size=$(wc -c <"$file")
		if [ "$size" -ge "$limit" ]; then
			[ ! -e "$1.old" ] || true >"$1.dropped"
			[ "$file" = "$1.head" ] || mv -f "$file" "$1.old"
			file=$1.new limit=262144 size=0
			true >"$file"
		fi
		dd bs=16384 count=16 2>/dev/null >>"$file" || break
		if [ "$(wc -c <"$file")" -eq "$size" ]; then
			true >"$1.whole"
			break
		fi
	done
	cat >/dev/null
}

# job is what outlives the connection. It holds both pipes itself, so that nobody waits for ever to open them.
job() {
	a=$root/actions/$1 j=$root/actions/$1/job.$$ starter=$2
	cd /
	set --
	while IFS= read -r word; do
		set -- "$@" "$word"
	done <"$a/argv"
	mkdir "$j" && mkfifo "$j/out.pipe" "$j/err.pipe" || exit 1
	exec 3<>"$j/out.pipe" 4<>"$j/err.pipe"
	(keep "$j/out") <"$j/out.pipe" 3<&- 4<&- &
	(keep "$j/err") <"$j/err.pipe" 3<&- 4<&- &
	trap : HUP INT TERM
	(
		begin >/dev/null 2>&1
		exec "$@"
	) >"$j/out.pipe" 2>"$j/err.pipe" 3<&- 4<&-
	code=$?
	exec 3<&- 4<&-
	supervisor=''
	{ read -r pid birth supervisor _ <"$a/begun"; } 2>/dev/null
	if [ "$supervisor" != $$ ]; then
		rm -rf "$j"
		exit 1
	fi
	finish
}

# finish waits a little for the rest of the output, which a service that was restarted may hold open for ever.
finish() {
	tries=0
	until [ -e "$j/out.whole" ] && [ -e "$j/err.whole" ] || [ "$tries" -ge 100 ]; do
		tries=$((tries + 1))
		pause
	done
	whole=1
	[ -e "$j/out.whole" ] && [ -e "$j/err.whole" ] && [ ! -e "$j/out.dropped" ] && [ ! -e "$j/err.dropped" ] || whole=0
	rm -f "$a/reserve" "$j/out.pipe" "$j/err.pipe"
	sure "$j"/*
	until settle || [ ! -d "$j" ] || [ "$tries" -ge 1000 ]; do
		tries=$((tries + 1))
		sleep 1
	done
}

settle() {
	echo "$code $(now) $whole" >"$j/ended" && sure "$j/ended" && mv "$j/ended" "$a/status" && sure "$a"
}
