// Package killloop kills the real program at random instants, again and again, with real Git and real plugin processes,
// and checks that nothing was lost, done twice or damaged. What it starts, kills and checks is in its tests.
package killloop
