#!/bin/sh
# reboot, poweroff, halt, shutdown and systemctl of a host without an init system; the first process does the rest.
name=${0##*/}
[ "$name" = systemctl ] && name=systemctl-$1
case $name in
reboot | systemctl-reboot) kill -USR1 1 ;;
poweroff | halt | systemctl-poweroff | systemctl-halt) kill -TERM 1 ;;
shutdown)
	case " $* " in
	*" -r "*) kill -USR1 1 ;;
	*) kill -TERM 1 ;;
	esac
	;;
*)
	echo "System has not been booted with systemd as init system (PID 1). Can't operate." >&2
	exit 1
	;;
esac
