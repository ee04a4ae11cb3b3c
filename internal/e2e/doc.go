// Package e2e tests the whole program on real Debian hosts of the lab: policy in Git, apt over ssh, the record in Git.
package e2e
