# Runs in the fresh base: finish.sh MAIN SECURITY PACKAGE...
# Adds the user that patches, and fetches the installed and the newest version of each PACKAGE to /var/tmp/debs.
set -eu
main=$1 security=$2
shift 2

useradd -m -u 1000 -s /bin/bash patch
usermod -p '*' patch # no password, yet not locked: sshd without PAM refuses locked accounts
echo 'patch ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/patch
chmod 440 /etc/sudoers.d/patch
rm -f /etc/ssh/ssh_host_*

sources=/etc/apt/sources.list.d/build.list
echo "deb $security bookworm-security main" >$sources # the main suite is in sources.list already
apt-get -qq --error-on=any update
mkdir -p /var/tmp/debs/old /var/tmp/debs/new
for p; do
	old=$(dpkg-query -W -f '${Version}' "$p")
	new=$(apt-cache policy "$p" | sed -n 's/^  Candidate: //p')
	if [ "$old" = "$new" ]; then
		echo "$p $old is the newest version in both $main and $security: nothing would be pending" >&2
		exit 1
	fi
	(cd /var/tmp/debs/old && apt-get -qq -o APT::Sandbox::User=root download "$p=$old")
	(cd /var/tmp/debs/new && apt-get -qq -o APT::Sandbox::User=root download "$p=$new")
done
rm -f $sources /etc/apt/sources.list
