# Rules beyond what the policy language says. They may only tighten: reject, hold or require signatures.
package ringfence.custom

# CVE-2024-3094: xz 5.6.0 and 5.6.1 carried a backdoor. Debian's repaired 5.6.1+really5.4.5 is not meant.
xz := {"xz-utils", "liblzma5", "liblzma-dev", "xz", "xz-libs"}

reject contains {"msg": sprintf("%s %s carries the backdoor of CVE-2024-3094", [input.update.name, input.update.version])} if {
	input.update.name in xz
	regex.match(`^5\.6\.[01]([^0-9+.]|$)`, input.update.version)
}
