// Package window is the only code that turns wall time into instants: zones, windows, freezes.
//
// One rule decides everything: the instant of a wall time is the first instant at which a clock on the wall shows
// that time or a later one. So a wall time that daylight saving skips moves forward to the first valid instant, and
// one that occurs twice is the first of the two. A window's length is elapsed time: a four-hour window is four hours
// long on every day of the year.
//
// All functions are pure. Zones come from the database that is embedded in the binary, never from the system, so that
// two machines agree about a plan's instants; the plan records TzdataVersion.
package window
