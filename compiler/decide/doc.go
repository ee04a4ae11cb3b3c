// Package decide asks the rules: it evaluates the built-in Rego and the user's own over classes of updates and returns
// time-free grants and blocks, which package decision turns into answers. It is the only importer of OPA.
//
// A class is what the rules can see of an update. Each distinct class is evaluated once, in batches, whatever number of
// hosts and rings it touches. What cannot be evaluated is a deny: an error, an undefined result, a value of the wrong
// type or an evaluation that takes too long gives decision.Failed for that class, and for no other.
package decide
