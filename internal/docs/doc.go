// Package docs keeps the generated pages of docs/ true: its test writes them anew with -update and otherwise fails when
// one is not what the program says of itself.
package docs
