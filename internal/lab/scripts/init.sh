#!/bin/sh
# First process of a lab host, in place of an init system: init NAME ADDRESS/BITS BOOT_ID
# It ends with 64 to be started again (a reboot) and with 0 to stay off; everything else in the host ends with it.
trap 'sleep 0.2; exit 64' USR1
trap 'sleep 0.2; exit 0' TERM

hostname "$1"
mount -t proc proc /proc
mount -t tmpfs -o mode=755,size=32m tmpfs /run
mount -t tmpfs -o mode=1777,size=256m tmpfs /tmp
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts /dev/pts
mkdir -p /run/sshd /run/lock
echo "$3" >/run/boot_id
mount --bind /run/boot_id /proc/sys/kernel/random/boot_id
rm /run/boot_id

ip link set lo up
until ip link set eth0 up 2>/dev/null; do sleep 0.02; done
ip address add "$2" dev eth0

while :; do
	/usr/sbin/sshd -D -e &
	wait $!
	sleep 0.2 &
	wait $!
done
