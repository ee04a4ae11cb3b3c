#!/bin/sh
# Copies the zone database of the Go toolchain in use, and its version, into this package (go generate runs it).
# The copy is committed so that every build of one commit has the same zones, whatever toolchain built it.
set -eu
src="$(go env GOROOT)/lib/time"
cp "$src/zoneinfo.zip" zoneinfo.zip
chmod 644 zoneinfo.zip
sed -n 's/^DATA=//p' "$src/update.bash" >tzdata_version.txt
