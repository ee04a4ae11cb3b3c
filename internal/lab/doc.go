//go:build linux

// Package lab brings up throwaway Debian hosts for tests that must patch something real.
//
// Each host has its own root file system, dpkg database, network address, sshd, host key and boot id, and takes its
// packages from a signed mirror inside the test process: four genuine security updates and a collection of packages
// and suites that misbehave in the ways real ones do. Nothing leaves the machine and nothing outlives the process:
// everything lives in namespaces that die with it.
//
// Start with [Build] (once, needs a Debian archive) and [Main] in a package's TestMain; a test then calls [Require]
// and [Up]. Root is not needed, but makes it a little faster. What a host cannot show is a kernel of its own, an
// init system, and a clock: the hosts run no systemd and share the machine's uptime.
package lab
